"""What is drawn and not printed as text: the rules of tables and the tick boxes of forms.

Works on the ink of a straightened picture (uint8, 1 is dark); returns pixels of that picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from extractors.readers.ocr_engines import PixelBox

from extractors.readers.ocr_engines import DPI
from extractors.readers.ocr_merge import union

POINT = DPI / 72
SIDE = (5.0, 17.0)
"""Side of a tick box in points."""
BORDER, FRAME = 0.82, 0.92
"""Share of each of the four sides, and of all four together, that must be inked."""
CORNER = 0.5
"""Share of each corner (2 by 2 pixels) that must be inked: letters are rounded there."""
GAP = 6
"""Pixels at its left and right without ink, which letters inside a word do not have."""
TICKED, UNSURE = 0.12, 0.04
"""Ink in the inner half of a ticked box, and from which on an empty box is not surely empty."""


class TickBox(NamedTuple):
    """A box, whether it holds a mark (a tick, a cross, a scribble), and how sure that is, 0 to 1."""

    box: PixelBox
    ticked: bool
    confidence: float


def rules(dark: np.ndarray) -> list[PixelBox]:
    """Straight drawn lines at least 24 points long, as thin boxes."""
    import cv2

    level = _level_rules(dark, gap=40)
    upright = _level_rules(cv2.transpose(dark), gap=4)
    return sorted(level + [(y0, x0, y1, x1) for x0, y0, x1, y1 in upright])


def table_lines(lines: list[PixelBox]) -> list[PixelBox]:
    """The rules that disturb recognition: upright ones, and level ones that meet them; fill-in lines are not among
    them."""
    upright = [r for r in lines if r[3] - r[1] > r[2] - r[0]]
    return upright + [r for r in lines if r not in upright and any(_overlap(_wider(r), u) for u in upright)]


def _wider(box: PixelBox) -> PixelBox:
    return (box[0] - 4, box[1] - 4, box[2] + 4, box[3] + 4)


def _level_rules(dark: np.ndarray, gap: float) -> list[PixelBox]:
    import cv2

    joined = cv2.dilate(dark, np.ones((3, 1), np.uint8))  # bridges the steps of a line that is not quite level
    joined = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, np.ones((1, 5), np.uint8))
    long = np.ones((1, round(24 * POINT)), np.uint8)
    lines = cv2.erode(joined, long)
    rows = _bands(lines)  # few rows hold a line, and what follows looks at each row alone
    if not len(rows):
        return []
    course = cv2.dilate(cv2.dilate(lines[rows], long), np.ones((1, round(40 * POINT)), np.uint8))
    lines = np.bitwise_and(course, joined[rows])  # adds shorter pieces in the course of longer ones
    _, _, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(lines, np.ones((1, 9), np.uint8)), connectivity=8)
    found = []
    for x, at, w, h, _ in stats[1:].tolist():
        if h > 3 * POINT or w < 24 * POINT:
            continue
        y = int(rows[at])
        inked = dark[y : y + h, x : x + w].max(0).mean()
        beside = max(
            dark[max(0, y - 3) : max(1, y - 1), x : x + w].mean(), dark[y + h + 1 : y + h + 3, x : x + w].mean()
        )
        if inked >= 0.8 and beside < 0.25:
            found.append((x, y, x + w, y + h))
    return _whole(found, gap * POINT)


def _bands(dark: np.ndarray) -> np.ndarray:
    """The rows that hold ink, and after each band of them one that holds none, which keeps it from the next."""
    inked = dark.any(1)
    return np.flatnonzero(inked | np.r_[False, inked[:-1]])


def _whole(pieces: list[PixelBox], gap: float) -> list[PixelBox]:
    """Level pieces of one line joined: a page not quite straight draws its lines in steps. Upright ones of tables one
    under the other stay apart."""
    lines: list[PixelBox] = []
    for piece in sorted(pieces):
        for i, line in enumerate(lines):
            if abs(piece[1] - line[1]) <= 5 and piece[0] - line[2] <= gap:
                lines[i] = union([line, piece])
                break
        else:
            lines.append(piece)
    return lines


def missed_print(dark: np.ndarray, found: list[PixelBox]) -> list[PixelBox]:
    """Stretches of letter-sized ink that no word of `found` covers: cells and columns that layout analysis lost."""
    import cv2

    left = dark.copy()
    for x0, y0, x1, y1 in found:
        left[max(0, y0 - 3) : y1 + 3, max(0, x0 - 14) : x1 + 14] = 0
    rows = _bands(left)
    if not len(rows):
        return []
    _, labels, stats, _ = cv2.connectedComponentsWithStats(left[rows], connectivity=8)
    _, _, w, h, area = stats.T
    letters = (h >= 10) & (h <= 60) & (w >= 2) & (w <= 80) & (area >= 12)
    letters[0] = False
    lines = cv2.dilate(letters[labels].astype(np.uint8), np.ones((1, 25), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    places = ((x, int(rows[at]), w, h) for x, at, w, h, _ in stats[1:].tolist())
    boxes = [(x, y, x + w, y + h) for x, y, w, h in places if w < 40 * h]
    edge = dark.shape
    return [(max(0, a + 6), max(0, b - 4), min(edge[1], c - 6), min(edge[0], d + 4)) for a, b, c, d in boxes]


def tick_boxes(dark: np.ndarray) -> list[TickBox]:
    """Every tick box, top to bottom. Frames are sought in the straight strokes alone: a pen mark does not hide them."""
    import cv2

    least, most = SIDE[0] * POINT, SIDE[1] * POINT
    run = round(least * 0.65)
    found: list[TickBox] = []
    for gap in (1, 2, 3):
        closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8)) if gap > 1 else dark
        strokes = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
        upright = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((run, 1), np.uint8))
        strokes = np.bitwise_or(strokes, upright)
        contours, _ = cv2.findContours(strokes, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        for x, y, w, h in map(cv2.boundingRect, contours):
            if w < least or h < least or w > most or h > most or abs(w - h) > 0.13 * max(w, h):
                continue
            box = (x, y, x + w, y + h)
            if not any(_overlap(box, t.box) for t in found) and _framed(closed, box):
                found.append(_state(dark, box))
    return sorted(found, key=lambda t: (t.box[1], t.box[0]))


def _overlap(a: PixelBox, b: PixelBox) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _framed(dark: np.ndarray, box: PixelBox) -> bool:
    """Four inked sides that end at the corners: the lines of a table's cell run on."""
    x0, y0, x1, y1 = box
    frame = dark[y0:y1, x0:x1]
    sides = (frame[:3].mean(1).max(), frame[-3:].mean(1).max(), frame[:, :3].mean(0).max(), frame[:, -3:].mean(0).max())
    corners = (frame[:2, :2], frame[:2, -2:], frame[-2:, :2], frame[-2:, -2:])
    if min(sides) < BORDER or sum(sides) < 4 * FRAME or min(float(c.mean()) for c in corners) < CORNER:
        return False
    beside = max(dark[y0:y1, max(0, x0 - GAP) : max(0, x0 - 1)].mean(), dark[y0:y1, x1 + 1 : x1 + GAP].mean())
    above, below = (dark[max(0, y0 - 6) : y0, x0 : x0 + 3], dark[y1 : y1 + 6, x0 : x0 + 3])
    return bool(beside < 0.15) and not _runs_on(above) and not _runs_on(below)


def _runs_on(part: np.ndarray) -> bool:
    return part.size > 0 and float(part.max(1).mean()) > 0.9


def _state(dark: np.ndarray, box: PixelBox) -> TickBox:
    x0, y0, x1, y1 = box
    dx, dy = (x1 - x0) // 4, (y1 - y0) // 4
    share = float(dark[y0 + dy : y1 - dy, x0 + dx : x1 - dx].mean())
    sure = share >= TICKED or share < UNSURE
    return TickBox(box, share >= (TICKED + UNSURE) / 2, 0.97 if sure else 0.4)
