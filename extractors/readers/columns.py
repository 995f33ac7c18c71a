"""Pages set in two columns: where the gutter runs, and over which rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import numpy as np

from extractors.readers.rows import WIDE, Row, gather
from extractors.readers.words import Word

STEP = 3.0
LEAST_ROWS = 5


def gutter(rows: Sequence[Row], width: float) -> tuple[int, int, float] | None:
    """(first row, row after the last, x) of the longest stretch set as two columns of prose, or None.

    A table of two columns is no such stretch: its cells are short, or do not run on from line to line.
    """
    wide = sum(any(b.x0 - a.x1 >= WIDE * r.size for a, b in pairwise(r.words)) or r.x0 > 0.45 * width for r in rows)
    if wide < LEAST_ROWS:
        return None
    bins = int(width / STEP) + 1
    low, high = int(0.25 * bins), int(0.75 * bins)
    run = np.zeros(bins, dtype=int)
    best: dict[tuple[int, int], list[int]] = {}
    for i in range(len(rows) + 1):
        taken = np.ones(bins, dtype=bool) if i == len(rows) else _taken(rows[i], bins)
        for k in np.flatnonzero(taken[low:high] & (run[low:high] >= LEAST_ROWS)) + low:
            best.setdefault((i - int(run[k]), i), []).append(int(k))
        run = np.where(taken, 0, run + 1)
    for (first, last), places in sorted(best.items(), key=lambda item: item[0][0] - item[0][1]):
        x = (places[len(places) // 2] + 0.5) * STEP
        while first < last - 1 and _apart(rows[first], rows[first + 1]):
            first += 1
        while first < last - 1 and _apart(rows[last - 2], rows[last - 1]):
            last -= 1
        if _prose(rows[first:last], x):
            return first, last, x
    return None


def _apart(above: Row, below: Row) -> bool:
    """Whether a row stands clear of the stretch that begins or ends beside it: a letterhead, a page number."""
    return below.top - above.bottom > 1.5 * min(above.size, below.size)


def _taken(row: Row, bins: int) -> np.ndarray:
    taken = np.zeros(bins, dtype=bool)
    for word in row.words:
        taken[max(int(word.x0 / STEP), 0) : int(word.x1 / STEP) + 1] = True
    return taken


def _prose(rows: Sequence[Row], x: float) -> bool:
    words = [w for row in rows for w in row.words]
    return all(_runs_on([w for w in words if (w.x0 < x) is left]) for left in (True, False))


def _runs_on(words: Sequence[Word]) -> bool:
    """Whether words of one side are prose: lines that fill their column and often begin in mid sentence."""
    lines = gather(words)
    if len(lines) < LEAST_ROWS - 1:
        return False
    column = max(r.x1 for r in lines) - min(r.x0 for r in lines)
    full = median((r.x1 - r.x0) / column for r in lines)
    long = median(sum(len(w.text) + 1 for w in r.words) for r in lines)
    gaps = median(sum(b.x0 - a.x1 > 1.5 * r.size for a, b in pairwise(r.words)) for r in lines)
    lower = sum(r.words[0].text[0].islower() for r in lines) / len(lines)
    return full >= 0.6 and long >= 18 and gaps == 0 and lower >= 0.25
