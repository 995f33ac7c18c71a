"""Cue words of the number readers: word lists kept as data in cues.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from extractors.patterns import Rare, rare
from extractors.rules import own_text, rules


@dataclass(frozen=True, slots=True)
class Cue:
    """A list of cues.yaml: found as whole words, in any case, a user's own entries included."""

    name: str

    def search(self, text: str) -> re.Match[str] | None:
        return _pattern(self.name, own_text("cues.yaml")).search(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        return _pattern(self.name, own_text("cues.yaml")).finditer(text)


def cue(name: str) -> Cue:
    """The cue of the list `name`. KeyError for an unknown name."""
    _pattern(name, "")
    return Cue(name)


@cache
def _pattern(name: str, own: str) -> Rare:
    return rare(rf"\b(?:{'|'.join(_lists(own)[name])})\b", re.I)


@cache
def _lists(own: str) -> dict[str, list[str]]:
    return rules("cues.yaml", own)
