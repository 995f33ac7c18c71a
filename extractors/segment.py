"""A segment: the smallest stretch of a page that states something, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SegmentKind = Literal["sentence", "row", "field", "tick", "heading"]
Mark = Literal["quoted", "boilerplate", "education", "plan", "family", "unanswered", "request", "instruction"]


@dataclass(frozen=True, slots=True)
class Segment:
    """`page.text[start:end]`: one sentence, table row, label-and-value line, tick-box line or heading.

    `text` is that slice with line ends turned to spaces (same length, same offsets).
    row:   `cells` are (start, end) offsets on the page, `columns` the header texts above them.
    field: `label` is the words before the colon ("Allergies"), `cells` holds the value's offsets.
    tick:  `label` is the question or printed label; `ticked` the ticked option ("yes", "no" or the
           option's words, then after "; " a remark beside it); None when no box or contradicting boxes are ticked.
    `heading` is the nearest heading above, `section` its canonical name from sections.yaml ("" if
    unknown). `marks` says what kind of talk it is: quoted payer text, boilerplate, education,
    plan, family, an unanswered prompt, the request form's own words.
    """

    start: int
    end: int
    text: str
    kind: SegmentKind
    heading: str = ""
    section: str = ""
    label: str = ""
    cells: tuple[tuple[int, int], ...] = ()
    columns: tuple[str, ...] = ()
    ticked: str | None = None
    marks: frozenset[Mark] = field(default=frozenset())

    @property
    def answer(self) -> str:
        """The first ticked option, without a remark; empty where none is ticked."""
        return (self.ticked or "").partition(";")[0]


def flat(text: str) -> str:
    """Line ends and tabs as spaces: same length, so that offsets stay."""
    return text.replace("\n", " ").replace("\t", " ")


def statement(segment: Segment, text: str) -> str:
    """A segment as one readable statement, for models: `text` is its page's text.

    A row names each cell's column ("Test: INR; Result: 1.1"), a tick line gives its question and the
    ticked option ("Active infection: no"); a sentence is its own words.
    """
    if segment.kind == "row" and segment.cells:
        cells = [" ".join(text[a:b].split()) for a, b in segment.cells]
        if segment.columns:
            return "; ".join(f"{c}: {v}" for c, v in zip(segment.columns, cells, strict=False))
        return "; ".join(cells)
    if segment.kind == "tick":
        return f"{segment.label}: {segment.ticked or 'not answered'}".lstrip(": ")
    if segment.kind == "sentence" and segment.label:
        return f"{segment.label}: {segment.text}"
    return " ".join(segment.text.split())
