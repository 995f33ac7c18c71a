"""Adherence told as a count: visits kept of visits planned ("12 scheduled, 5 kept", "came to 9 of 10 sessions").

A sentence of such numbers reads alike whichever way it ends, so the share decides and not the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from extractors.document import Page, excerpt
from extractors.finding import Finding
from extractors.quantities import NUMBER, number
from extractors.segment import Segment, statement
from extractors.stream import SILENT

GOOD, POOR = 0.8, 0.6
"""Shares of the planned visits; between them the count says neither."""
VISITS = r"\b(?:sessions?|visits?|appointments?|appts?|classes|meetings|treatments)\b"
KEPT = r"(?:attended|kept|completed|came|made|showed|appeared|present|turned up|went)"
MISSED = r"(?:missed|skipped|no-?show(?:ed|s)?|cancell?ed|cancell?ations?|absent|absences)"
_THEIRS = r"(?:the |his |her |their )?(?:last |past |first )?"
PLANNED = r"(?:scheduled|booked|planned|authori[sz]ed|ordered|prescribed|approved|offered|arranged)"
SHARE = re.compile(
    rf"\b{KEPT}(?:\s+(?:to|at|for|up|only|just|all)){{0,3}}\s+(?:{VISITS}\s*[:=]?\s*)?(?P<kept>{NUMBER})\s*(?:/|of|out of)\s*{_THEIRS}(?P<planned>{NUMBER})\b(?!\s*(?:%|mg|pain))"
    rf"|\b(?P<kept2>{NUMBER})\s*(?:/|of|out of)\s*{_THEIRS}(?P<planned2>{NUMBER})\s+(?:{PLANNED}\s+)?(?:[a-z]+\s+)?{VISITS}\s+(?:were\s+)?{KEPT}"
    rf"|\b(?P<planned3>{NUMBER})\s+(?:[a-z]+\s+)?(?:{VISITS}\s+)?(?:were\s+)?{PLANNED}\b[^.;]{{0,20}}?\b(?P<kept3>{NUMBER})\s+(?:[a-z]+\s+)?(?:{VISITS}\s+)?(?:were\s+)?{KEPT}"
    rf"|\b{PLANNED}\s*[:=]?\s*(?P<planned4>{NUMBER})\b[^.;]{{0,12}}?\b{KEPT}\s*[:=]?\s*(?P<kept4>{NUMBER})\b"
    rf"|\b{MISSED}(?:\s+(?:for|from|at|only|just|but)){{0,2}}[\s:=]*(?P<lost>{NUMBER})\s*(?:/|of|out of)\s*{_THEIRS}(?P<planned5>{NUMBER})\b(?!\s*%)"
    rf"|\b(?P<lost2>{NUMBER})\s+{MISSED}\s+(?:{VISITS}\s+)?(?:of|out of|in|across|over|among)\s+{_THEIRS}(?P<planned6>{NUMBER})\b(?!\s*%)"
    rf"|\b(?:of|out of)\s+{_THEIRS}(?P<planned7>{NUMBER})\s+(?:[\w-]+\s+)?{VISITS}[^.;]{{0,40}}?\b{MISSED}\s+(?:only |just )?(?P<lost3>{NUMBER})\b"
    rf"|\b(?:of|out of)\s+{_THEIRS}(?P<planned8>{NUMBER})\s+(?:[\w-]+\s+)?{VISITS}[^.;]{{0,40}}?\b{KEPT}\s+(?:only |just |to )?(?P<kept5>{NUMBER})\b",
    re.I,
)
OTHER_CARE = re.compile(
    r"cardiac|pulmonary rehab|dialysis|cpap|chemo|radiation|dental|grief|weight|prenatal|wound|school", re.I
)


def find_attendance(
    document_id: str, page: Page, segments: Sequence[Segment], day: Sequence[str | None]
) -> Iterator[Finding]:
    """`adherence` findings of statements that count visits kept and planned, of treatment for the pain as far as words tell."""
    for i, segment in enumerate(segments):
        said = statement(segment, page.text)
        share = None if segment.marks & SILENT or OTHER_CARE.search(f"{segment.heading} {said}") else kept_share(said)
        if share is not None and (share >= GOOD or share <= POOR):
            where = excerpt(document_id, page, segment.start, segment.end)
            yield Finding("adherence", "good" if share >= GOOD else "poor", where, "attendance", date=day[i])


def kept_share(text: str) -> float | None:
    """Visits kept per visit planned, 0 to 1, or None where the text counts none."""
    found = SHARE.search(text)
    if not found or not (found["planned4"] or re.search(VISITS, text, re.I)):
        return None
    told = {key.rstrip("2345678"): number(value) for key, value in found.groupdict().items() if value}
    planned = told["planned"]
    kept = told.get("kept", planned - told.get("lost", 0))
    return kept / planned if planned >= max(kept, 3) and kept >= 0 else None
