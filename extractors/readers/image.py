"""Image files as documents: TIFF of one or many pages (fax encodings too), PNG, JPEG. The door to Pillow's decoders.

Their pages have no text: the reader says so, and recognition fills them in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from extractors.document import Page
from extractors.errors import UnreadableFile
from extractors.readers.limits import NEEDS_OCR, Limits

if TYPE_CHECKING:
    from extractors.readers.ocr_engines import Picture

FORMATS = ("TIFF", "PNG", "JPEG", "MPO")
FILE_PIXELS = 200_000_000
"""Pixels of one page's image beyond which it is not decoded."""
LETTER = (612.0, 792.0)


def read_image(path: Path, limits: Limits, first: int = 1) -> Iterator[Page | str]:
    """Yield the pages from `first` on, each without text and in need of OCR, with its size in points.

    Raises UnreadableFile when the file is no image that can be opened, or has too many pages.
    """
    from PIL import Image

    try:
        image = Image.open(path, formats=FORMATS)
    except Exception as problem:  # Pillow's parsers raise errors of every kind on damaged files
        raise UnreadableFile(path.name, "damaged: no reader can open the image") from problem
    with image:
        number = first
        while _seek(image, number - 1):
            if number > limits.pages:
                raise UnreadableFile(path.name, f"more than the {limits.pages} pages allowed")
            pixels = image.size[0] * image.size[1]
            reason = "no text layer" + NEEDS_OCR
            if pixels > FILE_PIXELS:
                reason = f"image of {image.size[0]} x {image.size[1]} pixels: beyond the size allowed"
            nothing = np.empty((0, 4), dtype=np.float32)
            yield Page(number, "", nothing, *points(image), readable=False, reason=reason)
            number += 1
    if number == 1:
        raise UnreadableFile(path.name, "damaged: the image has no page")


def _seek(image: Any, frame: int) -> bool:
    try:
        image.seek(frame)
        return True
    except Exception:  # EOFError after the last page; a damaged page ends the file too
        return False


def points(image: Any) -> tuple[float, float]:
    """Size in points of the page an image shows, upright as its EXIF orientation says.

    From the resolution it claims where that makes a page between 3 and 24 inches; else (photographs, screen
    resolutions) its longer side counts as 11 inches.
    """
    wide, tall = image.size
    across, down = (float(v or 0) for v in image.info.get("dpi", (0, 0)))
    if hasattr(image, "tag_v2") and image.tag_v2.get(296) == 1:
        across = down = 0.0  # a TIFF that gives only the ratio of its pixel sides
    if across > 0 and down > 0 and all(216 <= v <= 1728 for v in (wide / across * 72, tall / down * 72)):
        size = (wide / across * 72, tall / down * 72)
    else:
        scale = LETTER[1] / max(wide, tall)
        size = (wide * scale, tall * scale)
    return size[::-1] if _turned(image) else size


def _turned(image: Any) -> bool:
    """Whether the EXIF orientation swaps the sides. Not asked of PNG, whose EXIF may follow the pixels."""
    return image.format != "PNG" and image.getexif().get(274, 1) >= 5


def image_page(path: Path, number: int, dpi: int, most: int) -> tuple[Picture, float, float]:
    """Grey pixels of page `number` (from 1), about `dpi`, square and upright, and its width and height in points.

    Raises OSError or ValueError when the page cannot be decoded.
    """
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = FILE_PIXELS
    try:
        with Image.open(path, formats=FORMATS) as image:
            image.seek(number - 1)
            width, height = points(image)
            scale = min(dpi / 72, math.sqrt(most / (width * height)))
            image.draft("L", (round(width * scale), round(height * scale)))  # JPEG: decodes no more than is needed
            upright = image if image.format == "PNG" else ImageOps.exif_transpose(image)
            grey = _flat(upright).convert("L")
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            if grey.size != size:
                grey = grey.resize(size, Image.Resampling.BOX if grey.width > size[0] else Image.Resampling.BILINEAR)
            return np.array(grey, dtype=np.uint8), width, height
    except (OSError, ValueError):
        raise
    except Exception as problem:  # decoders raise errors of every kind on damaged files
        raise ValueError("the image cannot be decoded") from problem


def _flat(image: Any) -> Any:
    """Transparent parts on white, sixteen-bit grey brought to eight."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image.convert("RGBA"))
        return paper.convert("RGB")
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float32)
        top = 65535.0 if values.max(initial=0) > 255 else 255.0
        return Image.fromarray((values / top * 255).clip(0, 255).astype(np.uint8))
    return image
