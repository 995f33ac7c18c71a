"""Ruled tables: the cells that drawn lines enclose, and the words in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from extractors.document import Box
from extractors.readers.rows import Row, gather, row_of
from extractors.readers.words import Word

NEAR = 2.0
"""Lines this many points apart touch, or are the same line drawn twice."""
TALL_CELL = 6
"""A row with a cell of more lines than this is a form's frame, not a table row: its cells are read one by one."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One ruled table: its horizontal and vertical lines, at least two columns wide."""

    across: tuple[Box, ...]
    down: tuple[Box, ...]
    box: Box

    def holds(self, word: Word) -> bool:
        x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
        return self.box[0] < x < self.box[2] and self.box[1] < y < self.box[3]


def find_grids(rules: Sequence[Box]) -> list[Grid]:
    """Sets of touching lines that enclose at least two cells side by side."""
    lines = [r for r in rules if max(r[2] - r[0], r[3] - r[1]) > 4]
    grids = []
    for group in _touching(lines):
        across = tuple(r for r in group if r[2] - r[0] >= r[3] - r[1])
        down = tuple(r for r in group if r[2] - r[0] < r[3] - r[1])
        if len(_levels([r[1] for r in across])) >= 2 and len(_levels([r[0] for r in down])) >= 3:
            box = (
                min(r[0] for r in group),
                min(r[1] for r in group),
                max(r[2] for r in group),
                max(r[3] for r in group),
            )
            grids.append(Grid(across, down, box))
    return grids


def _touching(lines: Sequence[Box]) -> list[list[Box]]:
    """Connected sets, from top to bottom: a sweep that keeps the sets still open at this height."""
    closed: list[list[Box]] = []
    open_: list[list[Box]] = []
    for line in sorted(lines, key=lambda r: r[1]):
        still = []
        joined = [line]
        for group in open_:
            if max(r[3] for r in group) < line[1] - NEAR:
                closed.append(group)
            elif any(_meet(r, line) for r in group):
                joined += group
            else:
                still.append(group)
        open_ = [*still, joined]
    return closed + open_


def _meet(a: Box, b: Box) -> bool:
    return a[0] - NEAR <= b[2] and b[0] - NEAR <= a[2] and a[1] - NEAR <= b[3] and b[1] - NEAR <= a[3]


def _levels(values: Sequence[float]) -> list[float]:
    levels: list[float] = []
    for value in sorted(values):
        if not levels or value - levels[-1] > NEAR:
            levels.append(value)
    return levels


def grid_rows(grid: Grid, words: Sequence[Word]) -> list[list[Row]]:
    """The table's rows; a frame with long cells gives one group of plain rows for each cell instead."""
    columns = _levels([r[0] for r in grid.down])[:-1]
    cells: dict[tuple[float, float], list[Word]] = {}
    for word in words:
        cells.setdefault(_corner(grid, word), []).append(word)
    groups: list[list[Row]] = [[]]
    for top in _levels([key[0] for key in cells]):
        joined: dict[float, list[Word]] = {}  # a broken rule makes two cells of one: neither may hide the other
        for (y, left), part in sorted(cells.items()):
            if abs(y - top) <= NEAR:
                joined.setdefault(left, []).extend(part)
        row = {left: gather(part) for left, part in joined.items()}
        if max(len(lines) for lines in row.values()) > TALL_CELL:
            groups += [*row.values(), []]
            continue
        placed: list[list[Word]] = [[] for _ in columns]
        for left, lines in row.items():
            place = min(range(len(columns)), key=lambda k: abs(columns[k] - left))
            placed[place] += [w for line in lines for w in line.words]
        if len(row) == 1:
            groups[-1] += next(iter(row.values()))
        else:
            groups[-1].append(row_of([w for cell in placed for w in cell], placed, ruled=True))
    return [group for group in groups if group]


def _corner(grid: Grid, word: Word) -> tuple[float, float]:
    """Top and left edge of the cell that holds the middle of a word."""
    x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
    tops = [r[1] for r in grid.across if r[1] <= y and r[0] - NEAR <= x <= r[2] + NEAR]
    lefts = [r[0] for r in grid.down if r[0] <= x and r[1] - NEAR <= y <= r[3] + NEAR]
    return max(tops, default=grid.box[1]), max(lefts, default=grid.box[0])
