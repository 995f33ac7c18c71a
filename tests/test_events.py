"""Devices put in or taken out and anticoagulants begun, told by name."""

import numpy as np
import pytest

from extractors.document import Document, Page
from extractors.events import find_events
from extractors.find import find
from extractors.request_facts import RequestHint
from extractors.structure import segments


def events(text: str) -> list[tuple[str, object]]:
    page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792)
    parts = segments(page)
    return [(f.kind, f.value) for f in find_events("note", page, parts, ["2026-03-20"] * len(parts))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Leadless pacemaker inserted via the right femoral vein.", ("programmable_device", "present")),
        ("A single-chamber ICD was implanted on 02/14/2026.", ("programmable_device", "present")),
        ("Explantation of spinal cord stimulator generator and leads, complete.", ("programmable_device", "absent")),
        ("CHF, s/p ICD 2021.", ("programmable_device", "present")),
        ("Rivaroxaban begun 03/01, to continue six months.", ("anticoagulant", "taken")),
        ("Post PE. Eliquis 5 mg BID since 02/28.", ("anticoagulant", "taken")),
        ("We put her on clopidogrel.", ("anticoagulant", "taken")),
        ("Doxycycline for the finger, day 3 of 10.", ("infection", "present")),
        ("Started Augmentin 875 mg BID for 14 days.", ("infection", "present")),
        ("Cellulitis of the calf, cephalexin 500 QID, 7-day course.", ("infection", "present")),
    ],
)
def test_what_was_done_is_told_by_name(text: str, said: tuple[str, str]) -> None:
    assert events(text) == [said]


@pytest.mark.parametrize(
    "text",
    [
        "Her mother had a pacemaker implanted in May.",
        "No pacemaker was implanted.",
        "A spinal cord stimulator trial was placed and removed after a week.",
        "A pacemaker will be placed next month.",
        "The stimulator battery was removed, the leads remain.",
        "Warfarin was held five days before the trial.",
        "Took apixaban 5 mg until May 2025.",
        "If AF returns, apixaban will be started.",
        "Not started on warfarin.",
        "The DRG stimulator implanted in 2019 came out again in 2022.",
        "Vagus nerve stimulator placed 2014, pulled in 2018.",
        "Completed ciprofloxacin x 7 days.",
        "Cefazolin prophylaxis for 1 day.",
        "Doxycycline helped her in the past.",
        "Patients on warfarin must tell the nurse.",
    ],
)
def test_what_was_not_done_or_not_to_the_patient_is_none(text: str) -> None:
    assert events(text) == []


@pytest.mark.parametrize(("asked", "value"), [("2026-03-24", ["present"]), ("2026-03-27", ["present"]), ("2026-04-02", [])])
def test_a_course_of_antibiotics_counts_while_it_runs(asked: str, value: list[str]) -> None:
    text = "Date of visit: 03/20/2026\nBronchitis. Doxycycline 100 mg BID x 7 days."
    page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792)
    found = find([Document("note", "note.txt", "0" * 64, (page,))], RequestHint("implant", "nonmalignant", None, asked))
    assert [f.value for f in found if f.rule == "events.course"] == value


def test_a_course_that_ended_begins_none():
    assert events("Ten-day course of cefazolin ended on Friday.") == []
