"""What the learned reader is given: windows of a page, in which every statement is read beside the others.

A window is `[CLS] heading [SEP] statement [SEP] statement [SEP] ...`: up to `BEFORE` tokens of what stands before, for
context only, then as many statements as fit in `WINDOW` tokens. One pass of the encoder scores all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from extractors.segment import Segment, statement

WINDOW = 192
BEFORE = 40
STATEMENT = 64
"""Tokens of a piece: a longer statement is read in several, and trained on by its first."""
CLAUSE = re.compile(r"(?<=[;,])\s+")
HEADING = 80
"""Characters of a heading."""
CLS, SEP = 2, 3
"""Ids of the markers: the vocabulary begins [PAD] [UNK] [CLS] [SEP] [MASK]."""

Tokens = tuple[int, ...]
Encode = Callable[[str], Sequence[int]]
Part = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Window:
    """Token ids, and per scored statement its index in the page and its (first, last) tokens, `last` being its [SEP]."""

    ids: Tokens
    statements: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


def parts_of(segments: Sequence[Segment], text: str) -> list[Part]:
    """(heading, statement) per segment of a page."""
    return [(s.heading[:HEADING] if s.kind != "heading" else "", statement(s, text)) for s in segments]


def pieces_of(said: str, encode: Encode) -> list[str]:
    """A statement in pieces of at most `STATEMENT` tokens, cut at commas and semicolons where it can be: lists of treatments run long."""
    if len(encode(said)) <= STATEMENT:
        return [said]
    pieces = [""]
    for clause in CLAUSE.split(said):
        longer = f"{pieces[-1]} {clause}".strip()
        if pieces[-1] and len(encode(longer)) > STATEMENT:
            pieces.append(clause)
        else:
            pieces[-1] = longer
    return [part for piece in pieces for part in _halved(piece, encode)]


def _halved(piece: str, encode: Encode) -> list[str]:
    words = piece.split(" ")
    if len(encode(piece)) <= STATEMENT or len(words) < 2:
        return [piece]
    half = len(words) // 2
    return _halved(" ".join(words[:half]), encode) + _halved(" ".join(words[half:]), encode)


def windows(parts: Sequence[Part], encode: Encode) -> Iterator[Window]:
    """The windows of a page, each statement in exactly one of them; `encode` gives token ids without markers."""
    ids = [tuple(encode(said)[:STATEMENT]) for _, said in parts]
    at = 0
    while at < len(parts):
        begin = _context(ids, at)
        tokens = [CLS, *_heading(parts, begin, at, encode)]
        for earlier in ids[begin:at]:
            tokens += [*earlier, SEP]
        first = at
        spans = []
        while at < len(parts) and (at == first or len(tokens) + len(ids[at]) < WINDOW):
            start = len(tokens)
            tokens += [*ids[at], SEP]
            spans.append((start, len(tokens) - 1))
            at += 1
        yield Window(tuple(tokens), tuple(range(first, at)), tuple(spans))


def _context(ids: Sequence[Tokens], at: int) -> int:
    """The first of the statements before `at` that fit in `BEFORE` tokens."""
    size = 0
    while at and (size := size + len(ids[at - 1]) + 1) <= BEFORE:
        at -= 1
    return at


def _heading(parts: Sequence[Part], begin: int, at: int, encode: Encode) -> list[int]:
    """The heading that the window stands under, unless it is itself among the statements before."""
    heading = parts[at][0]
    if not heading or any(said.startswith(heading[:40]) for _, said in parts[begin:at]):
        return []
    return [*encode(heading), SEP]
