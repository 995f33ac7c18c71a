"""Text of a record as HTML: always escaped, with words marked where they stand."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

MARK = "background:{colour};color:#1d2430"
"""Dark letters on a light ground, whatever the colours around them."""


def marked(text: str, spots: Iterable[tuple[int, int, str]], colour: str = "#f3e6a2") -> str:
    """`text` with each (start, end, title) marked; of two that overlap the first. `spots` are in order."""
    out, at = "", 0
    for start, end, title in spots:
        if start < at:
            continue
        style = MARK.format(colour=colour)
        out += f'{escape(text[at:start])}<mark style="{style}" title="{escape(title)}">{escape(text[start:end])}</mark>'
        at = end
    return out + escape(text[at:])


def pieces(text: str, spots: Iterable[tuple[int, int]]) -> tuple[tuple[str, bool], ...]:
    """`text` cut at (start, end) spots, which are in order and apart; each piece with whether it is one of them."""
    cut, at = list[tuple[str, bool]](), 0
    for start, end in spots:
        cut += [(text[at:start], False), (text[start:end], True)]
        at = end
    return (*cut, (text[at:], False))
