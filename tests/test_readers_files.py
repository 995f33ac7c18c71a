"""Files that are broken, hostile or not what their name says: a clear reason, and never a hang."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

from extractors.document import Document
from extractors.errors import UnreadableFile
from extractors.readers import STANDARD, Limits, assemble, isolated, read_document

WORDS = "Pain score 8 of 10 at rest"


def write(path: Path, pages: int = 3, **options: object) -> Path:
    sheet = canvas.Canvas(str(path), pagesize=(612, 792), invariant=1, **options)
    for number in range(1, pages + 1):
        for k in range(30):
            sheet.drawString(60, 700 - 12 * k, f"{WORDS}, page {number}, line {k}")
        sheet.showPage()
    sheet.save()
    return path


def with_content(path: Path, *contents: bytes) -> Path:
    """A PDF whose pages have these raw content streams."""
    pdf = pikepdf.new()
    for content in contents:
        pdf.add_blank_page(page_size=(612, 792))
        pdf.pages[-1].Contents = pikepdf.Stream(pdf, content)
    pdf.save(path, compress_streams=True)
    return path


def reason(path: Path, limits: Limits = STANDARD) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read_document(path, limits=limits)
    assert caught.value.file == path.name
    return caught.value.reason


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.pdf", b"", "empty file"),
        ("a.txt", b" \n \n", "no text in the file"),
        ("a.pdf", b"<!DOCTYPE html><html>log in</html>", "named .pdf but it holds: web page"),
        ("a.pdf", b"Dear doctor, the scan follows by post.", "named .pdf but it holds: text"),
        ("a.txt", b"PK\x03\x04" + bytes(60), "named .txt but it holds: zip or Office file"),
        ("a.docx", b"PK\x03\x04" + bytes(60), "it holds: zip or Office file"),
        ("a.pdf", bytes(range(256)) * 20, "named .pdf but its content is of no known kind"),
        ("a.pdf", b"%PDF-1.7\n", "damaged: no reader can open it"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, why: str):
    path = tmp_path / name
    path.write_bytes(content)
    assert reason(path) == why


def test_a_missing_file(tmp_path: Path):
    assert reason(tmp_path / "none.pdf").startswith("cannot be opened: ")


def test_a_pdf_under_another_name_is_read_with_a_warning(tmp_path: Path):
    document = read_document(write(tmp_path / "note.txt", 1))
    assert document.warnings == ("named .txt but holds pdf",) and WORDS in document.pages[0].text


def test_a_password_is_needed(tmp_path: Path):
    path = write(tmp_path / "locked.pdf", encrypt=StandardEncryption("secret", "owner", strength=128))
    assert reason(path) == "encrypted: opens only with a password"


def test_an_owner_password_alone_does_not_lock(tmp_path: Path):
    document = read_document(write(tmp_path / "open.pdf", encrypt=StandardEncryption("", "owner", strength=128)))
    assert all(WORDS in page.text for page in document.pages) and not document.warnings


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_truncated_file_gives_the_pages_it_has(tmp_path: Path, share: float):
    path = write(tmp_path / "cut.pdf", 12)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    try:
        document = read_document(path)
    except UnreadableFile as problem:
        assert share == 0.5 and problem.reason.startswith("damaged")
        return
    assert any("damaged" in warning for warning in document.warnings)
    assert any(WORDS in page.text for page in document.pages)


def test_a_damaged_page_stays_in_and_says_so(tmp_path: Path):
    path = write(tmp_path / "bad.pdf", 2)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].Contents = pikepdf.Dictionary(Odd=1)
        pdf.save(path)
    first, second = read_document(path).pages
    assert not first.readable and first.reason
    assert second.readable and WORDS in second.text


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(file_bytes=500), "bytes, more than the 500 allowed"),
        (Limits(pages=2), "3 pages, more than the 2 allowed"),
    ],
)
def test_too_large_a_file(tmp_path: Path, limits: Limits, why: str):
    assert why in reason(write(tmp_path / "long.pdf"), limits)


def test_too_large_a_page(tmp_path: Path):
    path = write(tmp_path / "wide.pdf", 2)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].MediaBox = [0, 0, 1_000_000, 1_000_000]
        pdf.save(path)
    first, second = read_document(path).pages
    assert first.reason == "page of 1000000 x 1000000 points: beyond the size allowed" and not first.readable
    assert second.readable


def test_a_stream_that_inflates_without_end(tmp_path: Path):
    path = with_content(tmp_path / "bomb.pdf", b" " * 3_000_000)
    assert reason(path, Limits(stream_bytes=1_000_000)) == "a stream inflates beyond the size allowed"
    nested = tmp_path / "nested.pdf"
    import zlib

    pdf = pikepdf.new()
    pdf.add_blank_page()
    stream = pikepdf.Stream(pdf, b"")
    stream.write(zlib.compress(zlib.compress(b" " * 3_000_000)), filter=pikepdf.Array([pikepdf.Name.FlateDecode] * 2))
    pdf.pages[0].Contents = stream
    pdf.save(nested)
    assert reason(nested, Limits(stream_bytes=1_000_000)) == "a stream inflates beyond the size allowed"


def test_a_page_with_too_many_marks_or_too_slow(tmp_path: Path):
    path = with_content(tmp_path / "rects.pdf", b"0 0 90 90 re f " * 20_000, b"")
    page = read_document(path, limits=Limits(page_seconds=0.05)).pages[0]
    assert not page.readable and page.reason == "page took too long"
    path = with_content(tmp_path / "lines.pdf", b"0 0 m 90 90 l S " * 3_000)
    assert read_document(path, limits=Limits(marks=1_000)).pages[0].reason == "too many marks on the page"


def apart_read(path: Path, limits: Limits = STANDARD) -> Document:
    warnings: list[str] = []
    return assemble(path, None, isolated.pages_isolated(path, limits, warnings), warnings, None)


def test_a_child_reads_the_same_document(tmp_path: Path):
    path = write(tmp_path / "note.pdf")
    apart, here = apart_read(path), read_document(path)
    assert [p.text for p in apart.pages] == [p.text for p in here.pages] and apart.sha256 == here.sha256
    assert all((a.boxes == b.boxes)[~(a.boxes != a.boxes)].all() for a, b in zip(apart.pages, here.pages, strict=True))


def test_a_child_hands_on_why_a_file_is_unreadable(tmp_path: Path):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n")
    with pytest.raises(UnreadableFile, match="no reader can open it"):
        apart_read(path)


def test_a_page_that_kills_its_reader_costs_that_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(isolated, "GRACE_SECONDS", 3)
    endless = b"/CIDInit /ProcSet findresource begin 1 begincodespacerange <0000> <ffff> endcodespacerange " + (
        b"1 beginbfrange <00000000> <7fffffff> <0041> endbfrange endcmap"
    )
    path = write(tmp_path / "hang.pdf", 3)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        font = pdf.make_indirect(
            pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        )
        font.ToUnicode = pikepdf.Stream(pdf, endless)
        pdf.pages[1].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        pdf.save(path)
    document = apart_read(path, limits=Limits(page_seconds=0.2))
    assert [p.number for p in document.pages] == [1, 2, 3]
    assert [p.readable for p in document.pages] == [True, False, True]
    assert document.pages[1].reason == "reading stopped: too much memory or time"


def test_plain_text_pages_rows_and_boxes(tmp_path: Path):
    path = tmp_path / "note.txt"
    path.write_bytes(b"HISTORY\r\nPain 8/10.  Worse at night.\r\n\r\n\r\nDrug     Dose\r\nMorphine\t60 mg\fpage two")
    first, second = read_document(path).pages
    assert first.text == "HISTORY\nPain 8/10.  Worse at night.\n\nDrug\tDose\nMorphine\t60 mg"
    assert [n.kind for n in first.lines] == ["heading", "text", "row", "row"]
    assert second.text == "page two" and second.number == 2
    dose = first.text.index("Dose")
    assert first.boxes[dose].tolist() == [36 + 6 * 9, 36 + 12 * 4, 36 + 6 * 10, 36 + 12 * 5]


def test_long_lines_of_text_go_on_below_within_the_page(tmp_path: Path):
    path = tmp_path / "long.txt"
    path.write_text("word " * 100 + "\nnext")
    (page,) = read_document(path).pages
    import numpy as np

    assert np.nanmax(page.boxes[:, 2]) <= page.width and page.text.splitlines()[1] == "next"
    assert page.boxes[page.text.index("next")][1] > np.nanmax(page.boxes[: page.lines[0].end, 1])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str):
    path = tmp_path / "note.txt"
    path.write_bytes("Señora Núñez \u2013 50 %".encode(encoding))
    assert read_document(path).pages[0].text == "Señora Núñez \u2013 50 %"
