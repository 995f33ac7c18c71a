"""From words with boxes to the text of a page: reading order, columns, table rows, headings.

Neutral ground: the PDF reader and the OCR reader both feed `compose`. Coordinates are PDF points, origin
top left, of a page turned so that its text runs upright from left to right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from statistics import median, quantiles
from typing import NamedTuple

import numpy as np

from extractors.document import Box, Line, LineKind
from extractors.readers.columns import gutter
from extractors.readers.grids import Grid, find_grids, grid_rows
from extractors.readers.rows import Row, gather, split_cells, tables
from extractors.readers.words import EMPTY, TICKED, Word, char_boxes

__all__ = ["EMPTY", "TICKED", "Composed", "Word", "compose", "looks_like_heading"]

BLANK: Box = (float("nan"),) * 4


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

    `rules` are the drawn lines of tables, each a thin box; `ticks` are tick boxes as words whose text
    is EMPTY or TICKED: words that lie mostly inside one are noise of its frame and are left out.
    Cells of a row are joined by one tab (an empty cell keeps its tab), lines by a line end, blocks
    by a blank line. `width` and `height` are those of the page.
    """
    kept = [w for w in words if not any(_inside(w, t) for t in ticks)] if ticks else list(words)
    blocks = _blocks([*kept, *ticks], find_grids(rules), width)
    return _join(blocks, _body_size(kept))


def _inside(word: Word, tick: Word) -> bool:
    """Whether two thirds of a word's width and half of its height lie within a tick box."""
    across = min(word.x1, tick.x1) - max(word.x0, tick.x0)
    down = min(word.bottom, tick.bottom) - max(word.top, tick.top)
    return across > 0.66 * (word.x1 - word.x0) and down > 0.5 * (word.bottom - word.top)


def _blocks(words: list[Word], grids: Sequence[Grid], width: float, depth: int = 0) -> list[list[Row]]:
    """Groups of rows in reading order; a blank line parts them."""
    tabled: list[tuple[float, list[list[Row]]]] = []
    for grid in grids:
        inside = [w for w in words if grid.holds(w)]
        if inside:
            words = [w for w in words if not grid.holds(w)]
            tabled.append((grid.box[1], grid_rows(grid, inside)))
    blocks: list[list[Row]] = []
    for top, groups in [*sorted(tabled, key=lambda item: item[0]), (float("inf"), [])]:
        above = [w for w in words if w.top + w.bottom < 2 * top]
        words = [w for w in words if w.top + w.bottom >= 2 * top]
        blocks += _flow(above, width, depth) + groups
    return blocks


def _flow(words: list[Word], width: float, depth: int) -> list[list[Row]]:
    """Blocks of words outside ruled tables; a stretch of two columns is read left column first."""
    if not words:
        return []
    rows = gather(words)
    split = gutter(rows, width) if depth < 2 else None
    if split is not None:
        first, last, x = split
        inner = [w for row in rows[first:last] for w in row.words]
        parts = (
            [w for row in rows[:first] for w in row.words],
            [w for w in inner if w.x0 < x],
            [w for w in inner if w.x0 >= x],
            [w for row in rows[last:] for w in row.words],
        )
        return [block for part in parts for block in _flow(part, width, depth + 1)]
    split_cells(rows)
    return _part(tables(rows))


def _part(groups: Sequence[list[Row]]) -> list[list[Row]]:
    """Join groups that stand close to each other into one block."""
    gaps = [max(b[0].top - a[-1].bottom, 0.0) for a, b in pairwise(groups)]
    usual = quantiles(gaps, n=4)[0] if len(gaps) > 3 else 0.0
    blocks = [list(groups[0])]
    for gap, group in zip(gaps, groups[1:], strict=True):
        em = min(group[0].size, blocks[-1][-1].size)
        if gap > max(0.45 * em, 1.5 * usual):
            blocks.append(list(group))
        else:
            blocks[-1] += group
    return blocks


def _body_size(words: Sequence[Word]) -> float:
    """The median font size, each character counted once."""
    return float(median([w.size for w in words for _ in w.text])) if words else 0.0


def _join(blocks: Sequence[Sequence[Row]], body: float) -> Composed:
    """Write the rows down; `trust` holds a confidence for each box."""
    parts: list[str] = []
    boxes: list[Box] = []
    trust: list[float | None] = []
    lines: list[Line] = []
    at = 0
    for block in blocks:
        for i, row in enumerate(block):
            gap = "" if not parts else "\n" if i else "\n\n"
            parts.append(gap)
            boxes += [BLANK] * len(gap)
            trust += [None] * len(gap)
            at += len(gap)
            start = at
            for mark, word in _marked(row):
                if mark:
                    parts.append(mark)
                    boxes += [BLANK] * len(mark)
                    trust += [None] * len(mark)
                    at += len(mark)
                if word is not None:
                    parts.append(word.text)
                    boxes += char_boxes(word)
                    trust += [word.confidence] * len(word.text)
                    at += len(word.text)
            lines.append(Line(start, at, _kind(row, body, alone=i == 0)))
    flat = np.fromiter(chain.from_iterable(boxes), dtype=np.float32, count=4 * len(boxes))
    confidence = None
    if any(c is not None for c in trust):
        confidence = np.array([np.nan if c is None else c for c in trust], dtype=np.float32)
        confidence[np.isnan(confidence) & ~np.isnan(flat[::4])] = 1.0  # drawn tick boxes
    return Composed("".join(parts), flat.reshape(-1, 4), confidence, tuple(lines))


def _marked(row: Row) -> Iterator[tuple[str, Word | None]]:
    """The words of a row, each with what stands before it; an empty cell is its tab alone."""
    for j, cell in enumerate(row.cells):
        if not cell and j:
            yield "\t", None
        for k, word in enumerate(cell):
            yield " " if k else "\t" if j else "", word


def _kind(row: Row, body: float, alone: bool) -> LineKind:
    if len(row.cells) > 1:
        return "row"
    words = [w for w in row.words if w.text not in (EMPTY, TICKED)]
    text = " ".join(w.text for w in row.words)
    if len(words) < len(row.words) or not 2 < len(text) <= 90 or text[-1] in ".,;" or not any(map(str.isalpha, text)):
        return "text"
    if all(w.bold for w in words) or row.size >= (1.15 if words[0].confidence is None else 1.35) * body:
        return "heading"
    return "heading" if alone and looks_like_heading(text) else "text"


def looks_like_heading(text: str) -> bool:
    """Whether a line's letters alone say heading: short, in capitals, no sentence."""
    letters = [c for c in text if c.isalpha()]
    few = len(text) <= 60 and len(letters) >= 3 and len(letters) > 0.6 * len(text.replace(" ", ""))
    return few and all(c.isupper() for c in letters) and text.rstrip()[-1] not in ".,;"
