"""The record of one packet as passages: what a citation can be cut from, with where, when and by whom it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from extractors.dates import document_date
from extractors.document import Document, Page
from extractors.segment import Segment, statement
from extractors.stream import dated
from extractors.structure import segments

CREDENTIAL = r"(?:MD|DO|M\.D\.|D\.O\.|RN|LPN|LVN|NP|FNP(?:-C)?|APRN|CRNA|PA(?:-C)?|PhD|Ph\.D\.|PsyD|Psy\.D\.|LCSW|LPC|DPT|PT|OT|PharmD|CNS|MA|DDS)"
NAME = r"(?:[A-Z]\.\s?){0,2}(?:[A-Z][a-z'’]+\s)?(?:[A-Z]\.\s)?(?:Mc|Mac|De|Le|La|St\. )?[A-Z][A-Za-z'’-]+"
SIGNED = re.compile(rf"\b(?![A-Z]{{2,}},? )({NAME}),?\s+{CREDENTIAL}\b")
LABELLED = re.compile(rf"\b(?:(?:RN|LPN|LVN|MD|NP|PA|CRNA)(?: signature:?|:)|(?:[Pp]rovider|[Ss]igned by|[Ss]ignature|[Aa]uthor|[Cc]ompleted by|[Rr]eported by|[Ss]urgeon|[Oo]perator|Attending):)\s+({NAME})")


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """`page.text[start:end]`, one segment. `said` names the columns of a row; `date` is the ISO day it speaks of.

    `place` counts passages through the packet in reading order; `foreign` marks another patient's page.
    """

    place: int
    document_id: str
    page: int
    start: int
    end: int
    said: str
    heading: str
    section: str
    kind: str
    marks: frozenset[str]
    date: str | None
    document_date: str | None
    author: str | None = None
    foreign: bool = False

    def meets(self, document_id: str, page: int, start: int, end: int) -> bool:
        """Whether some of `page.text[start:end]` is the passage's."""
        return (self.document_id, self.page) == (document_id, page) and self.start < end and start < self.end


def passages(documents: Sequence[Document], foreign: frozenset[tuple[str, int]] = frozenset()) -> tuple[Passage, ...]:
    """All passages of a packet in reading order; `foreign` names (document_id, page) of other patients."""
    out: list[Passage] = []
    for document in documents:
        out.extend(_of_document(document, foreign, len(out)))
    return tuple(out)


def _of_document(document: Document, foreign: frozenset[tuple[str, int]], at: int) -> list[Passage]:
    day = document_date(document)
    readable = [(page, _segments(page)) for page in document.pages if page.readable]
    found: list[Passage] = []
    for page, segment, iso in dated(readable, day):
        if segment.kind == "heading" and not re.search(r"\d|[a-z]{3} [a-z]", segment.text):
            continue
        said = " ".join(statement(segment, page.text).split())
        found.append(
            Passage(
                at + len(found), document.document_id, page.number, segment.start, segment.end, said,
                segment.heading if segment.kind != "heading" else "", segment.section, segment.kind,
                frozenset(segment.marks), iso, day, None, (document.document_id, page.number) in foreign,
            )  # fmt: skip
        )
    return _authored(found)


def _segments(page: Page) -> tuple[Segment, ...]:
    return segments(page)


def _authored(found: list[Passage]) -> list[Passage]:
    """A passage's author is the next signature below it in its document, else the last one above."""
    signed = [(p.place, name) for p in found for name in signatures(p.said)]
    if not signed:
        return found
    out = []
    for p in found:
        below = next((name for place, name in signed if place >= p.place), None)
        out.append(replace(p, author=below or signed[-1][1]))
    return out


def signatures(text: str) -> Iterator[str]:
    """Names written with a clinician's credential ("B. Mouille, RN", "LPN signature C. Bynog")."""
    spans = []
    for match in SIGNED.finditer(text):
        spans.append(match.span())
        yield match.group(0)
    for match in LABELLED.finditer(text):
        if not any(a <= match.start(1) < b for a, b in spans):
            yield match.group(1)
