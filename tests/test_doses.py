"""Systemic opioid doses that a document states."""

import numpy as np
import pytest

from extractors.document import Page
from extractors.doses import find_doses
from extractors.finding import Finding
from extractors.structure import segments


def doses(text: str, day: str | None = "2026-03-20") -> list[Finding]:
    page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792)
    return find_doses("note", [(page, segments(page))], day)


def test_a_medication_table_gives_a_dose_per_row_with_its_arithmetic() -> None:
    found = doses(
        "MEDICATIONS\nDrug\tStrength\tDirections\tActual use\nOxycodone ER\t40 mg\t1 tab every 12 h\t2 per day\n"
        "Oxycodone IR\t10 mg\t1 tab every 6 h\t4 per day\n"
        "Duloxetine\t60 mg\tdaily\tdaily\nNaloxone nasal\t4 mg\trescue\thas at home"
    )
    assert [f.value for f in found] == [120, 60]
    assert found[0].derivation == "oxycodone 40 mg x 2/day x 1.5 = 120 MME/day"
    assert found[0].excerpt.quote.startswith("Oxycodone ER")


def test_a_column_per_date_gives_a_dose_per_date() -> None:
    found = doses("MEDICATIONS\nMedication\t02/10/2026\tToday\nFentanyl transdermal\t50 mcg/h\t25 mcg/h since 03/01")
    assert [(f.value, f.date) for f in found] == [(120, "2026-02-10"), (60, "2026-03-20")]


def test_a_column_per_drug_gives_a_dose_per_drug() -> None:
    found = doses("OPIOID LOG\nVisit\tMS Contin\tOxycodone IR\nJune visit\t60 mg BID\t10 mg QID")
    assert [f.value for f in found] == [120, 60]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("MED now 40.", [40]),
        ("She is at 180 MME.", [180]),
        ("MED 75 -> 30 since January.", [75, 30]),
        ("He has gone from 120 to 75 milligrams of morphine equivalents a day.", [120, 75]),
        ("MME 45 (was 120).", [120, 45]),
        ("10/15/2025   MME 60", [60]),
        ("Her MEDD had been brought down from 150 to 90 by winter.", [150, 90]),
        ("MME has gone from 200 to 110 in all.", [200, 110]),
        ("Oral morphine was reduced from ninety to forty milligrams a day.", [90, 40]),
    ],
)
def test_totals_in_the_notes_own_words_are_read(text: str, values: list[float]) -> None:
    assert [f.value for f in doses(text)] == values


@pytest.mark.parametrize(
    "text",
    [
        "Fentanyl 25 mcg intrathecal was given at L3-4.",
        "Hydromorphone 0.1 mg preservative-free in 1 mL saline, single shot.",
        "Goal MED 45 or less before the trial.",
        "We will reduce oxycodone to 10 mg BID next month.",
        "Her brother takes oxycodone 30 mg QID.",
        "Hydromorphone PCA 0.2 mg q10min overnight.",
        "Naloxone 4 mg nasal at home.",
        "Epidural morphine 2 mg twice a day by catheter.",
    ],
)
def test_spinal_planned_acute_and_other_peoples_doses_are_no_systemic_dose(text: str) -> None:
    assert [f.value for f in doses(text) if f.value is not None] == []


def test_an_unknown_frequency_is_a_finding_without_a_number() -> None:
    (found,) = doses("MEDICATIONS\nDrug\tStrength\tDirections\nOxycodone\t10 mg\tas directed")
    assert found.value is None and found.attributes["reason"] == "oxycodone: frequency not stated"


def test_a_dose_replaced_in_the_same_breath_is_past() -> None:
    first, second = doses("Fentanyl patch 75 mcg/h changed to 50 mcg/h.")
    assert (first.attributes["past"], second.attributes["past"]) == (True, False)


def test_a_total_has_the_date_that_follows_it_and_not_the_one_of_the_total_before() -> None:
    found = doses("Summary (03/20/2026): the regimen came to 240 MME in August 2025 and to 100 MME yesterday.")
    assert [(f.value, f.date) for f in found] == [(240, "2025-08-01"), (100, "2026-03-19")]


def test_a_row_of_a_taper_that_is_still_to_come_is_no_dose() -> None:
    rows = "Date\tOpioid\tMME\n12/16/25\tPercocet 10/325 QID\t60\n04/07/26 (planned)\tPercocet 5/325 TID\t22.5"
    assert {f.value for f in doses(rows)} == {60.0}


@pytest.mark.parametrize("text", ["Meds: oxycodone 10 TID? he isn't sure.", "Legs 2/10 on morphine 0.5 mg a day."])
def test_a_dose_in_question_or_for_the_spine_is_no_number(text: str) -> None:
    assert not [f for f in doses(text) if f.value is not None]
