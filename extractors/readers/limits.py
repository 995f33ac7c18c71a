"""How much of a machine one document may take."""

from __future__ import annotations

from dataclasses import dataclass

NEEDS_OCR = ": needs OCR"
"""Ends the `reason` of every page whose picture holds words that its text lacks."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one document; what lies beyond them is reported, never read in part without a word.

    `page_points` bounds either side of a page (PDF itself allows 14,400 points, 200 inches), `stream_bytes`
    what one compressed stream may inflate to, `marks` the glyphs and drawn lines of a page.
    `page_seconds` is wall time in the reader; `document_seconds` and `memory_bytes` are
    enforced where a file is read in a process of its own (`isolated`).
    """

    file_bytes: int = 200_000_000
    pages: int = 2_000
    page_points: float = 14_400.0
    stream_bytes: int = 64_000_000
    marks: int = 200_000
    page_seconds: float = 20.0
    document_seconds: float = 600.0
    memory_bytes: int = 2_000_000_000


STANDARD = Limits()
"""What applies unless a caller says otherwise."""
