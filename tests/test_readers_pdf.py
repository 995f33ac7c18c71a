"""PDFs made here, read back: text in order, rows, marks, boxes that PDFium agrees with, and files that are broken."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import Image
from reportlab.lib import colors
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas
from reportlab.platypus import Table, TableStyle

from extractors.document import Page, excerpt
from extractors.readers import Limits, needs_ocr, read_document

Draw = Callable[[canvas.Canvas], None]
PROSE = (
    "The patient reports that the pain is worse on walking",
    "and better when she lies down, mostly in the evening,",
    "so that she now sleeps in a chair. Relief from tablets",
    "has been short; constipation followed each increase and",
    "she asks whether another way of giving the drug would",
    "let her stay awake. Her daughter, who keeps the diary,",
    "agrees with this account and has seen no confusion.",
)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Write one page for each drawing function."""

    def write(*pages: Draw, name: str = "note.pdf", **options: object) -> Path:
        path = tmp_path / name
        sheet = canvas.Canvas(str(path), pagesize=(612, 792), invariant=1, **options)
        for draw in pages:
            sheet.setFont("Helvetica", 10)
            draw(sheet)
            sheet.showPage()
        sheet.save()
        return path

    return write


def prose(sheet: canvas.Canvas, x: float = 60, y: float = 700) -> None:
    for k, words in enumerate(PROSE):
        sheet.drawString(x, y - 12 * k, words)


def read(path: Path) -> Page:
    """The only page, read without any fallback."""
    document = read_document(path)
    assert document.warnings == ()
    return document.pages[0]


def quotes(page: Page) -> Iterator[tuple[int, int]]:
    """Every word and every line."""
    for line in page.lines:
        yield line.start, line.end
        at = line.start
        for word in page.text[line.start : line.end].replace("\t", " ").split(" "):
            if word:
                yield at, at + len(word)
            at += len(word) + 1


def seen_by_pdfium(path: Path, number: int, boxes: tuple[tuple[float, ...], ...]) -> str:
    """The letters that PDFium has in these boxes of the displayed page."""
    page = pdfium.PdfDocument(path)[number - 1]
    text = page.get_textpage()
    found = []
    for i in range(text.count_chars()):
        x0, y0, x1, y1 = text.get_charbox(i, loose=True)
        px, py = page_to_display(page, (x0 + x1) / 2, (y0 + y1) / 2)
        if any(b[0] - 0.1 <= px <= b[2] + 0.1 and b[1] <= py <= b[3] for b in boxes):
            found.append(chr(pdfium.raw.FPDFText_GetUnicode(text, i)))
    return "".join(found)


def page_to_display(page: pdfium.PdfPage, x: float, y: float) -> tuple[float, float]:
    """PDFium's own map from page to displayed coordinates, in hundredths of a point."""
    import ctypes

    width, height = (round(100 * v) for v in page.get_size())
    px, py = ctypes.c_int(), ctypes.c_int()
    pdfium.raw.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, px, py)
    return px.value / 100, py.value / 100


def letters(text: str) -> list[str]:
    marks = {"\ufb01": "fi", "\ufb02": "fl", "\x02": "-", "\ufffe": "-"}
    return sorted("".join(marks.get(c, c) for c in text if not c.isspace()))


def assert_boxes_hold_quotes(path: Path) -> None:
    count = 0
    for page in read_document(path).pages:
        for start, end in quotes(page):
            cut = excerpt("note", page, start, end)
            assert letters(seen_by_pdfium(path, page.number, cut.boxes)) == letters(cut.quote)
            count += 1
    assert count > 5


def test_boxes_hold_exactly_the_words_of_their_quote(make):
    def draw(sheet: canvas.Canvas) -> None:
        prose(sheet)
        sheet.setFont("Times-Roman", 8)
        sheet.drawString(60, 560, "Dose raised to 120 mg/day; O2 sat 94 %, see below")

    assert_boxes_hold_quotes(make(draw, prose))


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, [20, 40, 560, 760]])
def test_boxes_are_those_of_the_displayed_page(make, turn: int, crop: list[int] | None):
    path = make(prose)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].MediaBox = [-10, 5, 602, 797]
        pdf.pages[0].Rotate = turn
        if crop:
            pdf.pages[0].CropBox = crop
        pdf.save(path)
    page = read(path)
    assert page.text == "\n".join(PROSE)
    size = pdfium.PdfDocument(path)[0].get_size()
    assert (page.width, page.height) == pytest.approx(size)
    assert page.rotation == (-turn) % 360
    assert_boxes_hold_quotes(path)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_text_reads_forward_and_follows_the_main_text(make, turn: int):
    def draw(sheet: canvas.Canvas) -> None:
        prose(sheet)
        sheet.saveState()
        sheet.translate(330, 300)
        sheet.rotate(turn)
        sheet.drawString(0, 0, "Received by fax")
        sheet.restoreState()

    path = make(draw)
    assert read(path).text == "\n".join(PROSE) + "\n\nReceived by fax"
    assert_boxes_hold_quotes(path)


def test_glyphs_are_those_of_pdfplumber(make):
    import pdfplumber

    from extractors.readers.content import ContentInterpreter
    from extractors.readers.glyphs import GlyphDevice

    def draw(sheet: canvas.Canvas) -> None:
        prose(sheet)
        text = sheet.beginText(60, 500)
        text.setCharSpace(0.7)
        text.setWordSpace(2)
        text.setHorizScale(80)
        text.setRise(3)
        text.textLine("spaced, (escaped) \\ and raised")
        sheet.drawText(text)
        sheet.rotate(30)
        sheet.drawString(300, 20, "DRAFT")

    with pdfplumber.open(make(draw)) as pdf:
        device = GlyphDevice(pdf.rsrcmgr, Limits())
        device.start((0, 792), float("inf"))
        ContentInterpreter(pdf.rsrcmgr, device).process_page(pdf.pages[0].page_obj)
        theirs = [(c["text"], c["x0"], c["top"], c["x1"], c["bottom"]) for c in pdf.pages[0].chars]
    assert [g.text for g in device.glyphs] == [c[0] for c in theirs]
    assert np.allclose([g[1:5] for g in device.glyphs], [c[1:] for c in theirs], atol=1e-6)


ROWS = [
    ["Drug", "Dose", "Response"],
    ["Morphine ER", "60 mg", "8 to 7"],
    ["Gabapentin", "", "dry, dizzy\nno help"],
    ["TENS", "daily", "little"],
]


@pytest.mark.parametrize("ruled", [True, False])
def test_table_rows(make, ruled: bool):
    def draw(sheet: canvas.Canvas) -> None:
        style = [("FONTSIZE", (0, 0), (-1, -1), 9), ("VALIGN", (0, 0), (-1, -1), "TOP")]
        table = Table(
            ROWS,
            colWidths=[120, 80, 150],
            style=TableStyle([*style, *([("GRID", (0, 0), (-1, -1), 0.5, colors.black)] if ruled else [])]),
        )
        table.wrapOn(sheet, 400, 400)
        table.drawOn(sheet, 60, 400)
        prose(sheet)

    path = make(draw)
    page = read(path)
    rows = [page.text[n.start : n.end] for n in page.lines if n.kind == "row"]
    assert rows == [
        "Drug\tDose\tResponse",
        "Morphine ER\t60 mg\t8 to 7",
        "Gabapentin\t\tdry, dizzy no help",
        "TENS\tdaily\tlittle",
    ]
    assert page.text.startswith("\n".join(PROSE) + "\n\nDrug")


def test_two_columns(make):
    def draw(sheet: canvas.Canvas) -> None:
        sheet.setFont("Helvetica", 9)
        prose(sheet, 50, 700)
        prose(sheet, 330, 700)

    assert read(make(draw)).text == "\n".join(PROSE) + "\n\n" + "\n".join(PROSE)


def test_hyphenated_line_ends_stay_as_printed(make):
    def draw(sheet: canvas.Canvas) -> None:
        sheet.drawString(60, 700, "She had a psycho-")
        sheet.drawString(60, 688, "logical evaluation.")

    assert read(make(draw)).text == "She had a psycho-\nlogical evaluation."


def test_ligatures_are_letters_each_with_its_share_of_the_box():
    from extractors.readers.assemble import words
    from extractors.readers.glyphs import Glyph

    (word,) = words(
        [Glyph("de", 0, 0, 10, 10, 10, 0, 0, False), Glyph("\ufb01", 10, 0, 16, 10, 10, 0, 0, False)], 0, 612, 792
    )
    assert word.text == "defi" and word.chars is not None
    assert word.chars[2:] == ((10, 0, 13, 10), (13, 0, 16, 10))


def zapf(sheet: canvas.Canvas) -> None:
    for k, (sign, words) in enumerate([("\u274f", "Yes"), ("\u2718", "No")]):
        sheet.setFont("ZapfDingbats", 10)
        sheet.drawString(60 + 60 * k, 700, sign)
        sheet.setFont("Helvetica", 10)
        sheet.drawString(73 + 60 * k, 700, words)


def drawn(style: str) -> Draw:
    def draw(sheet: canvas.Canvas) -> None:
        for k, words in enumerate(["Yes", "No"]):
            x = 60 + 60 * k
            sheet.rect(x, 700, 9, 9)
            sheet.drawString(x + 13, 701, words)
        if style == "cross":
            sheet.line(120, 700, 129, 709)
            sheet.line(120, 709, 129, 700)
        elif style == "filled":
            sheet.rect(122, 702, 5, 5, fill=1)
        else:
            sheet.drawString(121.5, 701, "X")

    return draw


@pytest.mark.parametrize(
    "draw", [zapf, drawn("cross"), drawn("filled"), drawn("letter")], ids=["zapf", "cross", "filled", "letter"]
)
def test_tick_boxes(make, draw: Draw):
    assert read(make(draw)).text == "☐ Yes ☒ No"


def test_brackets_stay_as_printed(make):
    assert read(make(lambda sheet: sheet.drawString(60, 700, "[x] Yes [ ] No"))).text == "[x] Yes [ ] No"


def test_a_cross_without_any_box_stays_a_cross(make):
    def draw(sheet: canvas.Canvas) -> None:
        sheet.setFont("ZapfDingbats", 10)
        sheet.drawString(60, 700, "\u2714")
        sheet.setFont("Helvetica", 10)
        sheet.drawString(73, 700, "seen")

    assert read(make(draw)).text == "✔ seen"


def test_filled_form_fields_stand_at_their_place(make):
    def draw(sheet: canvas.Canvas) -> None:
        form = sheet.acroForm
        sheet.drawString(60, 700, "Drug:")
        form.textfield(name="drug", x=100, y=695, width=200, height=16, value="morphine, preservative free")
        sheet.drawString(60, 660, "Trial done")
        form.checkbox(name="done", x=130, y=657, size=12, checked=True)
        sheet.drawString(160, 660, "Infection")
        form.checkbox(name="infection", x=220, y=657, size=12, checked=False)

    page = read(make(draw))
    assert page.text == "Drug:\tmorphine, preservative free\n\nTrial done ☒ Infection ☐"
    start = page.text.index("morphine")
    x0, top, x1, bottom = excerpt("note", page, start, start + 8).boxes[0]
    assert 100 <= x0 < x1 <= 300 and 792 - 711 <= top < bottom <= 792 - 695


def test_headers_and_footers_are_marked_and_stay_in_the_text(make):
    def sheet_of(number: int) -> Draw:
        def draw(sheet: canvas.Canvas) -> None:
            sheet.drawString(60, 760, "Bayou Pain Clinic")
            sheet.drawString(60, 748, "Patient: DOE, JANE  DOB: 1960-01-02  MRN: 55512")
            sheet.drawString(60, 30, f"clinic note   Page {number} of 3")
            prose(sheet, y=640 - 5 * number)

        return draw

    for page in read_document(make(*(sheet_of(k) for k in (1, 2, 3)))).pages:
        kinds = [n.kind for n in page.lines]
        assert kinds == ["header", "header", *["text"] * len(PROSE), "footer"]
        assert page.text.startswith("Bayou Pain Clinic\nPatient: DOE")


def test_a_single_page_knows_its_banner_and_its_page_number(make):
    def draw(sheet: canvas.Canvas) -> None:
        sheet.drawString(60, 760, "Bayou Pain Clinic")
        sheet.drawString(60, 748, "Patient: DOE, JANE  DOB: 1960-01-02  MRN: 55512")
        sheet.drawString(500, 30, "Page 1")
        prose(sheet)

    kinds = [n.kind for n in read(make(draw)).lines]
    assert kinds == ["header", "header", *["text"] * len(PROSE), "footer"]


def test_a_sentence_at_the_top_that_speaks_of_records_and_a_day_is_no_banner(make):
    def draw(sheet: canvas.Canvas) -> None:
        sheet.drawString(60, 760, "Opioids were cut by half before the injection.")
        sheet.drawString(60, 748, "Her pain was recorded as 8 on 02/03/2026 by the nurse.")

    assert [n.kind for n in read(make(draw)).lines] == ["text", "text"]


def picture(sheet: canvas.Canvas) -> None:
    buffer = io.BytesIO()
    Image.new("L", (170, 220), 200).save(buffer, "PNG")
    buffer.seek(0)
    sheet.drawImage(ImageReader(buffer), 0, 0, 612, 792)


def invisible(sheet: canvas.Canvas) -> None:
    picture(sheet)
    text = sheet.beginText(60, 700)
    text.setTextRenderMode(3)
    text.textLines("\n".join(PROSE))
    sheet.drawText(text)


def test_pages_that_need_ocr_say_so(make):
    def stamped(sheet: canvas.Canvas) -> None:
        picture(sheet)
        sheet.drawString(60, 780, "FAX 337 555 0100 p. 2")

    pages = read_document(make(prose, picture, stamped, invisible, lambda sheet: None)).pages
    assert [needs_ocr(p) for p in pages] == [False, True, True, True, False]
    assert [p.readable for p in pages] == [True, False, True, True, True]
    assert pages[4].reason == "empty page"
    assert pages[1].reason == "no text layer: needs OCR"
    assert pages[3].ocr and pages[3].text == "\n".join(PROSE)


def test_recognised_pages_take_the_place_of_those_that_need_it(make):
    asked = []

    def recognise(path: Path, pages: list[Page]) -> list[Page]:
        asked.extend(p.number for p in pages)
        return [Page(p.number, "A", np.ones((1, 4), np.float32), p.width, p.height, ocr=True) for p in pages[:1]]

    document = read_document(make(prose, picture, picture), recognise=recognise)
    assert asked == [2, 3]
    assert [p.text for p in document.pages] == ["\n".join(PROSE), "A", ""]
    assert document.warnings == ("page 3: no text layer: needs OCR",)


def test_letters_that_nobody_sees_are_left_out_and_told(make):
    def draw(sheet: canvas.Canvas) -> None:
        prose(sheet)
        sheet.setFillColor(colors.black)
        sheet.rect(60, 500, 200, 20, fill=1)
        sheet.setFillColor(colors.white)
        sheet.drawString(65, 505, "White on black")
        sheet.drawString(65, 405, "White on white")
        sheet.setFillColor(colors.black)
        sheet.drawString(700, 405, "Off the page")
        text = sheet.beginText(60, 300)
        text.setTextRenderMode(3)
        text.textLine("Invisible")
        sheet.drawText(text)

    (page,) = read_document(make(draw)).pages
    assert page.text == "\n".join(PROSE) + "\n\nWhite on black"
    assert page.reason == "31 letters that cannot be seen left out"


def test_the_same_bytes_give_the_same_document(make):
    path = make(prose, zapf)
    one, two = read_document(path), read_document(path, "other")
    assert (one.document_id, two.document_id, one.file) == ("note", "other", "note.pdf")
    assert one.sha256 == two.sha256
    assert all(
        a.text == b.text and np.array_equal(a.boxes, b.boxes, equal_nan=True)
        for a, b in zip(one.pages, two.pages, strict=True)
    )


OPERANDS = [b"1", b"-2", b".5", b"4.", b"+3.25", b"--5", b"1.2.3", b"5-3", b"(a b)",
            b"(a\\)b(c)d\\053\\n)", b"(x\\\ny)", b"(\\1)",
            b"<48 65>", b"/F1", b"/A#20B", b"/", b"true", b"[1 (b)[/C]]", b"<</K 1/L(v)>>", b"%note\n",
            b"\x00"]  # fmt: skip
OPERATORS = [b"Tj", b"T*", b"'", b'"', b"BT", b"q", b"TJ", b"f*", b"12ab"]


@pytest.mark.parametrize("seed", range(5))
def test_content_is_cut_as_pdfminer_cuts_it(seed: int):
    import random

    from pdfminer.pdfinterp import PDFContentParser
    from pdfminer.pdftypes import PDFStream
    from pdfminer.psparser import PSEOF, PSKeyword

    from extractors.readers.content import tokens

    def theirs(content: bytes) -> Iterator[tuple[bytes | None, object]]:
        parser = PDFContentParser([PDFStream({}, content)])
        while True:
            try:
                _, item = parser.nextobject()
            except PSEOF:
                return
            yield (item.name, None) if isinstance(item, PSKeyword) else (None, item)

    pick = random.Random(seed)
    for _ in range(200):
        parts = [pick.choice(OPERANDS if pick.random() < 0.7 else OPERATORS) for _ in range(12)]
        content = (
            b"".join(p + pick.choice([b" ", b"\n", b"\r\n", b" " if p[-1:].isalnum() else b""]) for p in parts) + b" "
        )
        assert list(tokens(content)) == list(theirs(content)), content
