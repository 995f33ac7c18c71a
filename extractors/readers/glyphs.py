"""The glyphs, drawn lines and pictures of a PDF page, without an object for each.

pdfplumber opens the file; this device takes its place only while a page's content runs, because a
dictionary per glyph is most of what `page.chars` costs. A test compares the two glyph by glyph.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from itertools import pairwise
from typing import Any, NamedTuple

from pdfminer.converter import PDFLayoutAnalyzer
from pdfminer.pdffont import PDFUnicodeNotDefined

from extractors.document import Box
from extractors.readers.limits import Limits
from extractors.readers.marks import sign, symbols

INVISIBLE = 3
WHITE = -1
SLANTED = 4
"""The `turn` of text that runs along neither side of the page, such as a watermark."""
BULLETS = frozenset((0x7F, 0x81, 0x8D, 0x8F, 0x90, 0x9D))
"""Codes that WinAnsi encoding leaves unused show a bullet (PDF 32000-1, annex D.2)."""
HEAVY = ("bold", "black", "heavy", "semibold", "demi")


class Glyph(NamedTuple):
    """One glyph on the displayed page, in points from its top left. `turn` counts quarter turns anticlockwise.

    `mode` is the PDF text render mode (INVISIBLE is one), or WHITE.
    """

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    turn: int
    mode: int
    bold: bool


Look = tuple[bool, dict[int, tuple[str, float]], dict[str, str] | None]
"""Whether a font is bold, its glyphs so far, and its signs if it is a symbol font."""


class PageTooHeavy(Exception):
    """A page that has more marks, or takes more time, than the limits allow."""


class GlyphDevice(PDFLayoutAnalyzer):
    """Collects `glyphs`, `strokes` (thin boxes), `squares` (box, filled) and `pictures` of one page.

    `turns` and `modes` count its glyphs by text direction and render mode.
    """

    def __init__(self, rsrcmgr: Any, limits: Limits) -> None:
        super().__init__(rsrcmgr, laparams=None)
        self.limits = limits
        self.fonts: dict[int, tuple[Any, Look]] = {}
        self.start((0.0, 0.0), 0.0)

    def start(self, origin: tuple[float, float], deadline: float) -> None:
        """Forget the last page. `origin` is the displayed page's top left in pdfminer's coordinates."""
        self.glyphs: list[Glyph] = []
        self.strokes: list[Box] = []
        self.squares: list[tuple[Box, bool]] = []
        self.dark: list[Box] = []
        self.pictures: list[Box] = []
        self.vertical = self.figures = 0
        self.turns: Counter[int] = Counter()
        self.modes: Counter[int] = Counter()
        self.origin, self.deadline, self.mode = origin, deadline, 0

    def begin_page(self, page: Any, ctm: Any) -> None: ...
    def end_page(self, page: Any) -> None: ...
    def begin_figure(self, name: Any, bbox: Any, matrix: Any) -> None: ...
    def end_figure(self, name: Any) -> None: ...

    def render_image(self, name: Any, stream: Any) -> None:
        self.check()
        self.pictures.append(self.place([(0, 0), (1, 0), (0, 1), (1, 1)]))

    def check(self) -> None:
        """Raise PageTooHeavy when the page has used up its time or marks."""
        if len(self.glyphs) + len(self.strokes) + len(self.pictures) > self.limits.marks:
            raise PageTooHeavy("too many marks on the page")
        if time.monotonic() > self.deadline:
            raise PageTooHeavy("page took too long")

    def place(self, points: Any) -> Box:
        """The box around points given in the content's own coordinates."""
        a, b, c, d, e, f = self.ctm
        xs = [a * x + c * y + e - self.origin[0] for x, y in points]
        ys = [self.origin[1] - (b * x + d * y + f) for x, y in points]
        return min(xs), min(ys), max(xs), max(ys)

    def paint_path(self, gstate: Any, stroke: bool, fill: bool, evenodd: bool, path: Any) -> None:
        self.check()
        self.figures += 1
        figure: list[Any] = []
        for step in path:
            if step[0] == "m" and figure:
                self.shape(figure, stroke, fill, gstate)
                figure = []
            figure.append(step)
        if figure:
            self.shape(figure, stroke, fill, gstate)

    def shape(self, figure: Any, stroke: bool, fill: bool, gstate: Any) -> None:
        """Keep a straight figure: as lines, or as a square, or as a thin filled bar that serves as a line."""
        points = [step[1:] for step in figure if step[0] in "ml"]
        if len(points) < 2 or len(points) > 6 or any(step[0] not in "mlh" for step in figure):
            return
        box = self.place(points)
        wide, tall = box[2] - box[0], box[3] - box[1]
        closed = len(points) >= 4
        if fill and not pale(gstate.ncolor):
            self.dark.append(box)
        if closed and 5 <= wide <= 18 and 5 <= tall <= 18:
            self.squares.append((box, fill and not pale(gstate.ncolor)))
        elif fill and min(wide, tall) <= 3 and not pale(gstate.ncolor):
            self.strokes.append(box)
        elif stroke and not closed:
            self.strokes.extend(self.place(pair) for pair in pairwise(points))
        elif stroke:
            ring = [*points, points[0]]
            self.strokes.extend(self.place(pair) for pair in pairwise(ring))

    def render_string(self, textstate: Any, seq: Any, ncs: Any, graphicstate: Any) -> None:
        self.check()
        self.mode = textstate.render
        if self.mode in (0, 2) and white(graphicstate.ncolor):
            self.mode = WHITE
        super().render_string(textstate, seq, ncs, graphicstate)

    def render_string_vertical(self, seq: Any, matrix: Any, pos: Any, *_: Any) -> Any:
        self.vertical += 1
        return pos

    def render_string_horizontal(
        self, seq: Any, matrix: Any, pos: Any, font: Any, fontsize: float, scaling: float, charspace: float,
        wordspace: float, rise: float, dxscale: float, ncs: Any, graphicstate: Any,
    ) -> Any:  # fmt: skip
        """pdfminer's own arithmetic, without its objects (PDF 32000-1, 9.4.4)."""
        (x, y), (a, b, c, d, e, f), need, put, new = pos, matrix, False, self.glyphs.append, tuple.__new__
        bold, known, table = self.look(font)
        low = font.get_descent() * fontsize + rise
        high, step, mode, size = low + fontsize, fontsize * scaling, self.mode, math.hypot(c, d) * fontsize
        angle = math.degrees(math.atan2(b, a)) / 90
        turn = round(angle) % 4 if abs(angle - round(angle)) < 0.12 else SLANTED
        before = len(self.glyphs)
        left, up, straight = e - self.origin[0], self.origin[1] - f, b == c == 0 and a > 0 and d > 0
        for part in seq:
            if isinstance(part, bytes):
                for code in font.decode(part):
                    if need:
                        x += charspace
                    shown = known.get(code)
                    if shown is None:
                        shown = known[code] = glyph_of(font, code, table)
                    text, width = shown
                    advance = width * step
                    px, py = a * x + c * y + left, up - b * x - d * y
                    if straight:
                        put(new(Glyph, (text, px, py - d * high, px + a * advance, py - d * low, size, 0, mode, bold)))
                    else:
                        xs = (px + c * low, px + a * advance + c * high, px + a * advance + c * low, px + c * high)
                        ys = (py - d * low, py - b * advance - d * high, py - b * advance - d * low, py - d * high)
                        put(new(Glyph, (text, min(xs), min(ys), max(xs), max(ys), size, turn, mode, bold)))
                    x += advance + (wordspace if code == 32 else 0)
                    need = True
            elif isinstance(part, int | float):
                x -= part * dxscale
                need = True
        self.turns[turn] += len(self.glyphs) - before
        self.modes[mode] += len(self.glyphs) - before
        return x, y

    def look(self, font: Any) -> Look:
        """What is known of a font. It holds the font itself, so that its id stays its own."""
        known = self.fonts.get(id(font))
        if known is None:
            name = str(getattr(font, "basefont", "") or getattr(font, "fontname", "") or "")
            known = self.fonts[id(font)] = (font, (any(h in name.lower() for h in HEAVY), {}, symbols(name)))
        return known[1]


def glyph_of(font: Any, code: int, table: dict[str, str] | None) -> tuple[str, float]:
    """What a code shows, and its advance in ems."""
    width = float(font.char_width(code))
    try:
        text = font.to_unichr(code)
    except PDFUnicodeNotDefined:
        text = f"(cid:{code})"
        if code in BULLETS and isinstance(font.widths, dict):
            text = "•"  # pdfminer has neither sign nor width for it
            width = width or float(font.widths.get(text, 0.0)) * float(font.hscale)
    return (text if table is None else sign(text, code, table)), width


def white(color: Any) -> bool:
    """White in gray, RGB or CMYK."""
    if isinstance(color, int | float):
        return color >= 0.98
    if isinstance(color, tuple | list) and all(isinstance(v, int | float) for v in color):
        return sum(color) <= 0.06 if len(color) == 4 else len(color) in (1, 3) and min(color) >= 0.98
    return False


def pale(color: Any) -> bool:
    """Light enough that dark letters are read on it."""
    if isinstance(color, int | float):
        return color >= 0.6
    if isinstance(color, tuple | list) and color and all(isinstance(v, int | float) for v in color):
        return sum(color) / len(color) < 0.3 if len(color) == 4 else sum(color) / len(color) >= 0.6
    return False
