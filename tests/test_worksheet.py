"""The worksheet: one file that needs no other, with each excerpt marked where it stands on its page."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from made_packets import FORM, NOTE, write_pdf
from PIL import Image, ImageDraw

from criteria.policy import load_policy
from criteria.request import Request
from criteria.screening import screen
from extractors.document import Document, Page, excerpt
from extractors.finding import Finding
from extractors.readers import read_document
from pipeline.worksheet import build, write_worksheet

POLICY = load_policy()
TRIAL = Request("trial", "nonmalignant", request_date="2026-03-31")


def finding(document: Document, words: str, kind="infection", value="absent") -> Finding:
    page = document.pages[0]
    at = page.text.index(words)
    return Finding(kind, value, excerpt(document.document_id, page, at, at + len(words)), "test", date="2026-03-20")


def built(document: Document, path, *findings: Finding):
    screening = screen(POLICY, findings, TRIAL, [document], "packet")
    return screening, build(screening, [document], {document.document_id: path}, POLICY)


def picture_of(address: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(address.removeprefix("data:image/png;base64,")))).convert("L")


@pytest.fixture
def note(tmp_path):
    path = write_pdf(tmp_path / "note.pdf", NOTE)
    return read_document(path), path


def test_a_strip_of_a_pdf_shows_the_words_inside_the_marked_box(note):
    document, path = note
    _, page = built(document, path, finding(document, "no active infection"))
    figure = next(s.figures[0] for s in page.sections if s.figures)
    picture = picture_of(figure.picture)
    scale = picture.width / figure.width
    assert picture.height == pytest.approx(figure.height * scale, abs=2)
    x0, top, x1, bottom = figure.evidence.excerpt.boxes[0]
    ink = np.asarray(picture) < 128
    rows = slice(int((top - figure.top) * scale), int((bottom - figure.top) * scale) + 1)
    inside = ink[rows, int(x0 * scale) : int(x1 * scale) + 1]
    assert inside.mean() > 0.04
    gap = ink[int((bottom - figure.top + 4) * scale) : int((bottom - figure.top + 8) * scale), :]
    assert not gap.any()


def test_a_strip_of_a_rotated_and_cropped_page_shows_the_same_words(tmp_path):
    import pikepdf

    plain = write_pdf(tmp_path / "plain.pdf", NOTE)
    turned = tmp_path / "turned.pdf"
    with pikepdf.open(plain) as pdf:
        pdf.pages[0].Rotate = 90
        pdf.pages[0].CropBox = pikepdf.Array([40, 60, 580, 760])
        pdf.save(turned)
    document = read_document(turned)
    _, page = built(document, turned, finding(document, "no active infection"))
    figure = next(s.figures[0] for s in page.sections if s.figures)
    picture = picture_of(figure.picture)
    scale = picture.width / figure.width
    x0, top, x1, bottom = figure.evidence.excerpt.boxes[0]
    ink = np.asarray(picture) < 128
    inside = ink[
        int((top - figure.top) * scale) : int((bottom - figure.top) * scale) + 1, int(x0 * scale) : int(x1 * scale) + 1
    ]
    assert inside.mean() > 0.04


def test_a_text_file_is_drawn_with_its_words_in_the_boxes(tmp_path):
    path = tmp_path / "form.txt"
    path.write_text(FORM + "There is no active infection.\n")
    document = read_document(path)
    _, page = built(document, path, finding(document, "no active infection"))
    figure = next(s.figures[0] for s in page.sections if s.figures)
    assert figure.picture is None
    marked = figure.evidence.excerpt.boxes[0]
    inside = [w for x, y, _, w in figure.words if marked[0] - 1 <= x <= marked[2] and marked[1] <= y <= marked[3]]
    assert inside == ["no", "active", "infection."]


def test_a_fax_page_of_uneven_resolution_keeps_its_place(tmp_path):
    image = Image.new("1", (1728, 1078), 1)  # 204 x 98 dots an inch
    ImageDraw.Draw(image).rectangle((204, 490, 612, 514), fill=0)  # 1 to 3 inches across, 5 inches down
    path = tmp_path / "fax.tif"
    image.save(path, dpi=(204, 98))
    text = "no active infection"
    boxes = np.tile(np.array([[72, 360, 216, 377]], np.float32), (len(text), 1))
    page = Page(1, text, boxes, 1728 / 204 * 72, 1078 / 98 * 72, ocr=True)
    document = Document("fax", "fax.tif", "0" * 64, (page,))
    _, sheet = built(document, path, finding(document, text))
    figure = next(s.figures[0] for s in sheet.sections if s.figures)
    picture = np.asarray(picture_of(figure.picture)) < 128
    scale = picture.shape[1] / figure.width
    rows, columns = np.nonzero(picture)
    assert rows.min() / scale + figure.top == pytest.approx(360, abs=2)
    assert columns.min() / scale == pytest.approx(72, abs=2)


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.out, self.tags, self.ids, self.targets = [], set(), set(), set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.add(value)
            if name in ("src", "href") and value:
                (self.targets if value.startswith("#") else self.out).add(value[1:]) if value.startswith(
                    "#"
                ) else self.out.append(value[:10])


def test_the_file_needs_no_script_and_no_other_file_and_its_links_lead_somewhere(note, tmp_path):
    document, path = note
    screening, _ = built(document, path, finding(document, "no active infection"))
    written = write_worksheet(screening, [document], {"note": path}, POLICY, tmp_path)
    html = written.read_text()
    seen = Links()
    seen.feed(html)
    assert set(seen.out) == {"data:image"}
    assert "script" not in seen.tags
    assert seen.targets and seen.targets <= seen.ids
    assert "prefers-color-scheme: dark" in html and "@media print" in html


def test_every_criterion_shows_its_status_rationale_and_what_is_missing(note, tmp_path):
    document, path = note
    screening, _ = built(document, path, finding(document, "no active infection"))
    html = write_worksheet(screening, [document], {"note": path}, POLICY, tmp_path).read_text()
    for result in screening.criteria:
        section = html.split(f'id="c-{result.id}"')[1].split("</section>")[0]
        assert f'class="status {result.status}"' in section
        assert result.rationale in section.replace("&#39;", "'")
        assert section.count("<li>") == len(result.missing)
    assert "Nothing here approves or denies" in html


def test_words_of_a_record_cannot_become_markup(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("<script>alert(1)</script> no active infection </svg><img src=x>\n")
    document = read_document(path)
    whole = document.pages[0].text.strip()
    screening, _ = built(document, path, finding(document, whole))
    html = write_worksheet(screening, [document], {"note": path}, POLICY, tmp_path).read_text()
    assert "<script" not in html and "<img" not in html
    assert len(re.findall("&lt;script&gt;alert", html)) >= 1
