"""What a note tells of the past gives way to what it tells of now."""

import pytest

from extractors.document import Excerpt
from extractors.finding import Finding
from extractors.hindsight import opening_time, with_own_time


def told(quote: str, day: str | None = "2026-02-20") -> Finding:
    finding = Finding("epidural_tumor", "present", Excerpt("note", 1, 0, len(quote), quote), "learned", date=day)
    return with_own_time(finding, "2026-03-01")


@pytest.mark.parametrize(
    ("quote", "day"),
    [
        ("Oct 2025 MRI: epidural extension from T11.", "2025-10"),
        ("In May he was short of breath and kept to his bed.", "2025-05"),
        ("2024 consult: not a surgical case.", "2024"),
        ("11/03/25: swab grew MRSA.", "2025-11-03"),
        ("Early note (2024) said not enough tissue.", "2024"),
    ],
)
def test_an_earlier_time_that_opens_a_statement_dates_it(quote: str, day: str) -> None:
    assert told(quote).date == day


@pytest.mark.parametrize(
    "quote",
    [
        "Since trial (Nov) she has not missed a session.",
        "In May he had pneumonia, now resolved.",
        "No infection since 2023.",
        "2/18/26 swab negative.",
        "Next MRI in May.",
        "The abdominal wall was measured with the template by Dr. Orr in May 2025.",
    ],
)
def test_a_state_that_lasts_or_a_near_time_keeps_the_notes_date(quote: str) -> None:
    assert told(quote).date == "2026-02-20"


def test_a_past_that_is_not_dated_is_historical() -> None:
    assert told("At the first visit I thought her too thin.", None).assertion.historical
    assert told("Previously declined by surgery for size.").assertion.historical
    assert not told("He declined the visit.").assertion.historical


def test_a_statement_without_any_time_has_none() -> None:
    assert opening_time("No epidural disease.", "2026-02-20") is None


@pytest.mark.parametrize(
    ("quote", "day"),
    [
        ("No tumor in the canal, as shown by the CT myelogram done on 12/09/25.", "2025-12-09"),
        ("Spine imaging is clear of extradural disease (MR from 15 November).", "2025-11-15"),
        ("The January 6 scan still found the epidural space clean.", "2026-01-06"),
        ("MRIs of 10/02/25 and 01/05/26: no epidural disease.", "2026-01-05"),
    ],
)
def test_what_a_letter_repeats_of_a_study_is_as_old_as_the_study(quote: str, day: str) -> None:
    assert told(quote).date == day


@pytest.mark.parametrize(
    "quote",
    [
        "No epidural disease, unchanged since the MRI of October 6.",
        "Compared with the CT of 12/09/25 the canal is now narrowed by tumor.",
        "No canal disease; the next MRI is planned for March 3.",
        "No epidural tumor; she began radiation on November 3.",
    ],
)
def test_a_study_that_it_is_compared_with_dates_nothing(quote: str) -> None:
    assert told(quote).date == "2026-02-20"
