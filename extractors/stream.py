"""A document's segments in reading order, each with the day that it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from extractors.dates import dates_in
from extractors.document import Page
from extractors.segment import Segment

Pages = Sequence[tuple[Page, Sequence[Segment]]]

SILENT = frozenset({"quoted", "boilerplate", "education", "plan", "family", "unanswered", "request"})
"""Marks of segments that state no fact."""


def dated(pages: Pages, day: str | None) -> Iterator[tuple[Page, Segment, str | None]]:
    """Segments with an ISO day: that of the last heading that names one ("## 11/13/25 F/U"), else `day`."""
    anchor = date.fromisoformat(day) if day else None
    now = day
    for page, segments in pages:
        for segment in segments:
            if segment.kind == "heading":
                dates = dates_in(segment.text, anchor)
                named = [m.iso for m in dates if m.precision == "day"] or [m.iso for m in dates if m.precision == "month" and _VISIT.search(segment.text)]
                now = named[0] if named else now
            yield page, segment, now


_VISIT = re.compile(r"medic|meds|list|visit|consult|note|follow|f/u", re.I)


def anchor_of(day: str | None) -> date | None:
    return date.fromisoformat(day) if day else None
