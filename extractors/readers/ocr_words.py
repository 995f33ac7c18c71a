"""Doubtful words set right by the words of their own page that are sure: "neurosurgerv" by "neurosurgery".

Print repeats itself, and engines confuse few shapes (l and 1, rn and m, y and v). Only words already doubtful are
looked at, and a mended word stays doubtful: it is matched, marked, and decides nothing alone. Numbers keep
their digits; letters that stand among digits give way to them ("1O").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from extractors.document import TRUSTED
from extractors.readers.ocr_engines import Token

SHORTEST = 5
"""Letters of a word below which a look-alike is too likely another word."""
EDGES = ".,;:()[]'\"*-/"
ALIKE = ("il", "it", "lt", "1l", "1i", "ec", "ao", "0o", "vy", "ft", "5s", "8b", "bh", "gq",
         ("rn", "m"), ("cl", "d"), ("ri", "n"), ("nn", "m"), ("vv", "w"), ("ii", "u"), ("li", "h"))  # fmt: skip
DIGIT = str.maketrans("OoQDlI|iSsB", "00001111558")
NUMBER = re.compile(r"[<>~]?\d[\d.,/:-]*%?")


def mended(tokens: Sequence[Token]) -> list[Token]:
    """The words of a page, doubtful ones that have exactly one look-alike among the sure ones replaced by it."""
    sure = {_core(t.text) for t in tokens if t.confidence >= TRUSTED}
    return [t if t.confidence >= TRUSTED else t._replace(text=_mend(t.text, sure)) for t in tokens]


def _mend(word: str, sure: set[str]) -> str:
    core = word.strip(EDGES)
    number = core.translate(DIGIT)
    if core[:1].isdigit() and NUMBER.fullmatch(number):
        return word.replace(core, number)
    if len(core) < SHORTEST or core.lower() in sure or sum(c.isdigit() for c in core) > 1:
        return word
    found = {reading for reading in _readings(core.lower()) if reading in sure}
    return word.replace(core, _cased(found.pop(), core)) if len(found) == 1 else word


def _readings(word: str) -> Iterator[str]:
    """The word with one shape exchanged for one that prints alike."""
    for one, other in map(tuple, ALIKE):
        for seen, meant in ((one, other), (other, one)):
            at = word.find(seen)
            while at >= 0:
                yield word[:at] + meant + word[at + len(seen) :]
                at = word.find(seen, at + 1)


def _core(text: str) -> str:
    return text.strip(EDGES).lower()


def _cased(word: str, like: str) -> str:
    return word.upper() if like.isupper() else word.capitalize() if like[0].isupper() else word
