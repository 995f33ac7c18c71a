"""Tick boxes that are drawn, not set as letters."""

from __future__ import annotations

from collections.abc import Sequence

from extractors.document import Box
from extractors.readers.marks import PEN_TICKS
from extractors.readers.words import EMPTY, TICKED, Word


def drawn_ticks(
    squares: Sequence[tuple[Box, bool]], strokes: Sequence[Box], words: Sequence[Word]
) -> tuple[list[Word], list[Box]]:
    """Tick boxes among the small squares of a page, and the strokes that are not part of one.

    A box is ticked when it holds a filled inner square, a stroke, or a printed cross or tick. A
    filled square alone is a bullet unless the page also has an outlined one of its size; a
    square with other letters in it is a table cell.
    """
    frames = [box for box, filled in squares if not filled and 0.75 <= (box[2] - box[0]) / (box[3] - box[1]) <= 1.33]
    outer: list[Box] = []
    for box in sorted(frames, key=lambda b: b[0] - b[2]):
        if not any(_within(box, o) for o in outer):
            outer.append(box)
    fills = [box for box, filled in squares if filled]
    sizes = [b[2] - b[0] for b in outer]
    alone = [f for f in fills if not any(_within(f, o) for o in outer) and any(abs(f[2] - f[0] - s) < 1 for s in sizes)]
    ticks = []
    used: set[Box] = set()
    for box in outer + alone:
        inside = [w.text for w in words if _within((w.x0, w.top, w.x1, w.bottom), box, 0.5)]
        if any(text not in PEN_TICKS for text in inside):
            continue
        marks = [s for s in strokes if _within(s, box)]
        used.update(marks)
        ticked = bool(inside or [s for s in marks if not _edge(s, box)]) or any(_within(f, box) for f in fills)
        ticks.append(Word(TICKED if ticked else EMPTY, *box, size=box[3] - box[1]))
    return ticks, [s for s in strokes if s not in used]


def _within(inner: Box, outer: Box, share: float = 0.8) -> bool:
    """Whether the middle of a box, and this share of its sides, lie within another."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    fits = share * (inner[2] - inner[0]) <= outer[2] - outer[0] and share * (inner[3] - inner[1]) <= outer[3] - outer[1]
    return fits and outer[0] - 0.5 <= x <= outer[2] + 0.5 and outer[1] - 0.5 <= y <= outer[3] + 0.5


def _edge(stroke: Box, box: Box) -> bool:
    """Whether a stroke is a side of the box itself, drawn line by line."""
    flat = min(stroke[2] - stroke[0], stroke[3] - stroke[1]) < 1
    x, y = (stroke[0] + stroke[2]) / 2, (stroke[1] + stroke[3]) / 2
    return flat and (min(abs(x - box[0]), abs(x - box[2])) < 1 or min(abs(y - box[1]), abs(y - box[3])) < 1)
