"""A page picture made ready for recognition: specks removed where they are dense, streaks removed, straightened.

Coordinates found on the prepared picture are carried back to the page by `Straightened.to_page`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from extractors.readers.ocr_engines import Picture, PixelBox

SPECK = 2
"""Largest connected group of pixels that is taken for a speck; a full stop of 7-point print at 200 dpi has 4."""
DENSE_SPECKS = 2e-4
"""Specks per pixel from which they are removed: below, the engines read better without the treatment."""
FAINT = 20
"""Grey levels below the paper's from which a pixel is drawn on; scanner noise stays within."""
CRUMB_GAP = 16
"""Pixels to the next letter from which a flat crumb is nobody's full stop or hyphen."""
STREAK = 0.25
"""Share of the page's height that a streak inks in a column, beyond what print does there."""
MARGIN = 60
"""Rows at the top and bottom of a page, which a streak crosses and a table does not."""
EDGE = 40
"""Pixels from the left and right edge within which a dark band is the scanner's."""
LEAST_SKEW = 0.1
"""Degrees below which a page counts as straight."""


class Straightened(NamedTuple):
    """The picture turned by `-skew` degrees about its centre."""

    picture: Picture
    skew: float

    def to_page(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixel positions on the straightened picture as positions on the picture that came in."""
        height, width = self.picture.shape
        angle = math.radians(self.skew)
        dx, dy = x - width / 2, y - height / 2
        return (
            width / 2 + math.cos(angle) * dx - math.sin(angle) * dy,
            height / 2 + math.sin(angle) * dx + math.cos(angle) * dy,
        )


def ink(picture: Picture) -> np.ndarray:
    """Where there is print: uint8, 1 on dark pixels, by Otsu's threshold kept within sane limits."""
    import cv2

    level, _ = cv2.threshold(picture, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return (picture < int(min(200, max(90, level)))).view(np.uint8)


def faint_ink(picture: Picture) -> np.ndarray:
    """Where anything is drawn, the grey hairlines of tables too: uint8, 1 on pixels darker than the paper."""
    return (picture < math.ceil(paper(picture)) - FAINT).view(np.uint8)


def paper(picture: Picture) -> float:
    """The grey of the paper: the median of all pixels, counted by level (sorting millions of bytes is dear)."""
    import cv2

    below = np.cumsum(cv2.calcHist([picture], [0], None, [256], [0, 256]))
    middle = np.searchsorted(below, [(picture.size + 1) // 2, picture.size // 2 + 1])
    return float(middle.mean())


def without_specks(picture: Picture) -> Picture:
    """Paint specks white when the page is dense with them, and the crumbs that faxed hairlines leave in any case."""
    import cv2

    dark = ink(picture)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] <= SPECK
    drop = _crumbs(stats, dark.shape)
    if float((small * stats[:, cv2.CC_STAT_AREA]).sum()) >= DENSE_SPECKS * dark.size:
        drop |= small
    if not drop.any():
        return picture
    cleaned = picture.copy()
    inked = np.flatnonzero(dark.view(bool))
    cleaned.reshape(-1)[inked[drop[labels.reshape(-1)[inked]]]] = 255
    return cleaned


def _crumbs(stats: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Flat components with no letter beside them at their height: not full stops, hyphens or underscores."""
    x, y, w, h, _ = stats.T
    beside = np.zeros(shape, np.uint8)
    for left, top, wide, tall, _ in stats[(h >= 8) & (h <= 60)].tolist():
        beside[max(0, top - 2) : top + tall + 2, max(0, left - CRUMB_GAP) : left + wide + CRUMB_GAP] = 1
    flat = np.flatnonzero((h <= 3) & (w <= 24))
    alone = beside[y[flat] + h[flat] // 2, x[flat] + w[flat] // 2] == 0
    crumbs = np.zeros(len(stats), bool)
    crumbs[flat[alone]] = True
    return crumbs


def without_streaks(picture: Picture) -> Picture:
    """Remove upright lines a dirty sensor draws over most of the page's height, and dark left and right edges.

    A streak's pixels take the lighter of their two neighbours, so letters that it crosses stay whole.
    """
    dark = ink(picture)
    share = dark.mean(0)
    usual = np.median(np.lib.stride_tricks.sliding_window_view(np.pad(share, 8, mode="edge"), 17), axis=1)
    margins = np.minimum(dark[:MARGIN].mean(0), dark[-MARGIN:].mean(0))  # the rules of a table end before them
    streak = (share > usual + STREAK) & (margins > STREAK / 2)
    if not streak.any():
        return picture
    cleaned = picture.copy()
    starts = np.flatnonzero(streak & ~np.r_[False, streak[:-1]])
    ends = np.flatnonzero(streak & ~np.r_[streak[1:], False]) + 1
    width = picture.shape[1]
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end - start > 4 and start > EDGE and end < width - EDGE:
            continue
        left = picture[:, start - 1] if start else np.full(len(picture), 255, np.uint8)
        right = picture[:, end] if end < width else np.full(len(picture), 255, np.uint8)
        cleaned[:, start:end] = np.maximum(left, right)[:, None]
    return cleaned


def skew(dark: np.ndarray, limit: float = 6.0) -> float:
    """Degrees by which the lines of print fall to the right, found where the row profile is sharpest."""
    half = np.ascontiguousarray(dark[::2, ::2])
    places = np.flatnonzero(half.view(bool))
    if len(places) < 500:
        return 0.0
    y, x = np.divmod(places[:: max(1, len(places) // 60_000)], half.shape[1])
    height = dark.shape[0] // 2

    def sharpness(degrees: float) -> float:
        rows = np.rint(y - x * math.tan(math.radians(degrees))).astype(np.int64)
        profile = np.bincount(rows + 2 * height).astype(np.float64)
        return float(((profile[1:] - profile[:-1]) ** 2).sum())

    best = max(np.arange(-limit, limit + 0.01, 0.5), key=sharpness)
    return float(max(np.arange(best - 0.5, best + 0.51, 0.1), key=sharpness))


def straighten(picture: Picture) -> Straightened:
    """Turn the picture so that its lines of print run level."""
    import cv2

    angle = skew(ink(picture))
    if abs(angle) < LEAST_SKEW:
        return Straightened(picture, 0.0)
    height, width = picture.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    level = cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=255)
    return Straightened(np.asarray(level, np.uint8), angle)


def weights(dark: np.ndarray) -> Callable[[list[PixelBox]], float]:
    """How heavy print is: the share of the ink in some boxes that is left when every stroke loses its rim."""
    import cv2

    ink = dark.astype(np.uint8)
    core = cv2.erode(ink, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    sums = [cv2.integral(picture) for picture in (core, ink)]

    def weigh(boxes: list[PixelBox]) -> float:
        left, all_ink = (
            sum(int(s[y1, x1]) - int(s[y0, x1]) - int(s[y1, x0]) + int(s[y0, x0]) for x0, y0, x1, y1 in map(inside, boxes))
            for s in sums
        )
        return left / max(1, all_ink)

    def inside(box: PixelBox) -> PixelBox:
        tall, wide = ink.shape
        x0, y0, x1, y1 = box
        return min(max(0, x0), wide), min(max(0, y0), tall), min(max(0, x1), wide), min(max(0, y1), tall)

    return weigh
