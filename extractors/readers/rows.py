"""Words into printed rows, rows into cells: what stands side by side, and where a gap means a new cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from extractors.readers.words import EMPTY, TICKED, Word

WIDE = 1.0
"""A gap of this many ems separates two cells by itself."""
ALIGNED = 0.45
"""A gap of this many ems does so when the next words of a neighbouring row start at the same place."""

LIST_MARK = re.compile(r"\(?\w{1,2}[.)]|[•●▪◆➢*o-]")


@dataclass(slots=True)
class Row:
    """Words on one baseline, from left to right, then their cells (an empty list is an empty cell)."""

    words: list[Word]
    cells: list[list[Word]]
    top: float
    bottom: float
    size: float
    ruled: bool = False

    @property
    def x0(self) -> float:
        return self.words[0].x0

    @property
    def x1(self) -> float:
        return max(w.x1 for w in self.words)


def row_of(words: Sequence[Word], cells: list[list[Word]] | None = None, ruled: bool = False) -> Row:
    """A row of at least one word; without `cells` it is one cell."""
    ordered = list(words) if cells is not None else sorted(words, key=lambda w: w.x0)
    size = max(w.size for w in ordered)
    top, bottom = min(w.top for w in ordered), max(w.bottom for w in ordered)
    return Row(ordered, cells if cells is not None else [ordered], top, bottom, size, ruled)


def gather(words: Sequence[Word]) -> list[Row]:
    """Rows from top to bottom: a word joins a row when it overlaps half of the row's tallest word, or of itself."""
    bands: list[tuple[Word, list[Word]]] = []
    for word in sorted(words, key=lambda w: w.top + w.bottom):
        for i in range(len(bands) - 1, max(len(bands) - 3, -1), -1):
            tallest, members = bands[i]
            small = word.bottom - word.top < 0.8 * (tallest.bottom - tallest.top)
            beside = min(members, key=lambda m: max(m.x0 - word.x1, word.x0 - m.x1)) if small else tallest
            if _level(tallest, word) and _level(beside, word):
                members.append(word)
                if word.bottom - word.top > 1.2 * (tallest.bottom - tallest.top):
                    bands[i] = (word, members)
                break
        else:
            bands.append((word, [word]))
    return [row_of(members) for _, members in bands]


def _level(a: Word, b: Word) -> bool:
    """Whether the lower of two words shares half of its height with the other."""
    return min(a.bottom, b.bottom) - max(a.top, b.top) > 0.5 * min(a.bottom - a.top, b.bottom - b.top)


def split_cells(rows: Sequence[Row]) -> None:
    """Set `cells` of every row by its gaps: wide ones, or narrower ones that line up with a neighbouring row."""
    space = _space(rows)
    least, clear = max(ALIGNED, 1.6 * space), max(WIDE, 1.8 * space)
    starts = [_starts(row, least) for row in rows]
    for i, row in enumerate(rows):
        if row.ruled or not starts[i]:
            continue
        near = [s for j in (i - 2, i - 1, i + 1, i + 2) if 0 <= j < len(rows) for s in starts[j]]
        usual = _usual_gap(row)
        cells, cell = [], [row.words[0]]
        for k, (before, word) in enumerate(pairwise(row.words)):
            gap, em = word.x0 - before.x1, row.size
            if k == 0 and LIST_MARK.fullmatch(before.text):
                new = False
            elif _tied(before, word, row.words[k + 2 : k + 3]):
                new = gap >= 3 * em
            else:
                wide = gap >= 2.5 * em or (gap >= clear * em and gap >= 1.8 * usual)
                new = wide or (gap >= least * em and _aligned(word, near, 0.2 * em))
            if new:
                cells.append(cell)
                cell = []
            cell.append(word)
        row.cells = [*cells, cell]


def _tied(before: Word, word: Word, after: Sequence[Word]) -> bool:
    """Whether a tick box is one of two words and the other its label: boxes alone in their columns are cells."""
    marks = (EMPTY, TICKED)
    if word.text in marks:
        return before.text not in marks and bool(after) and after[0].text not in marks
    return before.text in marks


def _space(rows: Sequence[Row]) -> float:
    """The space between words in ems: a quarter in most founts, 0.6 where all letters are as wide."""
    gaps = sorted((b.x0 - a.x1) / r.size for r in rows for a, b in pairwise(r.words))
    return min(max(gaps[len(gaps) // 4], 0.0), 0.7) if gaps else 0.0


def _starts(row: Row, least: float) -> list[tuple[float, float]]:
    """Left and right edge of each word that stands after a gap that may separate cells."""
    pairs = pairwise(row.words)
    return [(b.x0, b.x1) for a, b in pairs if b.x0 - a.x1 >= least * row.size]


def _aligned(word: Word, near: Sequence[tuple[float, float]], slack: float) -> bool:
    number = any(map(str.isdigit, word.text))  # set to the right, perhaps
    return any(abs(word.x0 - x0) <= slack or (number and abs(word.x1 - x1) <= slack) for x0, x1 in near)


def _usual_gap(row: Row) -> float:
    """The common space between words: wide in justified text."""
    gaps = [b.x0 - a.x1 for a, b in pairwise(row.words)]
    small = [g for g in gaps if g < 2.5 * row.size]
    return median(small) if len(small) >= 4 else 0.0


def tables(rows: list[Row]) -> list[list[Row]]:
    """Group rows: each unruled table as one group, its wrapped cells joined and its empty cells kept; others alone."""
    groups: list[list[Row]] = []
    i = 0
    while i < len(rows):
        run = _run(rows, i)
        groups.append(_columns(run) if len(run) > 1 else run)
        i += len(run)
    return groups


def _run(rows: Sequence[Row], first: int) -> list[Row]:
    """The rows of one table from `first` on: rows of several cells, and the wrapped lines of their cells."""
    run = [rows[first]]
    if len(run[0].cells) < 2 or run[0].ruled:
        return run
    for i in range(first + 1, len(rows)):
        row, below = rows[i], rows[i + 1] if i + 1 < len(rows) else None
        gap, em = row.top - run[-1].bottom, row.size
        if row.ruled or gap > 1.6 * em:
            break
        under = row.x0 > max(run[0].cells[0][-1].x1, run[0].cells[1][0].x0 - 0.5 * em) and gap < 0.6 * em
        if len(row.cells) < 2 and not (under or _wraps_first(row, run[0], gap, below)):
            break
        run.append(row)
    return run


def _wraps_first(row: Row, head: Row, gap: float, below: Row | None) -> bool:
    """Whether a single cell goes on the first column's cell above: in its width, and nearer to it than to the next."""
    inside = abs(row.x0 - head.x0) < 0.5 * row.size and row.x1 < head.cells[1][0].x0
    return inside and gap < 0.3 * row.size and (below is None or below.top - row.bottom > gap + 0.15 * row.size)


def _columns(run: list[Row]) -> list[Row]:
    """Anchor the cells of a table at the columns of its fullest row; join wrapped cells into the row above."""
    most = max(len(row.cells) for row in run)
    if len(run[0].cells) < most and sum(len(row.cells) == most for row in run) < 2:
        return run
    edges = [
        (min(c[0].x0 for c in col), max(c[-1].x1 for c in col))
        for col in zip(*(row.cells for row in run if len(row.cells) == most), strict=True)
    ]
    steps = [b.top - a.bottom for a, b in pairwise(run)]
    usual = median(steps)
    table: list[Row] = []
    for row in run:
        places = _places(row, edges)
        if places is None:
            table.append(row)
            continue
        gap = row.top - table[-1].bottom if table else 0.0
        wraps = len(places) == 1 or (places[0] > 0 and gap < 0.25 * row.size and gap < 0.6 * usual)
        if table and wraps and len(table[-1].cells) == most:
            for place, cell in zip(places, row.cells, strict=True):
                table[-1].cells[place].extend(cell)
            table[-1].words.extend(row.words)
            table[-1].bottom = max(table[-1].bottom, row.bottom)
            continue
        cells: list[list[Word]] = [[] for _ in edges]
        for place, cell in zip(places, row.cells, strict=True):
            cells[place] = cell
        row.cells = cells
        table.append(row)
    return table


def _places(row: Row, edges: Sequence[tuple[float, float]]) -> list[int] | None:
    """For each cell the column it overlaps most, or is nearest to; None when two cells meet in one column."""
    places = [
        max(range(len(edges)), key=lambda k: min(cell[-1].x1, edges[k][1]) - max(cell[0].x0, edges[k][0]))
        for cell in row.cells
    ]
    return places if all(a < b for a, b in pairwise(places)) else None
