"""What recognition gives back for page pictures: text, trust, boxes, rows, tick boxes, orientation."""

from __future__ import annotations

import numpy as np
import ocr_pages
import pytest
from PIL import Image, ImageDraw

from extractors.document import TRUSTED, Page, excerpt
from extractors.readers.ocr import Reading, recognise_page


def read(image: Image.Image, **options: object) -> Page:
    points = image.width * 72 / 200, image.height * 72 / 200
    return recognise_page(np.array(image.convert("L")), *points, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def clean() -> Page:
    return read(ocr_pages.page())


def least_trust(page: Page, words: str) -> float:
    at = page.text.index(words)
    assert page.confidence is not None
    return float(np.nanmin(page.confidence[at : at + len(words)]))


def test_clean_print_is_read_word_for_word(clean: Page) -> None:
    assert [" ".join(line.split()) for line in clean.text.splitlines() if line] == [
        " ".join(line.split()) for line in ocr_pages.LINES
    ]
    assert clean.ocr and clean.readable and clean.rotation == 0


def test_numbers_read_alike_by_both_engines_are_trusted(clean: Page) -> None:
    for number in ("8/10", "3/10", "180", "60", "1.1", "214", "02/16/2026", "03/14/1961", "4471920"):
        assert least_trust(clean, number) >= TRUSTED, number


def test_without_the_second_engine_no_number_is_trusted() -> None:
    page = read(ocr_pages.page(), reading=Reading(thorough=False))
    assert least_trust(page, "180") < TRUSTED
    assert least_trust(page, "Morphine") >= TRUSTED


def test_boxes_lie_on_the_printed_words(clean: Page) -> None:
    at = clean.text.index("Morphine")
    (box,) = excerpt("d", clean, at, at + len("Morphine")).boxes
    left, top, right, bottom = ocr_pages.font(11).getbbox("Morphine")
    true = tuple(v * 0.36 for v in (200 + left, 300 + top, 200 + right, 300 + bottom))
    assert np.allclose(box, true, atol=3.5)
    assert np.isnan(clean.boxes[clean.text.index("\n")]).all()
    assert len(clean.boxes) == len(clean.text)


def test_fax_noise_leaves_the_words(clean: Page) -> None:
    page = read(ocr_pages.faxed(ocr_pages.page()))
    read_words, true = set(page.text.split()), set(clean.text.split())
    assert len(read_words & true) >= 0.95 * len(true)
    assert len(read_words - true) <= 3


def test_boxes_follow_the_skew_of_a_fax() -> None:
    page = read(ocr_pages.faxed(ocr_pages.page(), degrees=1.1))
    line = page.text.index("Patient:")
    end = page.text.index("4471920")
    rise = page.boxes[line, 1] - page.boxes[end, 1]
    run = page.boxes[end, 0] - page.boxes[line, 0]
    assert rise / run == pytest.approx(np.tan(np.radians(1.1)), abs=0.006)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_page_scanned_sideways_or_upside_down_is_read(clean: Page, turns: int) -> None:
    turned = Image.fromarray(np.rot90(np.array(ocr_pages.page()), -turns).copy())
    page = read(turned)
    assert page.rotation == 90 * turns
    assert page.text == clean.text
    at = page.text.index("Morphine")
    box = page.boxes[at]
    (x0, top, x1, bottom), (width, height) = (clean.boxes[at], (clean.width, clean.height))
    for _ in range(turns):
        x0, top, x1, bottom, width, height = (height - bottom, x0, height - top, x1, height, width)
    assert np.allclose(box, (x0, top, x1, bottom), atol=1.5)


def test_cells_of_a_ruled_row_are_separated_by_one_tab() -> None:
    page = read(ocr_pages.table())
    rows = [page.text[line.start : line.end] for line in page.lines if line.kind == "row"]
    assert rows == ["Date\tScore\tNote", "05/01\t8\tbaseline", "05/02\t7\trest", "05/03\t3\tbetter"]


def test_tick_boxes_are_empty_crossed_or_ticked() -> None:
    page = read(ocr_pages.page(boxes=(" ", "x", "v", " ")))
    answers = [line for line in page.text.splitlines() if "Answer" in line]
    assert [line[0] for line in answers] == ["☐", "☒", "☒", "☐"]
    assert [line[1:].strip() for line in answers] == [f"Answer number {i}" for i in (1, 2, 3, 4)]


def test_an_unsure_tick_box_has_low_confidence() -> None:
    image = ocr_pages.page(boxes=(" ", "x"))
    for x, y in ((208, 712), (212, 716), (216, 710)):  # a few dots of ink: a slip of the pen or dirt
        image.paste(0, (x, y, x + 2, y + 2))
    page = read(image)
    assert least_trust(page, page.text[page.text.index("Answer number 1") - 2]) < TRUSTED
    assert least_trust(page, "☒") >= TRUSTED


def test_the_sending_machines_line_is_a_header() -> None:
    image = ocr_pages.faxed(ocr_pages.page(), degrees=0.0)
    line = ocr_pages.page(())
    ImageDraw.Draw(line).text((100, 20), "02/19/2026 14:07 FROM: SPINE CLINIC TO: 5550100777 PAGE 003/014",
                              font=ocr_pages.font(8), fill=0)  # fmt: skip
    both = Image.fromarray(np.minimum(np.array(image.convert("L")), np.array(line)))
    page = read(both)
    assert page.lines[0].kind == "header"
    assert "FROM" in page.text[page.lines[0].start : page.lines[0].end]
    assert all(other.kind != "header" for other in page.lines[1:])


def test_a_blank_page_is_readable_and_empty() -> None:
    page = read(Image.new("L", (1700, 2200), 255))
    assert (page.text, page.readable, page.reason) == ("", True, None)


def test_a_page_of_noise_is_unreadable_and_says_why() -> None:
    rng = np.random.default_rng(3)
    grey = np.asarray(ocr_pages.page().resize((170, 220)).resize((1700, 2200)), dtype=np.float32)
    noise = np.where(grey + rng.normal(0, 120, grey.shape) < 128, 0, 255).astype(np.uint8)
    page = read(Image.fromarray(noise))
    assert not page.readable and page.reason


def test_standard_resolution_fax_pixels_are_made_square(clean: Page) -> None:
    flat = ocr_pages.page().resize((1734, 1078), Image.Resampling.BOX)
    page = recognise_page(np.array(flat), 612, 792)
    assert len(set(page.text.split()) & set(clean.text.split())) >= 0.9 * len(set(clean.text.split()))


def test_a_line_in_bold_print_is_a_heading() -> None:
    image = ocr_pages.page()
    draw = ImageDraw.Draw(image)
    draw.text((200, 600), "Substance use history", font=ocr_pages.font(11), fill=0, stroke_width=1)
    draw.text((200, 650), "He chews tobacco and does not drink.", font=ocr_pages.font(11), fill=0)
    page = read(image)
    headings = [page.text[x.start : x.end] for x in page.lines if x.kind == "heading"]
    assert headings == ["Substance use history"]
