"""Documents, pages and excerpts: what was read, and where on the page it stands.

Coordinates are PDF points of the displayed page, origin top left: (x0, top, x1, bottom).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from typing import Literal

import numpy as np

from extractors.markup import marked

Box = tuple[float, float, float, float]
Span = tuple[int, int]
TRUSTED = 0.8
"""Confidence of recognition below which a word is doubtful: it is marked, and never decides alone."""
LineKind = Literal["text", "heading", "row", "header", "footer"]


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line: `page.text[start:end]`, without its line end.

    `row` is a table row, its cells separated by a tab; `header` and `footer` are what repeats at
    the top and bottom of pages (letterhead, patient banner, fax line, page number).
    """

    start: int
    end: int
    kind: LineKind = "text"


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One page. An unreadable page stays in its document, with `readable=False` and a reason.

    `boxes` has shape (len(text), 4), float32, NaN for characters that are not printed (line
    ends, the tab between cells). `confidence` has shape (len(text),), 0 to 1, or is None for text
    that was not recognised from a picture.
    """

    number: int
    text: str
    boxes: np.ndarray
    width: float
    height: float
    lines: tuple[Line, ...] = ()
    rotation: int = 0
    ocr: bool = False
    readable: bool = True
    confidence: np.ndarray | None = None
    reason: str | None = None

    def _repr_html_(self) -> str:
        return self.html()

    def html(self, spots: Iterable[tuple[int, int, str]] = ()) -> str:
        """The page's text, with `spots` marked: start, end, and what to say of the words between."""
        how = " (recognised from a picture)" if self.ocr else "" if self.readable else f" ({self.reason or 'unreadable'})"
        text = marked(self.text, sorted(spots))
        return f'<p><b>Page {self.number}</b>{escape(how)}</p><pre style="white-space:pre-wrap">{text}</pre>'


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One file of a packet. The same bytes always give the same Document."""

    document_id: str
    file: str
    sha256: str
    pages: tuple[Page, ...]
    warnings: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """The pages' texts, as a notebook shows them."""
        return f"<h4>{escape(self.file)}</h4>" + "".join(page._repr_html_() for page in self.pages)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Verbatim words: `page.text[start:end] == quote`, with one box per printed line.

    `doubtful` holds the offsets in the quote of words that were recognised with little confidence.
    """

    document_id: str
    page: int
    start: int
    end: int
    quote: str
    boxes: tuple[Box, ...] = field(default=())
    doubtful: tuple[Span, ...] = ()


def excerpt(document_id: str, page: Page, start: int, end: int) -> Excerpt:
    """Cut the only kind of Excerpt there is; white space at both ends is left out.

    Raises ValueError when nothing printable lies between `start` and `end`.
    """
    text = page.text[start:end]
    start += len(text) - len(text.lstrip())
    quote = text.strip()
    if not quote:
        raise ValueError(f"empty excerpt: page {page.number}, {start} to {end}")
    end = start + len(quote)
    boxes, doubtful = line_boxes(page, start, end), doubtful_words(page, start, end)
    return Excerpt(document_id, page.number, start, end, quote, boxes, doubtful)


def doubtful_words(page: Page, start: int, end: int) -> tuple[Span, ...]:
    """Offsets from `start` of the words whose least sure character is not trusted."""
    if page.confidence is None:
        return ()
    words = (word.span() for word in re.finditer(r"\S+", page.text[start:end]))
    return tuple((a, b) for a, b in words if (page.confidence[start + a : start + b] < TRUSTED).any())


def page_lines(page: Page) -> tuple[Line, ...]:
    """The reader's lines, or those of the bare text where the reader gave none."""
    if page.lines:
        return page.lines
    at, out = 0, []
    for part in page.text.split("\n"):
        out.append(Line(at, at + len(part)))
        at += len(part) + 1
    return tuple(out)


def line_boxes(page: Page, start: int, end: int) -> tuple[Box, ...]:
    """One box per printed line between two offsets, rounded to 0.01 point; a wrapped cell has several."""
    low, high = (0, 2) if page.rotation in (90, 270) else (1, 3)
    boxes: list[list[float]] = []
    fresh = True
    for char, box in zip(page.text[start:end], page.boxes[start:end].tolist(), strict=True):
        fresh = fresh or char == "\n"
        if box[0] != box[0]:  # NaN: not printed
            continue
        last = boxes[-1] if boxes else box
        shared = min(last[high], box[high]) - max(last[low], box[low])
        if fresh or shared <= 0.5 * min(last[high] - last[low], box[high] - box[low]):
            boxes.append(box)
        else:
            boxes[-1] = [*map(min, last[:2], box[:2]), *map(max, last[2:], box[2:])]
        fresh = False
    return tuple((round(b[0], 2), round(b[1], 2), round(b[2], 2), round(b[3], 2)) for b in boxes)
