"""One recognition per content, the same bytes whatever the number of processes, no text where it must not be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import ocr_pages
import pytest

from extractors.document import Page
from extractors.readers import ocr_store as store
from extractors.readers import read_document
from extractors.readers.ocr import Reading
from extractors.readers.ocr_worker import Recogniser


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scan") / "three.pdf"
    others = [ocr_pages.page((f"Page {n}: pain score {n}/10.",)) for n in (2, 3)]
    ocr_pages.page().save(path, resolution=200, save_all=True, append_images=others)
    return path


def test_any_number_of_processes_gives_the_same_bytes(scan: Path) -> None:
    results = []
    for jobs in (1, 2):
        with Recogniser(jobs=jobs) as recogniser:
            results.append([store.encode(p) for p in read_document(scan, recognise=recogniser).pages])
    assert results[0] == results[1]
    assert b"pain score 3/10" in results[0][2]


def test_a_page_is_recognised_once(scan: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with Recogniser(cache=cache) as recogniser:
        first = read_document(scan, recognise=recogniser)
    copy = tmp_path / "other name.pdf"
    copy.write_bytes(scan.read_bytes())
    with Recogniser(cache=cache) as recogniser:
        again = read_document(copy, recognise=recogniser)
        assert all(w.process is None for w in recogniser.workers)
    assert [store.encode(p) for p in first.pages] == [store.encode(p) for p in again.pages]


def test_a_damaged_cache_entry_is_recognised_anew(scan: Path, tmp_path: Path) -> None:
    with Recogniser(cache=tmp_path) as recogniser:
        first = read_document(scan, recognise=recogniser)
        for entry in tmp_path.rglob("*.json"):
            entry.write_bytes(entry.read_bytes()[:100])
        again = read_document(scan, recognise=recogniser)
    assert [p.text for p in first.pages] == [p.text for p in again.pages]


def test_cache_files_are_for_their_owner_only(scan: Path, tmp_path: Path) -> None:
    with Recogniser(cache=tmp_path) as recogniser:
        read_document(scan, recognise=recogniser)
    entries = list(tmp_path.rglob("*.json"))
    assert len(entries) == 3
    assert all(entry.stat().st_mode & 0o077 == 0 for entry in entries)


def test_settings_and_page_make_the_key() -> None:
    keys = {store.key("a", 1, Reading()), store.key("a", 2, Reading()), store.key("b", 1, Reading()),
            store.key("a", 1, Reading(thorough=False))}  # fmt: skip
    assert len(keys) == 4


def test_a_page_survives_storage() -> None:
    boxes = np.array([[1.25, 2, 3, 4], [np.nan] * 4], dtype=np.float32)
    page = Page(3, "☒\n", boxes, 612.0, 792.0, ocr=True, confidence=np.array([0.97, np.nan], dtype=np.float32))
    back = store.decode(store.encode(page))
    assert np.array_equal(back.boxes, boxes, equal_nan=True)
    assert (back.text, back.number, back.ocr, back.lines) == ("☒\n", 3, True, ())
    assert back.confidence is not None and back.confidence[0] == np.float32(0.97)


def test_pages_with_and_without_text_stay_in_their_order(tmp_path: Path) -> None:
    reportlab = pytest.importorskip("reportlab.pdfgen.canvas")
    picture = tmp_path / "page.png"
    ocr_pages.page().save(picture)
    path = tmp_path / "mixed.pdf"
    canvas = reportlab.Canvas(str(path), pagesize=(612, 792))
    for words in ("First page, typed: no allergies.", None, "Third page, typed: pain 4/10."):
        canvas.drawString(72, 700, words) if words else canvas.drawImage(str(picture), 0, 0, 612, 792)
        canvas.showPage()
    canvas.save()
    with Recogniser(cache=tmp_path / "cache") as recogniser:
        pages = read_document(path, recognise=recogniser).pages
    assert [(p.number, p.ocr, p.readable) for p in pages] == [(1, False, True), (2, True, True), (3, False, True)]
    assert [p.text.split(",")[0] for p in pages[::2]] == ["First page", "Third page"]
    assert "Pain was 8/10 before the trial" in pages[1].text
    assert [p.confidence is None for p in pages] == [True, False, True]
    assert len(list((tmp_path / "cache").rglob("*.json"))) == 1


def test_a_poor_hidden_text_layer_gives_way_to_the_picture(tmp_path: Path) -> None:
    reportlab = pytest.importorskip("reportlab.pdfgen.canvas")
    picture = tmp_path / "page.png"
    ocr_pages.page().save(picture)
    path = tmp_path / "layer.pdf"
    canvas = reportlab.Canvas(str(path), pagesize=(612, 792))
    canvas.drawImage(str(picture), 0, 0, 612, 792)
    layer = canvas.beginText(72, 700)
    layer.setTextRenderMode(3)
    for _ in range(5):
        layer.textLine("Palient: D0UCET pain was 9/10 bef0re the triaI")
    canvas.drawText(layer)
    canvas.save()
    with Recogniser() as recogniser:
        (page,) = read_document(path, recognise=recogniser).pages
    assert "Pain was 8/10 before the trial" in page.text and "9/10" not in page.text
    assert page.ocr and page.reason is None
