"""A document's segments in reading order, each with the day that it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from extractors.dates import DateMention, dates_in
from extractors.document import Page
from extractors.segment import Segment

Pages = Sequence[tuple[Page, Sequence[Segment]]]

SILENT = frozenset({"quoted", "boilerplate", "education", "plan", "family", "unanswered", "request"})
"""Marks of segments that state no fact."""
ENTRY_LENGTH = 60
"""A log's entry line ("05/14/2026 L. Chevalier RN:") is short; what follows it is of that day."""


def dated(pages: Pages, day: str | None) -> Iterator[tuple[Page, Segment, str | None]]:
    """Segments with the ISO day each speaks of.

    That of the last heading or log entry that names one ("## 11/13/25 F/U"), of the words a line begins
    with ("02/19: no drainage", "HPI [copied from 01/08/2026]: ..."), else `day`.
    """
    anchor = anchor_of(day)
    now = day
    here: str | None = None
    for page, segments in pages:
        for segment in segments:
            named = _days(segment.text, anchor)
            if segment.kind == "heading":
                named = named or _months(segment.text, anchor)
                now, here = (named[0].iso if named else now), None
            elif named and _is_entry(segment, named[0]):
                now, here = named[0].iso, None
            elif segment.kind in ("field", "row", "tick") or _leading(segment, named):
                here = _leading(segment, named)
            yield page, segment, here or now


def _days(text: str, anchor: date | None) -> list[DateMention]:
    return [m for m in dates_in(text, anchor) if m.precision == "day"] if any(map(str.isdigit, text)) else []


def _months(text: str, anchor: date | None) -> list[DateMention]:
    """A month dates a heading that names a list or a visit ("Medications at consult 11/2025")."""
    return [m for m in dates_in(text, anchor) if m.precision == "month"] if _VISIT.search(text) else []


_VISIT = re.compile(r"medic|meds|\blist|visit|consult|note|follow|f/u", re.I)


def _is_entry(segment: Segment, first: DateMention) -> bool:
    return (
        segment.kind in ("sentence", "field")
        and first.start <= 2
        and len(segment.text) <= ENTRY_LENGTH
        and segment.text.rstrip().endswith(":")
    )


def _leading(segment: Segment, named: list[DateMention]) -> str | None:
    """The day with which a line begins, or that its label names."""
    if not named:
        return None
    first = named[0]
    in_label = segment.kind == "field" and first.end <= len(segment.label) + 2
    return first.iso if first.start <= 2 or in_label else None


def anchor_of(day: str | None) -> date | None:
    """The day against which "5/12" and "three weeks ago" are read."""
    return date.fromisoformat(day) if day else None
