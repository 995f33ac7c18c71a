"""Plain text files: a page for each form feed, set in a fixed pitch so that words have a place to be marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from extractors.document import Line, LineKind, Page
from extractors.errors import UnreadableFile
from extractors.readers.layout import looks_like_heading
from extractors.readers.limits import Limits

MARGIN, PITCH, LEADING, TAB = 36.0, 6.0, 12.0, 8
COLUMNS = 90
"""Characters across a page of 612 points; longer lines go on below, as a viewer would set them."""


def read_text(path: Path, limits: Limits, first: int = 1) -> Iterator[Page | str]:
    """Yield the pages from `first` on. Raises UnreadableFile when there is no text, or too many pages."""
    text = _decoded(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")
    sheets = text.strip("\f\n").split("\f")
    if not text.strip():
        raise UnreadableFile(path.name, "no text in the file")
    if len(sheets) > limits.pages:
        raise UnreadableFile(path.name, f"{len(sheets)} pages, more than the {limits.pages} allowed")
    for number, sheet in enumerate(sheets, 1):
        if number >= first:
            yield text_page(number, sheet)


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def text_page(number: int, sheet: str) -> Page:
    """One page. Gaps of three spaces and more become the tab between cells; several blank lines become one."""
    parts: list[str] = []
    boxes: list[tuple[float, float, float, float]] = []
    lines: list[Line] = []
    blank = (float("nan"),) * 4
    at, row, waiting = 0, 0, ""
    for printed in sheet.split("\n"):
        printed = "".join(c for c in printed if c >= " " or c == "\t").rstrip()
        if not printed:
            row += 1
            waiting = "\n\n" if parts else ""
            continue
        shown, places = _cells(printed)
        text = waiting + shown
        waiting = "\n"
        parts.append(text)
        boxes += [blank] * (len(text) - len(shown))
        for char, place in zip(shown, places, strict=True):
            x, top = MARGIN + PITCH * (place % COLUMNS), MARGIN + LEADING * (row + place // COLUMNS)
            boxes.append(blank if char.isspace() else (x, top, x + PITCH, top + LEADING))
        at += len(text)
        lines.append(Line(at - len(shown), at, _kind(shown)))
        row += 1 + places[-1] // COLUMNS
    height = max(792.0, 2 * MARGIN + LEADING * row)
    array = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    text = "".join(parts)
    return Page(
        number, text, array, 612.0, height, tuple(lines), readable=bool(text), reason=None if text else "empty page"
    )


def _cells(printed: str) -> tuple[str, list[int]]:
    """A line with its wide gaps as tabs, and the place of each character in columns from the left margin."""
    wide = printed.expandtabs(TAB) if "\t" in printed else printed
    marks = [m.span() for m in re.finditer(r"(?<=\S) {3,}(?=\S)", wide)]
    if "\t" in printed:
        marks = sorted({*marks, *_tab_gaps(printed)})
    shown: list[str] = []
    places: list[int] = []
    at = 0
    for start, end in marks:
        shown += [*wide[at:start], "\t"]
        places += range(at, start + 1)
        at = end
    return "".join([*shown, *wide[at:]]), [*places, *range(at, len(wide))]


def _tab_gaps(printed: str) -> list[tuple[int, int]]:
    """Where tabs between words stand once they are spread to columns."""
    spans = []
    for match in re.finditer(r"(?<=\S) *\t[ \t]*(?=\S)", printed):
        spans.append((len(printed[: match.start()].expandtabs(TAB)), len(printed[: match.end()].expandtabs(TAB))))
    return spans


def _kind(shown: str) -> LineKind:
    if "\t" in shown:
        return "row"
    alone = shown.rstrip().endswith(":") and len(shown) <= 50
    return "heading" if alone or looks_like_heading(shown) else "text"
