"""Page pictures, whole or in strips: what a reviewer would see on the page. PDFium is not thread-safe."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from extractors.document import Page

if TYPE_CHECKING:
    from PIL.Image import Image

DPI = 110
MOST_PIXELS = 8_000_000
GREYS = 16
"""Grey levels kept, evenly spaced: letters stay smooth and a strip takes a few kilobytes."""
NEAREST = [round(grey * (GREYS - 1) / 255) for grey in range(256)]
PALETTE = [level * 255 // (GREYS - 1) for level in range(GREYS) for _ in "rgb"]
Strip = tuple[float, float]
"""Top and bottom of a strip of the page, in points."""


def strips(path: Path, page: Page, wanted: Sequence[Strip]) -> tuple[str, ...] | None:
    """A PNG data address per strip, each as wide as the page; None when the file has no picture of it (plain text)."""
    picture = page_picture(path, page)
    if picture is None:
        return None
    scale = picture.height / page.height
    return tuple(
        _address(
            picture.crop((0, round(top * scale), picture.width, max(round(bottom * scale), round(top * scale) + 1)))
        )
        for top, bottom in wanted
    )


def _address(strip: Image) -> str:
    # a table lookup and a plain deflate take a fourteenth of the time of a fitted palette and the best deflate
    out = io.BytesIO()
    few = strip.point(NEAREST)
    few.putpalette(PALETTE)
    few.save(out, format="PNG", bits=4, compress_type=0)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def page_picture(path: Path, page: Page) -> Image | None:
    """The page in grey at DPI, as displayed; None when the file is neither a PDF nor an image, or cannot be shown."""
    with path.open("rb") as file:
        head = file.read(1024)
    scale = min(DPI / 72, math.sqrt(MOST_PIXELS / max(1.0, page.width * page.height)))
    if b"%PDF-" in head:
        return _of_pdf(path, page.number, scale)
    if head.startswith((b"II*\x00", b"MM\x00*", b"\x89PNG", b"\xff\xd8\xff")):
        return _of_image(path, page, scale)
    return None


def _of_pdf(path: Path, number: int, scale: float) -> Image | None:
    import pypdfium2 as pdfium

    try:
        with pdfium.PdfDocument(path) as pdf:
            picture: Image = pdf[number - 1].render(scale=scale, grayscale=True).to_pil().convert("L")
            return picture
    except (pdfium.PdfiumError, IndexError):
        return None


def _of_image(path: Path, page: Page, scale: float) -> Image | None:
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            image.seek(page.number - 1)
            upright = ImageOps.exif_transpose(image).convert("L")
    except (OSError, EOFError, Image.DecompressionBombError):
        return None
    # a fax has other resolutions across and down: the page's size in points is what counts
    return upright.resize((max(1, round(page.width * scale)), max(1, round(page.height * scale))))
