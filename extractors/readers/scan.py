"""The picture of a page, of PDFs (through PDFium) and of image files alike, as a reviewer sees the page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from extractors.readers.image import image_page
from extractors.readers.ocr_engines import DPI

if TYPE_CHECKING:
    from extractors.readers.ocr_engines import Picture

MOST_PIXELS = 16_000_000
"""A page of any size is rendered with at most this many pixels (a letter page at 200 dpi has 3.7 million)."""


class PagePicture(NamedTuple):
    """Grey pixels (rows, columns; uint8, 255 is white) and the size in points of the page that they show."""

    picture: Picture
    width: float
    height: float


def page_picture(path: Path, number: int, dpi: int = DPI, most: int = MOST_PIXELS) -> PagePicture:
    """Page `number` (from 1) of a PDF or an image file, at about `dpi`, never more than `most` pixels.

    Raises OSError or ValueError when there is no such page or it cannot be shown.
    """
    with path.open("rb") as file:
        is_pdf = b"%PDF-" in file.read(1024)
    if is_pdf:
        return _rendered(path, number, dpi, most)
    picture, width, height = image_page(path, number, dpi, most)
    return PagePicture(picture, width, height)


def _rendered(path: Path, number: int, dpi: int, most: int) -> PagePicture:
    import pypdfium2 as pdfium

    try:
        pdf = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as problem:
        raise ValueError("PDFium cannot open the file") from problem
    try:
        page = pdf[number - 1]
        width, height = page.get_size()
        scale = min(dpi / 72, math.sqrt(most / max(1.0, width * height)))
        bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
        pixels = np.array(bitmap.to_numpy(), dtype=np.uint8)
        return PagePicture(pixels.reshape(pixels.shape[:2]), width, height)
    except (pdfium.PdfiumError, IndexError) as problem:
        raise ValueError("PDFium cannot show the page") from problem
    finally:
        pdf.close()
