"""The neutral record that every reader hands to the layout: printed characters with their boxes."""

from __future__ import annotations

from typing import NamedTuple

from extractors.document import Box

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


def char_boxes(word: Word) -> tuple[Box, ...]:
    """One box per character: the word's own, or its box divided evenly."""
    if word.chars is not None:
        return word.chars
    step = (word.x1 - word.x0) / len(word.text)
    return tuple((word.x0 + i * step, word.top, word.x0 + (i + 1) * step, word.bottom) for i in range(len(word.text)))
