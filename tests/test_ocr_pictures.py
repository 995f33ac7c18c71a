"""What is done to a page picture before and beside the engines, against plain ways of doing the same."""

from __future__ import annotations

import numpy as np
import ocr_pages
import pytest
from PIL import Image, ImageDraw

from extractors.readers import scan_marks as marks
from extractors.readers import scan_picture as pictures


def page(degrees: float = 0.0) -> np.ndarray:
    return np.array(ocr_pages.page().rotate(degrees, fillcolor=255, resample=Image.Resampling.BICUBIC))


@pytest.mark.parametrize("shape", [(3, 3), (4, 5), (1, 2)])
def test_the_paper_is_the_median_of_all_pixels(shape: tuple[int, int]) -> None:
    for seed in range(20):
        picture = np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
        assert pictures.paper(picture) == np.median(picture)


def test_a_streak_goes_and_the_letters_that_it_crosses_stay() -> None:
    clean, streaked = page(), page()
    streaked[:, 701:703] = 0
    mended = pictures.without_streaks(streaked)
    assert pictures.ink(mended)[1000:, 690:710].sum() == 0
    assert (pictures.ink(mended) != pictures.ink(clean)).mean() < 1e-4
    assert pictures.without_streaks(clean) is clean


def test_dense_specks_go_and_full_stops_stay() -> None:
    clean = page()
    specked, rng = clean.copy(), np.random.default_rng(4)
    specked[rng.random(clean.shape) < 0.0009] = 0
    cleaned = pictures.ink(pictures.without_specks(specked))
    assert cleaned[1000:].sum() < 0.02 * pictures.ink(specked)[1000:].sum()  # touching specks make larger groups
    assert (pictures.ink(clean) & ~cleaned).sum() < 0.01 * pictures.ink(clean).sum()


@pytest.mark.parametrize("degrees", [-3.0, -0.7, 0.0, 1.1, 4.5])
def test_the_skew_is_found(degrees: float) -> None:
    assert pictures.skew(pictures.ink(page(-degrees))) == pytest.approx(degrees, abs=0.11)


def test_rules_are_found_where_they_are_drawn_also_on_neighbouring_rows() -> None:
    image = Image.new("L", (900, 700), 255)
    draw = ImageDraw.Draw(image)
    drawn = ((0, 650, 300, 652), (100, 50, 500, 52), (100, 58, 500, 60), (100, 400, 800, 402), (700, 100, 702, 600))
    for x0, y0, x1, y1 in drawn:
        draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=0)
    draw.rectangle((100, 200, 140, 201), fill=0)  # 41 pixels are no rule
    found = marks.rules(pictures.ink(np.array(image)))
    assert np.allclose(found, drawn, atol=5)
    assert marks.rules(np.zeros((50, 50), np.uint8)) == []


def test_print_that_no_word_covers_is_found() -> None:
    dark = pictures.ink(page())
    lines = [(195, 195 + 50 * i, 1650, 240 + 50 * i) for i in range(len(ocr_pages.LINES))]
    assert marks.missed_print(dark, lines) == []
    found = marks.missed_print(dark, [*lines[:2], (195, 295, 400, 340), *lines[3:]])
    assert found and all(x0 > 400 and y0 > 290 and y1 < 345 for x0, y0, _, y1 in found)
    assert marks.missed_print(np.zeros_like(dark), []) == []
