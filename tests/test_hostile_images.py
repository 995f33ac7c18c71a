"""Damaged and hostile image files: a problem each, never a crash, and never more than their own page."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import ocr_pages
import pytest
from PIL import Image

from extractors.document import Page
from extractors.errors import UnreadableFile
from extractors.readers.image import image_page, read_image
from extractors.readers.limits import NEEDS_OCR, Limits
from extractors.readers.ocr_worker import PageLimits, Recogniser
from pipeline.packets import find_packets
from pipeline.run import read_packet


@pytest.fixture(scope="module")
def recogniser() -> Iterator[Recogniser]:
    with Recogniser() as shared:
        yield shared


def pages(path: Path) -> list[Page]:
    return [page for page in read_image(path, Limits()) if isinstance(page, Page)]


def encoded(kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    ocr_pages.page().save(data, kind, **options)  # type: ignore[arg-type]
    return data.getvalue()


def png_bomb(side: int = 60_000) -> bytes:
    """A few kilobytes that claim 3.6 thousand million pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10**6), 9))
        + chunk(b"IEND", b"")
    )


def test_a_fax_of_two_pages_keeps_its_pages_and_sizes(tmp_path: Path, recogniser: Recogniser) -> None:
    first, second = (ocr_pages.page().convert("1"), ocr_pages.page(("Second page: dose 25 mg.",)).convert("1"))
    for compression in ("group3", "group4"):
        path = tmp_path / f"{compression}.tif"
        first.save(path, compression=compression, save_all=True, append_images=[second], dpi=(200, 200))
        found = pages(path)
        assert [(p.number, round(p.width), round(p.height)) for p in found] == [(1, 612, 792), (2, 612, 792)]
        assert all(not p.readable and (p.reason or "").endswith(NEEDS_OCR) for p in found)
        texts = [p.text for p in recogniser(path, found)]
        assert "180 mg" in texts[0] and "Second page: dose 25 mg." in texts[1]


def test_unequal_resolutions_give_the_pages_true_size(tmp_path: Path) -> None:
    path = tmp_path / "standard.tif"
    ocr_pages.page().resize((1734, 1078)).convert("1").save(path, compression="group3", dpi=(204, 98))
    (page,) = pages(path)
    assert (round(page.width), round(page.height)) == (612, 792)
    picture, *_ = image_page(path, 1, 200, 16_000_000)
    assert picture.shape == (2200, 1700)


def test_a_photograph_without_resolution_counts_as_a_letter_page_and_stands_upright(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    turned = Image.fromarray(np.rot90(np.array(ocr_pages.page())).copy())
    exif = Image.Exif()
    exif[274] = 6  # the camera was held sideways
    turned.save(path, exif=exif)
    (page,) = pages(path)
    assert (round(page.width), round(page.height)) == (612, 792)
    picture, *_ = image_page(path, 1, 200, 16_000_000)
    assert np.abs(picture.astype(int) - np.array(ocr_pages.page()).astype(int)).mean() < 3


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_truncated_images_are_reported(tmp_path: Path, recogniser: Recogniser, kind: str, share: float) -> None:
    data = encoded(kind)
    path = tmp_path / f"cut.{kind.lower()}"
    path.write_bytes(data[: int(len(data) * share)])
    try:
        found = pages(path)
    except UnreadableFile as problem:
        assert problem.reason
        return
    (page,) = recogniser(path, found)
    assert page.reason or page.text.startswith("Patient:")


@pytest.mark.parametrize("seed", range(6))
def test_flipped_bits_never_crash(tmp_path: Path, recogniser: Recogniser, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = bytearray(encoded(("PNG", "JPEG", "TIFF")[seed % 3]))
    for at in rng.integers(0, len(data), 40):
        data[at] ^= 1 << int(rng.integers(8))
    path = tmp_path / "flipped.img"
    path.write_bytes(data)
    try:
        found = pages(path)
    except UnreadableFile:
        return
    for page in recogniser(path, found):
        assert page.reason or page.readable


@pytest.mark.parametrize(
    "content", [b"", b"not an image at all", b"II*\x00" + bytes(40), b"\x89PNG\r\n\x1a\n" + bytes(9)]
)
def test_what_is_no_image_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.tif"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile):
        pages(path)


def test_a_bomb_is_not_decoded(tmp_path: Path, recogniser: Recogniser) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_bomb())
    try:
        (page,) = pages(path)
    except UnreadableFile as problem:  # Pillow refuses it at sight
        assert problem.reason
    else:
        assert "beyond the size allowed" in (page.reason or "")


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.tif"
    small = Image.new("1", (40, 40), 1)
    small.save(path, save_all=True, append_images=[small] * 5)
    with pytest.raises(UnreadableFile, match="more than the 3 pages"):
        list(read_image(path, Limits(pages=3)))


def test_a_page_that_takes_too_long_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "two.tif"
    ocr_pages.page().save(path, save_all=True, append_images=[ocr_pages.page()], dpi=(200, 200))
    found = pages(path)
    with Recogniser(limits=PageLimits(seconds=0.05)) as hurried:
        pages_read = hurried(path, found)
        assert [p.readable for p in pages_read] == [False, False]
        assert all("took more than" in (p.reason or "") for p in pages_read)
        hurried.workers[0].limits = PageLimits()
        assert "180 mg" in hurried(path, found[:1])[0].text


def test_a_page_beyond_the_memory_allowed_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    ocr_pages.page().save(path, dpi=(200, 200))
    with Recogniser(limits=PageLimits(memory_bytes=300_000_000)) as tight:
        (page,) = tight(path, pages(path))
    assert not page.readable and page.reason


def odd(name: str) -> tuple[Image.Image, str]:
    """The page in a pixel format that scanners, cameras and fax servers write, and the file format for it."""
    page = ocr_pages.page()
    sixteen = Image.fromarray(np.asarray(page, np.uint16) * 257)
    return {
        "sixteen-bit": (sixteen, "PNG"),
        "sixteen-bit TIFF": (sixteen, "TIFF"),
        "CMYK": (page.convert("CMYK"), "JPEG"),
        "CMYK TIFF": (page.convert("CMYK"), "TIFF"),
        "palette": (page.convert("RGB").quantize(16), "PNG"),
        "transparent": (page.convert("RGBA"), "PNG"),
        "one bit": (page.convert("1"), "PNG"),
    }[name]


@pytest.mark.parametrize(
    "name", ["sixteen-bit", "sixteen-bit TIFF", "CMYK", "CMYK TIFF", "palette", "transparent", "one bit"]
)
def test_every_pixel_format_shows_the_same_page(tmp_path: Path, name: str) -> None:
    image, kind = odd(name)
    path = tmp_path / f"page.{kind.lower()}"
    image.save(path, kind)
    (page,) = pages(path)
    assert (page.reason or "").endswith(NEEDS_OCR)
    picture, *_ = image_page(path, 1, 200, 16_000_000)
    assert np.abs(picture.astype(int) - np.array(ocr_pages.page()).astype(int)).mean() < 4


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (3, 3)])
def test_a_picture_too_small_to_read_costs_only_itself(
    tmp_path: Path, recogniser: Recogniser, size: tuple[int, int]
) -> None:
    path = tmp_path / "tiny.png"
    Image.new("L", size, 0).save(path)
    (page,) = recogniser(path, pages(path))
    assert page.text.strip() == "" or not page.readable
    assert page.width > 0 and page.height > 0


def test_a_huge_picture_is_brought_to_size_before_it_is_decoded_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    Image.new("1", (13_000, 15_000), 1).save(path)
    (page,) = pages(path)
    assert (page.reason or "").endswith(NEEDS_OCR)
    picture, *_ = image_page(path, 1, 200, 16_000_000)
    assert picture.size <= 16_000_000


@pytest.mark.parametrize("damage", ["cut", "bomb", "wrong type", "noise"])
def test_a_damaged_image_beside_a_good_document_is_a_line_and_stops_nothing(tmp_path: Path, damage: str) -> None:
    tiff = io.BytesIO()
    ocr_pages.page().convert("1").save(tiff, "TIFF", compression="group4")
    contents = {
        "cut": encoded("PNG")[:40],
        "bomb": png_bomb(),
        "wrong type": b"MZ\x90\x00" + bytes(2000),
        "noise": tiff.getvalue()[:8] + np.random.default_rng(1).bytes(4000),
    }
    packet = tmp_path / "packet"
    packet.mkdir()
    (packet / "01_note.txt").write_text("She has no active infection.")
    (packet / "02_fax.tif").write_bytes(contents[damage])
    (found,) = find_packets(packet)
    documents, problems = read_packet(found)
    told = [p.problem for p in problems] + [w for d in documents for w in d.warnings]
    assert documents[0].pages[0].text.startswith("She has no active infection")
    assert len(told) >= 1 and all("infection" not in line for line in told)
