"""A page picture made ready for recognition: grey, specks removed where they are dense, upright, straight.

Coordinates found on the prepared picture are carried back to the page by `Straightened.to_page`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from extractors.readers.ocr_engines import Picture

SPECK = 2
"""Largest connected group of pixels that is taken for a speck; a full stop of 7-point print at 200 dpi has 4."""
DENSE_SPECKS = 2e-4
"""Specks per pixel from which they are removed: below, the engines read better without the treatment."""
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
    return (picture < min(200, max(90, level))).astype(np.uint8)


def specks(dark: np.ndarray) -> np.ndarray:
    """The pixels of connected groups of at most SPECK pixels, as a boolean mask."""
    import cv2

    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] <= SPECK
    return small[labels]


def without_specks(picture: Picture) -> Picture:
    """Paint specks white when the page is dense with them."""
    mask = specks(ink(picture))
    if mask.mean() < DENSE_SPECKS:
        return picture
    cleaned = picture.copy()
    cleaned[mask] = 255
    return cleaned


def skew(dark: np.ndarray, limit: float = 6.0) -> float:
    """Degrees by which the lines of print fall to the right, found where the row profile is sharpest."""
    y, x = np.nonzero(dark[::2, ::2])
    if len(y) < 500:
        return 0.0
    step = max(1, len(y) // 60_000)
    x, y = x[::step].astype(np.float64), y[::step].astype(np.float64)
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
    return Straightened(level, angle)
