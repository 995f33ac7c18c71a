"""Recognition of a page picture: from pixels to a Page with text, boxes and trust, offline.

The cheap engine reads every page. Where it is unsure of a word, or the word holds a digit, the thorough
engine reads that stretch again; where it is unsure of the page, the thorough engine reads it all.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from extractors.document import Line, Page
from extractors.readers import ocr_engines as engines
from extractors.readers import scan_marks as marks
from extractors.readers import scan_picture as pictures
from extractors.readers.layout import EMPTY, TICKED, Word, compose
from extractors.readers.ocr_engines import DPI, PixelBox, Token
from extractors.readers.ocr_merge import STRIPPED, merge, numeric, union
from extractors.readers.ocr_words import mended

if TYPE_CHECKING:
    from extractors.readers.ocr_engines import Picture

KNOWN_WORD, SURE_WORD, SURE_PAGE = 0.9, 0.95, 0.82
"""Confidence of the cheap engine under which a dictionary word, another word, or the whole page is read again."""
READABLE = 0.6
"""Mean confidence of a page's characters under which it counts as unreadable."""
BLANK = 2e-4
"""Share of ink under which a page is blank."""
BOLD = 1.5
"""Weight of bold print against the page's median: headings of the development scans have 1.7 and more, 99 of 100
other lines 1.27 and less."""
FAX_EDGE = 30.0
"""Points from the top edge within which a sending machine prints its line."""
ASCENDING, DESCENDING = re.compile("[A-Zbdfhijklt0-9]"), re.compile("[gjpqy(),;]")
FAX_LINE = re.compile(r"\d{1,2}[/.:-]\d{2}.*(?:FROM|TO|FAX|PAGE|P\.)|(?:FROM|FAX).*(?:PAGE|P\.) ?\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a page is read. `thorough=False` leaves out the second engine: no number is then trusted."""

    thorough: bool = True


def recognise_page(
    picture: Picture, width: float, height: float, number: int = 1, reading: Reading = Reading()
) -> Page:
    """The page shown by a grey picture (uint8, any resolution near 200 dpi) of a page of width x height points.

    Boxes are points of the page as the picture shows it, also when the print runs sideways or upside down on
    it; `rotation` then tells by how many degrees clockwise. An unreadable page has a reason.
    """
    turns, (upright, tokens, ticks, rules) = _first_pass(_at_dpi(picture, width, height))
    scale = (width if turns % 2 == 0 else height) / upright.picture.shape[1]
    dark = pictures.ink(upright.picture)
    tokens = _second_pass(upright.picture, dark, tokens) if reading.thorough else merge(tokens, [])
    words = _words(mended(tokens), dark, scale)
    boxes = [_tick_word(t, scale) for t in ticks]
    lines = [(x0 * scale, y0 * scale, x1 * scale, y1 * scale) for x0, y0, x1, y1 in rules]
    size = (width, height) if turns % 2 == 0 else (height, width)
    composed = compose(words, lines, boxes, *size)
    trust = composed.confidence if composed.confidence is not None else np.zeros(0, np.float32)
    mean = float(np.nanmean(trust)) if np.isfinite(trust).any() else 1.0
    return Page(
        number=number,
        text=composed.text,
        boxes=_to_page(composed.boxes, upright.skew, turns, width, height),
        width=width,
        height=height,
        lines=_fax_line(composed.text, composed.lines, composed.boxes),
        rotation=90 * turns,
        ocr=True,
        readable=mean >= READABLE,
        confidence=trust,
        reason=None if mean >= READABLE else "recognition too uncertain",
    )


def _at_dpi(picture: Picture, width: float, height: float) -> Picture:
    """The picture with square pixels at DPI (a standard fax has 204 by 98)."""
    import cv2

    size = (round(width * DPI / 72), round(height * DPI / 72))
    if all(abs(a - b) <= 0.04 * b for a, b in zip(picture.shape[::-1], size, strict=True)):
        return picture
    smaller = picture.shape[1] > size[0]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR).astype(np.uint8)


class FirstPass(NamedTuple):
    """What the cheap engine read, and what is drawn, on the straight picture; drawings are painted white in it."""

    upright: pictures.Straightened
    tokens: list[Token]
    ticks: list[marks.TickBox]
    rules: list[PixelBox]


def _first_pass(picture: Picture) -> tuple[int, FirstPass]:
    """The cheap reading, and by how many quarter turns clockwise the page lies."""
    first = _read_straight(picture)
    if _mean(first.tokens) >= SURE_PAGE or pictures.ink(first.upright.picture).mean() < BLANK:
        return 0, first
    turns = engines.orientation(first.upright.picture)
    return turns, _read_straight(np.ascontiguousarray(np.rot90(picture, turns))) if turns else first


def _read_straight(picture: Picture) -> FirstPass:
    upright = pictures.straighten(pictures.without_specks(pictures.without_streaks(picture)))
    dark = pictures.ink(upright.picture)
    ticks = marks.tick_boxes(dark)
    rules = marks.rules(pictures.faint_ink(upright.picture))
    masked = _without(upright.picture, dark, [t.box for t in ticks], marks.table_lines(rules))
    return FirstPass(upright._replace(picture=masked), engines.read_cheaply(masked), ticks, rules)


def _without(picture: Picture, dark: np.ndarray, boxes: list[PixelBox], lines: list[PixelBox]) -> Picture:
    """The picture with boxes painted over, and lines too, but where a letter crosses or touches one.

    `dark` is the picture's ink, and loses the lines.
    """
    masked, paper = picture.copy(), int(pictures.paper(picture))
    for x0, y0, x1, y1 in boxes:
        masked[max(0, y0 - 2) : y1 + 2, max(0, x0 - 2) : x1 + 2] = paper
    for x0, y0, x1, y1 in lines:
        dark[y0:y1, x0:x1] = 0
    for x0, y0, x1, y1 in lines:
        level = x1 - x0 > y1 - y0
        before, after = (dark[max(0, y0 - 2) : y0, x0:x1], dark[y1 : y1 + 2, x0:x1]) if level else (
            dark[y0:y1, max(0, x0 - 2) : x0].T, dark[y0:y1, x1 : x1 + 2].T)  # fmt: skip
        free = ~(before.any(0) | after.any(0))
        masked[y0:y1, x0:x1][np.broadcast_to(free if level else free[:, None], (y1 - y0, x1 - x0))] = paper
    return masked


def _mean(tokens: list[Token]) -> float:
    """Mean confidence of the characters, which foretells the share of words read right."""
    return sum(t.confidence * len(t.text) for t in tokens) / max(1, sum(len(t.text) for t in tokens))


def _second_pass(picture: Picture, dark: np.ndarray, tokens: list[Token]) -> list[Token]:
    look = partial(engines.look_closer, picture)
    if _mean(tokens) < SURE_PAGE:
        return merge(tokens, engines.read_thoroughly(picture), look)
    missed = marks.missed_print(dark, [t.box for t in tokens])
    return merge(tokens, engines.read_again(picture, _spans(tokens, picture.shape) + missed), look)


def _doubtful(token: Token) -> bool:
    """Whether to read a word again: any number, and a bar alone, which the dictionary has and a 1 is taken for."""
    return numeric(token.text) or token.text.strip(STRIPPED) == "|" or token.confidence < (KNOWN_WORD if token.known else SURE_WORD)


def _spans(tokens: list[Token], shape: tuple[int, ...]) -> list[PixelBox]:
    """Stretches of a line, up to a wide gap, that hold a doubtful word: alone, short words are read worse."""
    spans: list[list[Token]] = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        wide = 1.5 * (token.box[3] - token.box[1])
        if before is None or before.line != token.line or not -wide < token.box[0] - before.box[2] < wide:
            spans.append([])
        spans[-1].append(token)
    boxes = (union(t.box for t in span) for span in spans if any(map(_doubtful, span)))
    return [(max(0, a - 5), max(0, b - 4), min(shape[1], c + 5), min(shape[0], d + 4)) for a, b, c, d in boxes]


def _words(tokens: list[Token], dark: np.ndarray, scale: float) -> list[Word]:
    """Tokens as words in points. All words of a row get the row's top and bottom, as print has them."""
    rows: list[list[tuple[Token, PixelBox]]] = []
    for token, box in sorted(((t, _tight(t.box, dark)) for t in tokens), key=lambda p: p[1][1] + p[1][3]):
        middle = (box[1] + box[3]) / 2
        if rows and middle < rows[-1][0][1][3] and abs(middle - _middle(rows[-1])) < 0.35 * _height(rows[-1]):
            rows[-1].append((token, box))
        else:
            rows.append([(token, box)])
    words: list[Word] = []
    weigh = pictures.weights(dark)
    body = _body_weight([t for t, _ in itertools.chain(*rows)], weigh)
    for row in rows:
        row.sort(key=lambda p: p[1][0])
        heavy = [weigh(beside) > BOLD * body for beside in _neighbours([t.box for t, _ in row])]
        tallest = 1.4 * _height(row)
        usual = [(t, b) for t, b in row if b[3] - b[1] <= tallest]
        top, bottom = _em("".join(t.text for t, _ in usual), min(b[1] for _, b in usual), max(b[3] for _, b in usual))
        for (token, (x0, y0, x1, y1)), bold in zip(row, heavy, strict=True):
            low, high = (top, bottom) if y1 - y0 <= tallest else (y0, y1)
            place = (x0 * scale, low * scale, x1 * scale, high * scale, (high - low) * scale)
            words.append(Word(token.text, *place, bold=bold, confidence=token.confidence))
    return words


def _body_weight(tokens: list[Token], weigh: Callable[[list[PixelBox]], float]) -> float:
    """The median weight of print, each character counted once."""
    if not tokens:
        return 0.0
    return float(np.median(np.repeat([weigh([t.box]) for t in tokens], [len(t.text) for t in tokens])))


def _neighbours(boxes: list[PixelBox]) -> Iterator[list[PixelBox]]:
    """Each word with those printed right beside it: a word of two letters alone has no sure weight."""
    for at, box in enumerate(boxes):
        wide = box[3] - box[1]
        yield [b for b in boxes[max(0, at - 1) : at + 2] if b[0] - box[2] < wide and box[0] - b[2] < wide]


def _em(text: str, top: float, bottom: float) -> tuple[float, float]:
    """From the extent of a row's ink to that of its font (0.79 em above the base line, 0.21 below, as PDFs give it)."""
    tall, deep = bool(ASCENDING.search(text)), bool(DESCENDING.search(text))
    above, below = 0.72 if tall else 0.52, 0.21 if deep else 0.0
    em = (bottom - top) / (above + below)
    return top - (0.79 - above) * em, bottom + (0.21 - below) * em


def _middle(row: list[tuple[Token, PixelBox]]) -> float:
    return median((b[1] + b[3]) / 2 for _, b in row)


def _height(row: list[tuple[Token, PixelBox]]) -> float:
    return float(median(b[3] - b[1] for _, b in row))


def _tight(box: PixelBox, dark: np.ndarray) -> PixelBox:
    """The part of a box that holds ink: the thorough engine's boxes are generous."""
    x0, y0, x1, y1 = box
    rows = np.flatnonzero(dark[max(0, y0) : y1, max(0, x0) : x1].any(1))
    return (x0, max(0, y0) + int(rows[0]), x1, max(0, y0) + int(rows[-1]) + 1) if len(rows) > 4 else box


def _tick_word(tick: marks.TickBox, scale: float) -> Word:
    x0, y0, x1, y1 = (v * scale for v in tick.box)
    return Word(TICKED if tick.ticked else EMPTY, x0, y0, x1, y1, y1 - y0, confidence=tick.confidence)


def _to_page(boxes: np.ndarray, skew: float, turns: int, width: float, height: float) -> np.ndarray:
    """Boxes of the straight, upright picture as boxes of the page as it came: centres move, sizes stay."""
    across, down = (width, height) if turns % 2 == 0 else (height, width)
    x, y = ((boxes[:, 0] + boxes[:, 2] - across) / 2, (boxes[:, 1] + boxes[:, 3] - down) / 2)
    half = (boxes[:, 2:] - boxes[:, :2]) / 2
    angle = math.radians(skew)
    x, y = (math.cos(angle) * x - math.sin(angle) * y, math.sin(angle) * x + math.cos(angle) * y)
    for _ in range(turns):
        x, y, half = -y, x, half[:, ::-1]
    centre = np.stack([x + width / 2, y + height / 2], axis=1)
    return np.concatenate([centre - half, centre + half], axis=1).round(2).astype(np.float32)


def _fax_line(text: str, lines: tuple[Line, ...], boxes: np.ndarray) -> tuple[Line, ...]:
    """Mark the sending machine's line at the top edge as a header."""
    return tuple(
        replace(line, kind="header")
        if boxes[line.start, 3] < FAX_EDGE and FAX_LINE.search(text[line.start : line.end])
        else line
        for line in lines
    )
