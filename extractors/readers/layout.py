"""From words with boxes to the text of a page: reading order, columns, table rows, headings.

Neutral ground: the PDF reader and the OCR reader both feed `compose`. Coordinates are PDF points, origin
top left, of a page turned so that its text runs upright from left to right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from extractors.document import Box, Line

EMPTY, TICKED = "☐", "☒"


class Word(NamedTuple):
    """Printed characters without a space inside; never empty.

    `size` is the font size in points (for OCR the height of the line), `confidence` 0 to 1, or None for
    text that was not recognised from a picture. `chars` has one box per character; None divides the
    word's box evenly.
    """

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    bold: bool = False
    confidence: float | None = None
    chars: tuple[Box, ...] | None = None


class Composed(NamedTuple):
    """A page's text with, for each character, its box and confidence, and the lines it is made of.

    `boxes` has shape (len(text), 4), float32, points, NaN where nothing is printed (spaces, tabs, line ends).
    `confidence` has shape (len(text),), float32, NaN where nothing is printed, or is None when no
    word has one. `lines` cover the text in order.
    """

    text: str
    boxes: np.ndarray
    confidence: np.ndarray | None
    lines: tuple[Line, ...]


def compose(
    words: Sequence[Word],
    rules: Sequence[Box] = (),
    ticks: Sequence[Word] = (),
    width: float = 612.0,
    height: float = 792.0,
) -> Composed:
    """Put words in reading order and join them as page text.

    `rules` are the drawn lines of tables, each a thin box (a side of at most 3 points); `ticks` are tick boxes as words
    whose text is EMPTY or TICKED: words that lie mostly inside one are noise of its frame and are
    left out. Cells of a row are joined by one tab, lines by a line end, blocks by a blank line.
    """
    parts: list[str] = []
    boxes: list[Box] = []
    trust: list[float] = []
    lines: list[Line] = []
    blank = (float("nan"),) * 4
    at = 0
    rows: list[list[Word]] = []
    for word in sorted([*words, *ticks], key=lambda w: (w.top + w.bottom) / 2):
        if rows and (word.top + word.bottom) / 2 - (rows[-1][0].top + rows[-1][0].bottom) / 2 < word.size / 2:
            rows[-1].append(word)
        else:
            rows.append([word])
    for row in rows:
        start = at
        for word in sorted(row, key=lambda w: w.x0):
            if at > start:
                parts.append(" ")
                boxes.append(blank)
                trust.append(float("nan"))
                at += 1
            parts.append(word.text)
            boxes.extend(word.chars or even(word))
            trust.extend([float("nan") if word.confidence is None else word.confidence] * len(word.text))
            at += len(word.text)
        lines.append(Line(start, at))
        parts.append("\n")
        boxes.append(blank)
        trust.append(float("nan"))
        at += 1
    confidence = None if all(w.confidence is None for w in words) else np.array(trust, dtype=np.float32)
    return Composed("".join(parts), np.array(boxes, dtype=np.float32).reshape(-1, 4), confidence, tuple(lines))


def even(word: Word) -> list[Box]:
    """One box per character, the word's box divided evenly."""
    step = (word.x1 - word.x0) / len(word.text)
    return [(word.x0 + i * step, word.top, word.x0 + (i + 1) * step, word.bottom) for i in range(len(word.text))]
