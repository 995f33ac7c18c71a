"""Dates in notes, and the date of service of a document."""

from datetime import date

import numpy as np
import pytest

from extractors.dates import dates_in, document_date
from extractors.document import Document, Line, LineKind, Page

ANCHOR = date(2026, 3, 20)


def document(text: str, file: str = "note.txt") -> Document:
    return Document("note", file, "0" * 64, (Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792),))


@pytest.mark.parametrize(
    ("text", "iso", "precision"),
    [
        ("05/12/26", "2026-05-12", "day"),
        ("2026-05-12", "2026-05-12", "day"),
        ("08-12-2025", "2025-08-12", "day"),
        ("May 12 2026", "2026-05-12", "day"),
        ("May 12th, 2026", "2026-05-12", "day"),
        ("12 May 2026", "2026-05-12", "day"),
        ("the 14th of October", "2025-10-14", "day"),
        ("Jan 5 '26", "2026-01-05", "day"),
        ("seen 5/12", "2025-05-12", "day"),
        ("Trial 1/27.", "2026-01-27", "day"),
        ("March 2025", "2025-03-01", "month"),
        ("Oct '25", "2025-10-01", "month"),
        ("03/2025", "2025-03-01", "month"),
        ("until mid-August", "2025-08-15", "month"),
        ("(Sept)", "2025-09-01", "month"),
        ("since 2019", "2019-01-01", "year"),
        ("last fall", "2025-09-01", "season"),
        ("three weeks ago", "2026-02-27", "month"),
        ("yesterday", "2026-03-19", "day"),
    ],
)
def test_a_date_is_read_however_it_is_written(text: str, iso: str, precision: str) -> None:
    (found,) = dates_in(text, ANCHOR)
    assert (found.iso, found.precision) == (iso, precision)


def test_a_day_after_the_procedure_needs_the_procedures_date() -> None:
    assert dates_in("post-procedure day 2", ANCHOR) == []
    assert dates_in("post-procedure day 2", ANCHOR, event=date(2026, 3, 1))[0].iso == "2026-03-03"


@pytest.mark.parametrize(
    "text",
    [
        "pain 8/10 today"[:10],
        "strength 4/5",
        "Norco 10/325",
        "BP 128/82",
        "He may go",
        "march in place",
        "log 7/7 days",
        "CBT 11/11 and mindfulness 8/8 done",
        "oxycodone 2000 mg",
    ],
)
def test_scores_grades_and_strengths_are_no_dates(text: str) -> None:
    assert dates_in(text, ANCHOR) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Clinic note\nDate of service: 05/14/2026   DOB: 03/02/1961", "2026-05-14"),
        (
            "LABORATORY\nDOB 09/14/1958\nPrinted 03/01/2026\nCollected 02/16/2026 07:55   Reported 02/17/2026",
            "2026-02-16",
        ),
        ("Dear Dr. Nwosu,\n\nOctober 14, 2025\n\nThank you for the referral of 9/2/2025.", "2025-10-14"),
        ("REQUEST\nDate submitted: 02/19/2026\nTarget date: 03/16/2026", "2026-02-19"),
        ("She is well and her pain is unchanged.\n\nDictated 01/28/2026", "2026-01-28"),
        ("PAIN MEDICINE FOLLOW-UP\t02/03/2026\nRefill visit.", "2026-02-03"),
        ("FAX received 01/02/2026\nDOB 01/02/1950", None),
    ],
)
def test_the_date_of_service_is_not_a_birth_print_fax_or_target_date(text: str, expected: str | None) -> None:
    assert document_date(document(text)) == expected


def test_a_file_name_dates_a_document_that_names_no_date() -> None:
    assert document_date(document("Seen in clinic.", "02_clinic_2025-06-10.pdf")) == "2025-06-10"


def test_a_date_in_a_repeated_banner_serves_where_the_body_names_none() -> None:
    text = "Follow-up Visit\n01/12/2026 Dr. Castille\nNRS 8, unchanged.\n10/20/2025\tRN\trecords requested"
    ends = [text.index("\n"), text.index("\nNRS"), text.index("\n10/20"), len(text)]
    starts = [0, *(end + 1 for end in ends[:-1])]
    kinds: tuple[LineKind, ...] = ("header", "header", "text", "row")
    lines = tuple(Line(a, b, kind) for a, b, kind in zip(starts, ends, kinds, strict=True))
    page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612, 792, lines)
    assert document_date(Document("note", "note.pdf", "0" * 64, (page,))) == "2026-01-12"
