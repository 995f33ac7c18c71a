"""The wean over a packet, from doses of several documents."""

import numpy as np

from extractors.derive import derive, whole_only
from extractors.document import Page
from extractors.doses import find_doses
from extractors.finding import Finding
from extractors.structure import segments
from extractors.weans import find_weans


def findings(*documents: tuple[str, str]) -> list[Finding]:
    found: list[Finding] = []
    for number, (day, text) in enumerate(documents):
        page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792)
        pages = [(page, segments(page))]
        found += find_doses(f"doc{number}", pages, day) + find_weans(f"doc{number}", pages, day)
    return found


LIST = "MEDICATIONS\nDrug\tStrength\tDirections\n"


def test_a_rotation_is_summed_per_list_and_cites_every_row() -> None:
    found = findings(
        ("2025-06-10", LIST + "Oxycodone ER\t40 mg\tq12h\nOxycodone IR\t10 mg\tq6h"),
        ("2025-11-18", LIST + "Morphine ER\t15 mg\tq12h\nHydrocodone-acetaminophen\t10-325 mg\tTID"),
    )
    (made,) = derive(found, "2025-12-09", "2026-02-19", "implant")
    assert made.value == 66.7 and made.derivation == "180 -> 60 MME/day = 66.7 % reduction"
    assert len(made.operands) == 4 and made.date == "2025-11-18"


def test_half_reached_only_after_the_trial_is_not_reached() -> None:
    found = findings(
        (
            "2026-01-28",
            "Opioid timeline: came to us on oxycodone 15 mg four times daily. "
            "On 12/05/2025 reduced to 10 mg four times daily. Since 01/19 he takes 10 mg twice daily.",
        )
    )
    (made,) = derive(found, "2026-01-13", "2026-02-17", "implant")
    assert made.derivation == "90 -> 60 MME/day = 33.3 % reduction" and made.attributes["only_after_trial"]


def test_a_trial_request_counts_up_to_the_request() -> None:
    found = findings(("2025-10-01", "MS Contin 60 mg BID."), ("2026-05-18", "MS Contin 30 mg BID."))
    assert derive(found, None, "2026-06-08", "trial")[0].value == 50.0


def test_an_increase_is_a_negative_reduction() -> None:
    found = findings(("2025-10-01", "OxyContin 40 mg BID."), ("2026-01-18", "OxyContin 60 mg BID."))
    made = derive(found, None, "2026-02-01", "trial")[0]
    assert made.value == -50.0 and "increase" in (made.derivation or "")


def test_an_unknown_dose_gives_nothing_rather_than_a_lower_total() -> None:
    found = findings(
        ("2025-06-10", LIST + "Oxycodone ER\t40 mg\tq12h\nMethadone\t10 mg\tTID"),
        ("2025-11-18", LIST + "Oxycodone ER\t20 mg\tq12h\nMethadone\t10 mg\tas directed"),
    )
    assert derive(found, "2025-12-09", None, "implant") == []


def test_one_dose_alone_is_no_wean() -> None:
    assert derive(findings(("2025-11-18", "Oxycodone 10 mg TID.")), "2025-12-09", None, "implant") == []


def test_all_opioids_stopped_before_the_trial_is_a_full_wean() -> None:
    made, plan = derive(
        findings(("2026-01-20", "He took his last oxycodone on December 19.")), "2026-01-20", None, "implant"
    )
    assert made.value == 100.0 and made.operands
    assert (plan.kind, plan.value) == ("wean_plan", "planned")


def test_a_drug_that_a_later_narrative_leaves_out_is_kept() -> None:
    found = findings(
        ("2025-03-04", "Fentanyl patch 75 mcg/h, with hydrocodone 10 mg four times a day."),
        ("2025-08-12", "Fentanyl patch 50 mcg/h, tolerated."),
    )
    assert derive(found, None, "2025-09-01", "trial")[0].derivation == "220 -> 160 MME/day = 27.3 % reduction"


def test_half_off_one_of_two_opioids_decides_nothing() -> None:
    found = whole_only(findings(("2026-01-20", "MS Contin was cut by half. Takes oxycodone 10 mg four times a day.")))
    assert [f.value for f in found if f.kind == "opioid_wean"] == ["vague"]


def test_half_off_the_only_opioid_stands_and_so_does_half_off_each_of_two() -> None:
    alone = whole_only(findings(("2026-01-20", "Oxycodone was cut by half. Takes oxycodone 10 mg four times a day.")))
    each = whole_only(findings(("2026-01-20", "MS Contin was cut by half. Oxycodone was cut by 60 percent.")))
    assert [f.value for f in (*alone, *each) if f.kind == "opioid_wean"] == [50.0, 50.0, 60.0]


def test_an_unchanged_dose_is_in_the_total_of_before() -> None:
    text = "OxyContin cut from 40 mg to 20 mg twice a day; oxycodone 15 mg four times a day is unchanged."
    (made,) = derive(findings(("2026-01-15", text)), "2026-02-10", "2026-03-20", "implant")
    assert made.derivation == "210 -> 150 MME/day = 28.6 % reduction"


def test_a_dose_until_a_month_and_the_one_of_now_are_two() -> None:
    text = "Morphine ER was 60 mg BID until 11/2025, now 30 mg BID."
    (made,) = derive(findings(("2026-01-15", text)), "2026-02-10", "2026-03-20", "implant")
    assert made.derivation == "120 -> 60 MME/day = 50 % reduction"


def test_tablets_that_go_from_six_a_day_to_two_are_two_doses() -> None:
    text = "She has come down on her hydrocodone/APAP 10/325 from six a day to two."
    (made,) = derive(findings(("2026-01-15", text)), "2026-02-10", "2026-03-20", "implant")
    assert made.derivation == "60 -> 20 MME/day = 66.7 % reduction"


def test_columns_of_before_and_now_or_of_two_months_give_the_wean() -> None:
    rows = "\nMorphine ER\t60 mg BID\t30 mg BID\nOxycodone IR\t10 mg q4h\t10 mg q4h"
    for header in ("Medication\tBefore taper\tCurrent", "Drug\tDose 09/2025\tDose 01/2026"):
        (made,) = derive(findings(("2026-01-15", header + rows)), "2026-02-10", "2026-03-20", "implant")
        assert made.derivation == "210 -> 150 MME/day = 28.6 % reduction"


def test_what_was_dispensed_counts_and_not_what_was_planned() -> None:
    table = (
        "Date\tPlanned oxycodone ER\tDispensed oxycodone ER\n10/06/2025\t40 mg q12h\t40 mg q12h\n01/05/2026\t20 mg q12h\t30 mg q12h"
    )
    (made,) = derive(findings(("2026-01-15", table)), "2026-02-10", "2026-03-20", "implant")
    assert made.derivation == "120 -> 90 MME/day = 25 % reduction"


def test_a_dose_that_was_the_same_before_is_in_the_dated_total_of_before() -> None:
    text = "Hydromorphone 4 mg q6h (was 8 mg q6h in June 2025). Methadone 5 mg TID, the same as last summer."
    (made,) = derive(findings(("2026-02-03", text)), "2026-03-02", "2026-04-01", "implant")
    assert made.derivation == "230.5 -> 150.5 MME/day = 34.7 % reduction"


def test_a_second_total_may_leave_its_unit_out() -> None:
    text = "Before the catheter he was on 240 mg of morphine equivalents, and by the day of it on 110."
    (made,) = derive(findings(("2026-05-04", text)), "2026-04-02", "2026-05-10", "implant")
    assert made.value == 54.2


def test_a_dose_compared_with_an_earlier_time_is_the_dose_of_now_and_one_since_the_trial_comes_after_it() -> None:
    text = (
        "Oral morphine is at 60 mg twice a day, the same as in the summer. "
        "The trial was done on 02/10/2026, and since the trial she has come down to 15 mg twice a day."
    )
    (made,) = derive(findings(("2026-02-05", text)), "2026-02-10", "2026-03-20", "implant")
    assert made.derivation == "120 -> 120 MME/day = 0 % reduction" and made.attributes["only_after_trial"]


def test_a_row_that_says_what_the_dose_was_gives_both_totals() -> None:
    rows = "Morphine ER\t30 mg\tTID\twas 60 mg BID until 11/2025\nOxycodone IR\t10 mg\tQID\tunchanged since 2024"
    (made,) = derive(findings(("2026-02-27", LIST + rows)), None, "2026-03-20", "trial")
    assert made.derivation == "180 -> 150 MME/day = 16.7 % reduction"
