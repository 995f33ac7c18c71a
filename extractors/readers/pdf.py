"""PDF documents, page by page. The door to pdfplumber.

A page's content is interpreted once, by `GlyphDevice`, with pdfplumber's resources. What cannot be opened or
interpreted is rewritten by pikepdf and tried again, then read leniently by PDFium; a page that resists all three is
reported with its reason.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pdfplumber
from pdfminer.pdftypes import PDFStream, int_value, resolve1

from extractors.document import Box, Page
from extractors.errors import UnreadableFile
from extractors.readers.assemble import UNMAPPED, displayed, upright, words
from extractors.readers.content import ContentInterpreter
from extractors.readers.forms import filled_words
from extractors.readers.glyphs import INVISIBLE, SLANTED, WHITE, Glyph, GlyphDevice, PageTooHeavy
from extractors.readers.guard import check_pdf, repaired
from extractors.readers.layout import Composed, compose
from extractors.readers.lenient import count_pages, lenient_page
from extractors.readers.limits import NEEDS_OCR, Limits
from extractors.readers.ticks import drawn_ticks
from extractors.readers.words import Word

FULL_PICTURE = 0.5
"""A picture of this share of the page makes it a scan, unless the page has text of its own."""
EMPTY_PAGE = "empty page"
"""Nothing at all is drawn on it: read, but told, since a damaged page may look the same."""
DAMAGED_PAGE = "damaged page" + NEEDS_OCR
FEW_LETTERS = 250
"""Fewer letters than this beside a full picture are a fax line or a stamp."""


def read_pdf(path: Path, limits: Limits, first: int = 1) -> Iterator[Page | str]:
    """Yield the pages from `first` on, in order, and among them, as strings, warnings about the file.

    Raises UnreadableFile when no page can be had at all.
    """
    logging.getLogger("pdfminer").setLevel(logging.ERROR)  # its warnings quote the content
    sound = check_pdf(path, limits)
    with Repair(path) as repair:
        pdf = _open(path)
        source = pdf or repair.pdf()
        if source is None:
            yield from _lenient_pages(path, limits, first)
            return
        try:
            if not sound:
                yield "damaged file: read as far as it goes" if pdf else "damaged file: repaired before reading"
            if len(source.pages) > limits.pages:
                raise UnreadableFile(path.name, f"{len(source.pages)} pages, more than the {limits.pages} allowed")
            interpreter = Interpreter(source, limits)
            for number in range(first, len(source.pages) + 1):
                yield _page(interpreter, repair, path, number)
        finally:
            source.close()


class Repair:
    """The file rewritten by pikepdf, made when it is first asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tried, self.found = False, None

    def __enter__(self) -> Repair:
        return self

    def __exit__(self, *_: object) -> None:
        if self.found is not None:
            self.found.close()

    def pdf(self) -> Any:
        """pdfplumber's document of the rewritten file, or None."""
        if not self.tried:
            self.tried, self.found = True, _open(repaired(self.path))
        return self.found


def _page(interpreter: Interpreter, repair: Repair, path: Path, number: int) -> Page:
    """One page by the first way that gives it: as it is, from the repaired file, from PDFium, else unreadable."""
    size = (612.0, 792.0)
    try:
        page = interpreter.read(number)
        if page.text or page.reason not in (EMPTY_PAGE, DAMAGED_PAGE):
            return page
        size = page.width, page.height
    except PageTooHeavy as problem:
        return unread(number, str(problem), *interpreter.size(number))
    except Exception:  # anything a damaged or hostile file can provoke: the next way is tried
        page = None
    if page is None and (pdf := repair.pdf()) is not None and pdf is not interpreter.pdf:
        try:
            return Interpreter(pdf, interpreter.limits).read(number)
        except Exception:  # the last way is still open
            pass
    return _lenient(path, number) or page or unread(number, DAMAGED_PAGE, *size)


def _open(source: Any) -> Any:
    """pdfplumber's document, or None when it finds none."""
    if source is None:
        return None
    try:
        pdf = pdfplumber.open(source, raise_unicode_errors=False)
        len(pdf.pages)
        return pdf
    except Exception:  # pdfminer raises its own errors, TypeError, RecursionError and others alike
        return None


def _lenient(path: Path, number: int) -> Page | None:
    """The page as PDFium reads it, or None when it finds no text either."""
    found = lenient_page(path, number)
    if found is None or not found.glyphs:
        return None
    text, boxes, _, lines = compose(words(found.glyphs, 0, found.width, found.height), width=found.width)
    why = "damaged page: read leniently, tables and marks may be missing"
    return Page(number, text, boxes, found.width, found.height, lines, reason=why) if text else None


def _lenient_pages(path: Path, limits: Limits, first: int) -> Iterator[Page | str]:
    count = count_pages(path)
    if not count:
        raise UnreadableFile(path.name, "damaged: no reader can open it")
    if count > limits.pages:
        raise UnreadableFile(path.name, f"{count} pages, more than the {limits.pages} allowed")
    yield "damaged file: read leniently, tables and marks may be missing"
    for number in range(first, count + 1):
        yield _lenient(path, number) or unread(number, DAMAGED_PAGE)


def unread(number: int, reason: str, width: float = 612.0, height: float = 792.0) -> Page:
    """A page that stays in its document without text."""
    return Page(number, "", np.empty((0, 4), dtype=np.float32), width, height, readable=False, reason=reason)


class Interpreter:
    """Reads the pages of one open PDF; nothing of a page is kept once it is read."""

    def __init__(self, pdf: Any, limits: Limits) -> None:
        self.pdf, self.limits = pdf, limits
        self.device = GlyphDevice(pdf.rsrcmgr, limits)
        self.interpreter = ContentInterpreter(pdf.rsrcmgr, self.device)

    def size(self, number: int) -> tuple[float, float]:
        """Width and height of the displayed page, in points."""
        x0, y0, x1, y1 = self.shown(number)
        return x1 - x0, y1 - y0

    def shown(self, number: int) -> Box:
        """The crop box in pdfminer's coordinates of the turned page: (x0, y0, x1, y1), y upwards."""
        page = self.pdf.pages[number - 1].page_obj
        mx0, my0, mx1, my1 = map(float, page.mediabox)
        cx0, cy0, cx1, cy1 = map(float, page.cropbox or page.mediabox)
        x0, y0, x1, y1 = max(mx0, cx0), max(my0, cy0), min(mx1, cx1), min(my1, cy1)
        if x1 <= x0 or y1 <= y0:
            x0, y0, x1, y1 = mx0, my0, mx1, my1
        if page.rotate == 90:
            return y0 - my0, mx1 - x1, y1 - my0, mx1 - x0
        if page.rotate == 180:
            return mx1 - x1, my1 - y1, mx1 - x0, my1 - y0
        if page.rotate == 270:
            return my1 - y1, x0 - mx0, my1 - y0, x1 - mx0
        return x0 - mx0, y0 - my0, x1 - mx0, y1 - my0

    def read(self, number: int) -> Page:
        """One page. Raises PageTooHeavy, or whatever a damaged page provokes."""
        box = self.shown(number)
        width, height = box[2] - box[0], box[3] - box[1]
        if not 1 <= min(width, height) <= max(width, height) <= self.limits.page_points:
            return unread(number, f"page of {width:.0f} x {height:.0f} points: beyond the size allowed")
        page, device = self.pdf.pages[number - 1], self.device
        device.start((box[0], box[3]), time.monotonic() + self.limits.page_seconds)
        try:
            self.interpreter.process_page(page.page_obj)
            filled = filled_words(page.annots, self._origin(page, box)) if page.page_obj.annots else []
            lost = not device.glyphs and not all(map(_decodes, page.page_obj.contents))
        finally:
            page.close()
            self._forget(page.page_obj.contents)
        if lost and not filled and not device.pictures:
            return unread(number, DAMAGED_PAGE, width, height)
        return build_page(number, device, filled, width, height)

    def _forget(self, contents: Any) -> None:
        """Let go of what a page's content inflated to, which pdfminer keeps until the file is closed."""
        for content in contents:
            self.pdf.doc._cached_objs.pop(getattr(content, "objid", None), None)

    @staticmethod
    def _origin(page: Any, box: Box) -> tuple[float, float]:
        """The displayed page's top left in pdfplumber's coordinates."""
        return page.bbox[0] + box[0], page.bbox[1] + float(page.height) - box[3]


def _decodes(content: Any) -> bool:
    """Whether a content stream is one, and gives bytes (an empty one is a few bytes long when compressed)."""
    stream = resolve1(content)
    return isinstance(stream, PDFStream) and (bool(stream.get_data()) or int_value(stream.get("Length", 0)) < 20)


def build_page(number: int, device: GlyphDevice, filled: list[Word], width: float, height: float) -> Page:
    """Lay out what the device collected; text along other sides of the page follows the main text."""
    scan = max((_share(p, width, height) for p in device.pictures), default=0.0) >= FULL_PICTURE
    senders = scan and device.modes[INVISIBLE] > 0.5 * len(device.glyphs)
    glyphs, hidden = _seen(device, keep_invisible=senders)
    turns = sorted(device.turns, key=lambda t: (t == SLANTED, -device.turns[t])) or [0]
    parts = []
    for turn in turns:
        own = glyphs if len(turns) == 1 else [g for g in glyphs if g.turn == turn]
        found, outside = _on_page(words(own, turn, width, height), turn, width, height)
        hidden += outside
        composed = _composed(found, device, filled if turn == turns[0] else None, turn, width, height)
        if composed.text:
            parts.append(composed)
    warnings = [f"{hidden} letters that cannot be seen left out"] if hidden else []
    text = _joined(parts)
    letters = len(text.text.replace(" ", ""))
    if not letters:
        drawn = device.pictures or device.vertical or device.figures
        blank = unread(number, "no text layer" + NEEDS_OCR if drawn else EMPTY_PAGE, width, height)
        return blank if drawn else replace(blank, readable=True)
    if senders:
        warnings.append("text layer is the sender's own recognition of a scan" + NEEDS_OCR)
    elif scan and letters < FEW_LETTERS:
        warnings.append("hardly any text over a full picture" + NEEDS_OCR)
    elif text.text.count(UNMAPPED) > 0.2 * letters:
        warnings.append("letters without a Unicode value" + NEEDS_OCR)
    elif device.vertical:
        warnings.append("vertical writing left out" + NEEDS_OCR)
    return Page(number, text.text, text.boxes, width, height, text.lines, rotation=90 * (turns[0] % 4),
                ocr=bool(senders), reason="; ".join(warnings) or None)  # fmt: skip


def _composed(
    found: list[Word], device: GlyphDevice, filled: list[Word] | None, turn: int, width: float, height: float
) -> Composed:
    """The text of one turn; lines, tick boxes and fields belong to the main turn (`filled` is not None)."""
    ticks: list[Word] = []
    rules: list[Box] = []
    wide, tall = (height, width) if turn in (1, 3) else (width, height)
    if filled is not None:
        squares = [(upright(b, turn, width, height), f) for b, f in device.squares]
        ticks, rules = drawn_ticks(squares, [upright(s, turn, width, height) for s in device.strokes], found)
        fields = [_turned(w, turn, width, height) for w in filled]
        ticks = [t for t in ticks if not any(_meet(t, f) for f in fields)]
        found = found + fields
    composed = compose(found, rules, ticks, wide, tall)
    if turn in (1, 2, 3):
        return composed._replace(boxes=_turn_back(composed.boxes, turn, width, height))
    return composed


def _seen(device: GlyphDevice, keep_invisible: bool) -> tuple[list[Glyph], int]:
    """The glyphs that are painted, and how many are not: invisible ones, and white ones on white."""
    if not device.modes[INVISIBLE] + device.modes[WHITE]:
        return device.glyphs, 0
    grounds = device.dark + device.pictures
    kept = [
        g
        for g in device.glyphs
        if (g.mode != INVISIBLE or keep_invisible) and (g.mode != WHITE or any(_over(g, box) for box in grounds))
    ]
    spaces = sum(g.text.isspace() for g in device.glyphs) - sum(g.text.isspace() for g in kept)
    return kept, len(device.glyphs) - len(kept) - spaces


def _on_page(found: list[Word], turn: int, width: float, height: float) -> tuple[list[Word], int]:
    """The words that lie on the page and are larger than dust, and how many letters do not."""
    wide, tall = (height, width) if turn in (1, 3) else (width, height)
    kept = [w for w in found if w.size >= 1 and w.x1 > 0 and w.x0 < wide and w.bottom > 0 and w.top < tall]
    return kept, sum(len(w.text) for w in found) - sum(len(w.text) for w in kept) if len(kept) < len(found) else 0


def _over(g: Glyph, box: Box) -> bool:
    x, y = (g.x0 + g.x1) / 2, (g.top + g.bottom) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _share(box: Box, width: float, height: float) -> float:
    wide, tall = min(box[2], width) - max(box[0], 0), min(box[3], height) - max(box[1], 0)
    return max(wide, 0) * max(tall, 0) / (width * height)


def _meet(a: Word, b: Word) -> bool:
    return a.x0 < b.x1 and b.x0 < a.x1 and a.top < b.bottom and b.top < a.bottom


def _turned(word: Word, turn: int, width: float, height: float) -> Word:
    if turn not in (1, 2, 3):
        return word
    x0, top, x1, bottom = upright((word.x0, word.top, word.x1, word.bottom), turn, width, height)
    return word._replace(x0=x0, top=top, x1=x1, bottom=bottom)


def _turn_back(boxes: np.ndarray, turn: int, width: float, height: float) -> np.ndarray:
    return np.stack(displayed(tuple(boxes.T), turn, width, height), axis=1).astype(np.float32)


def _joined(parts: list[Composed]) -> Composed:
    """Several composed texts one after the other, a blank line between them."""
    if len(parts) == 1:
        return parts[0]
    text, lines, boxes = "", [], []
    for part in parts:
        if text:
            text += "\n\n"
            boxes.append(np.full((2, 4), np.nan, dtype=np.float32))
        lines += [type(n)(n.start + len(text), n.end + len(text), n.kind) for n in part.lines]
        boxes.append(part.boxes)
        text += part.text
    return Composed(text, np.concatenate(boxes) if boxes else np.empty((0, 4), np.float32), None, tuple(lines))
