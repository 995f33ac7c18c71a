"""Long patterns that are looked for in every sentence and seldom there.

Python's matcher tries every alternative at every place. `rare` asks first, with plain substring search, for the letters
without which the pattern cannot match, found in the pattern itself (the idea of RE2's FilteredRE2): what is found is the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from re import _constants as op  # type: ignore[attr-defined]  # private, and the only door to a pattern's parts:
from re import _parser as parser  # type: ignore[attr-defined]  # the tests compare every pattern of ours with plain `re`
from typing import Any

MOST = 250
"""More alternatives than this cost as much as the pattern itself."""
DIGITS = frozenset("0123456789")
Needed = frozenset[str]
"""Lower-case strings one of which stands in whatever plain (ASCII) text matches; empty where nothing is known."""
NOTHING: Needed = frozenset()


@dataclass(frozen=True, slots=True)
class Rare:
    """A compiled pattern that is only tried where it can match."""

    pattern: re.Pattern[str]
    needed: tuple[str, ...]

    def search(self, text: str) -> re.Match[str] | None:
        return self.pattern.search(text) if self._possible(text) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        return self.pattern.finditer(text) if self._possible(text) else iter(())

    def sub(self, new: str | Callable[[re.Match[str]], str], text: str) -> str:
        return self.pattern.sub(new, text) if self._possible(text) else text

    def _possible(self, text: str) -> bool:
        if not self.needed or not text.isascii():  # where a letter's other case may be several letters
            return True
        text = text.lower()
        for word in self.needed:  # noqa: SIM110 (three times as fast as any() with a generator)
            if word in text:
                return True
        return False


def rare(pattern: str, flags: int = 0) -> Rare:
    """`pattern` compiled, with what it needs; nothing is gained where that cannot be told."""
    needed = _of_sequence(parser.parse(pattern, flags))
    return Rare(re.compile(pattern, flags), tuple(sorted(needed, key=_chance, reverse=True)))


def _of_sequence(items: Sequence[tuple[Any, Any]]) -> Needed:
    """All of a sequence must be there: its part that is least likely by chance."""
    found: list[Needed] = []
    run = ""
    for kind, value in [*items, (None, None)]:
        if kind is op.LITERAL:
            run += chr(value).lower()
        elif kind is not op.AT:  # a place, such as a word's edge, takes no room
            if run:
                found.append(frozenset({run}))
            run = ""
            found.append(_of_part(kind, value))
    return min(filter(None, found), key=lambda words: sum(map(_chance, words)), default=NOTHING)


def _of_part(kind: Any, value: Any) -> Needed:
    if kind is op.SUBPATTERN:
        return _of_sequence(value[-1])
    if kind is op.BRANCH:
        return _any_of([_of_sequence(items) for items in value[1]])
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT) and value[0] >= 1:
        return _of_sequence(value[2])
    if kind is op.IN:
        return _any_of([_of_member(*member) for member in value])
    return NOTHING


def _of_member(kind: Any, value: Any) -> Needed:
    if kind is op.LITERAL:
        return frozenset({chr(value).lower()})
    if kind is op.CATEGORY and value is op.CATEGORY_DIGIT:
        return DIGITS
    if kind is op.RANGE and value == (ord("0"), ord("9")):
        return DIGITS
    return NOTHING


def _any_of(parts: Sequence[Needed]) -> Needed:
    """One of several must be there: what each needs, less what holds another within it."""
    if not all(parts):
        return NOTHING
    words = frozenset().union(*parts)
    kept = frozenset(w for w in words if not any(other != w and other in w for other in words))
    return kept if len(kept) <= MOST else NOTHING


def _chance(word: str) -> float:
    """How likely a string is to stand somewhere by chance, roughly."""
    return math.prod(0.01 if c.isdigit() else 0.05 for c in word)
