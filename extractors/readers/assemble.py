"""Glyphs into words: turned upright, cleaned of what is not seen, cut at spaces and gaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from extractors.document import Box
from extractors.readers.glyphs import SLANTED, Glyph
from extractors.readers.marks import EMPTY_BOXES, LOOSE_TICKS, PLAIN
from extractors.readers.words import TICKED, Word

TOUCH = 0.15
"""Glyphs less than this many ems apart belong to one word (pdfplumber calls it x_tolerance_ratio)."""
UNMAPPED = "\ufffd"


def upright(box: Box, turn: int, width: float, height: float) -> Box:
    """A box of the displayed page as it lies once text of this turn reads from left to right."""
    x0, top, x1, bottom = box
    if turn == 1:
        return height - bottom, x0, height - top, x1
    if turn == 2:
        return width - x1, height - bottom, width - x0, height - top
    if turn == 3:
        return top, width - x1, bottom, width - x0
    return box


def displayed(box: Box, turn: int, width: float, height: float) -> Box:
    """The inverse of `upright`; `width` and `height` are those of the displayed page."""
    x0, top, x1, bottom = box
    if turn == 1:
        return top, height - x1, bottom, height - x0
    if turn == 2:
        return width - x1, height - bottom, width - x0, height - top
    if turn == 3:
        return width - bottom, x0, width - top, x1
    return box


def words(glyphs: Sequence[Glyph], turn: int, width: float, height: float) -> list[Word]:
    """The words of the glyphs of one turn, in upright coordinates; doubled ones (poor man's bold) once."""
    if turn not in (0, SLANTED):
        glyphs = [Glyph(g.text, *upright(g[1:5], turn, width, height), *g[5:]) for g in glyphs]
    boxed = any(g.text in EMPTY_BOXES for g in glyphs)
    found = _cut(glyphs, boxed)
    if len(found) > 40 and sum(len(w.text) for w in found) < 1.8 * len(found):
        ordered = sorted(glyphs, key=lambda g: (round((g.top + g.bottom) / 2 / max(g.size, 1.0) * 2), g.x0))
        found = _cut(ordered, boxed)  # drawn out of order, letter by letter
    return _once(found)


def _cut(glyphs: Iterable[Glyph], boxed: bool) -> list[Word]:
    """Words in the order drawn. Called for every glyph of every page: plain local variables on purpose."""
    found: list[Word] = []
    text = ""
    boxes: list[Box] = []
    left = right = upper = lower = em = level = 0.0
    heavy = False
    for char, x0, top, x1, bottom, size, _, _, bold in glyphs:
        if not char.isascii() or len(char) != 1:
            char = UNMAPPED if char.startswith("(cid:") else _plain(char, boxed)
        space = not char or char <= " " or char.isspace()
        if text:
            near = -0.5 * size < x0 - right < TOUCH * size and abs(top + bottom - level) < 0.5 * (bottom - top)
            if space or not near or char == TICKED or text == TICKED:
                found.append(Word(text, left, upper, right, lower, em, heavy, None, tuple(boxes)))
                text = ""
        if space:
            continue
        if not text:
            boxes = []
            left, upper, right, lower, em, heavy, level = x0, top, x1, bottom, size, bold, top + bottom
        elif top != upper or bottom != lower:
            upper, lower = min(upper, top), max(lower, bottom)
        text += char
        right = x1
        if len(char) == 1:
            boxes.append((x0, top, x1, bottom))
        else:
            step = (x1 - x0) / len(char)
            boxes += [(x0 + i * step, top, x0 + (i + 1) * step, bottom) for i in range(len(char))]
    if text:
        found.append(Word(text, left, upper, right, lower, em, heavy, None, tuple(boxes)))
    return found


def _plain(text: str, boxed: bool) -> str:
    shown = text.translate(PLAIN)
    return TICKED if boxed and shown in LOOSE_TICKS else shown


def _once(found: Sequence[Word]) -> list[Word]:
    seen: dict[str, list[tuple[float, float]]] = {}
    kept = []
    for word in found:
        places = seen.setdefault(word.text, [])
        near = 0.12 * word.size
        if not any(abs(x - word.x0) < near and abs(y - word.top) < near for x, y in places):
            kept.append(word)
            places.append((word.x0, word.top))
    return kept
