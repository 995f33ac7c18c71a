"""Other readings of recognised words, for matching only: what the page prints is never changed.

Engines confuse shapes that print alike (l and 1, O and 0, rn and m) and lose decimal points. A phrase or a drug
name that does not match as read may match one of these readings; numbers are only ever offered, with
the trust of a guess, never put in place of what was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

WORD = re.compile(r"[^\s]+")
TO_LETTER = {"0": "o", "1": "l", "5": "s", "8": "b", "6": "b", "|": "l", "!": "l", "]": "l", "$": "s", "{": "t"}
TO_DIGIT = {"O": "0", "o": "0", "Q": "0", "D": "0", "l": "1", "I": "1", "|": "1", "i": "1", "!": "1", "Z": "2", "z": "2",
            "S": "5", "s": "5", "B": "8", "&": "8", "G": "6", "b": "6", "g": "9", "q": "9"}  # fmt: skip
SHAPES = (("rn", "m"), ("m", "rn"), ("cl", "d"), ("d", "cl"), ("vv", "w"), ("w", "vv"), ("li", "h"), ("ii", "u"),
          ("ri", "n"), ("nn", "m"), ("l", "i"), ("i", "l"), ("I", "l"), ("l", "I"), ("1", "l"), ("c", "e"), ("e", "c"), ("t", "f"), ("f", "t"),
          ("J", "l"), ("T", "I"), ("ni", "m"), ("in", "m"))  # fmt: skip
MOST = 12
"""Readings offered for one word at most."""


class Alternative(NamedTuple):
    """`text` is another reading of `page.text[start:end]`."""

    start: int
    end: int
    text: str


def as_word(text: str) -> str:
    """A word's letters where digits and marks stand among them by mistake: "m0rphine" is "morphine".

    Words without a letter, and codes or quantities ("L4-S1", "62362", "20mg", "10mL"), come back unchanged.
    """
    letters = sum(c.isalpha() for c in text)
    odd = [i for i, c in enumerate(text) if c in TO_LETTER and _beside_letters(text, i)]
    if letters < 3 or not odd or len(odd) * 2 >= letters:
        return text
    return "".join(TO_LETTER[c] if i in odd else c for i, c in enumerate(text))


def _beside_letters(text: str, at: int) -> bool:
    """Whether lower-case letters surround a character: a misread letter, not the digit of a code."""
    before, after = text[:at], text[at + 1 :]
    inside = bool(re.search(r"[a-z]$", before)) and bool(re.match(r"[a-z]", after))
    return inside or (not before and bool(re.match(r"[a-z]{3}", after)))


def as_number(text: str) -> str:
    """A number whose digits were read as letters: "1O" is "10", "l.5" is "1.5"; else unchanged.

    A leading capital stays: S1, B12, I10 and O2 are names.
    """
    if not any(c.isdigit() for c in text) or any(c.isalpha() and c not in TO_DIGIT for c in text) or text[0].isupper():
        return text
    changed = "".join(TO_DIGIT.get(c, c) for c in text)
    return changed if re.fullmatch(r"[(<>~]?\d[\d.,/:%-]*[%)]?[.,;:]?", changed) else text


def lost_points(text: str) -> tuple[str, ...]:
    """What a number of two to four digits would be with a decimal point lost: "15" may have been "1.5"."""
    if not re.fullmatch(r"\d{2,4}", text):
        return ()
    return tuple(f"{text[:i]}.{text[i:]}" for i in range(1, len(text)) if text[:i] == "0" or text[0] != "0")


def readings(word: str) -> tuple[str, ...]:
    """Other readings of one word, likeliest first, without the word itself."""
    found: dict[str, None] = {}
    for changed in (as_word(word), as_number(word)):
        if changed != word:
            found[changed] = None
    if sum(c.isalpha() for c in word) >= 3:
        for seen, meant in SHAPES:
            at = word.find(seen)
            while at >= 0 and len(found) < MOST:
                found[word[:at] + meant + word[at + len(seen) :]] = None
                at = word.find(seen, at + 1)
    return tuple(list(found)[:MOST])


def alternatives(text: str, vocabulary: Iterable[str], start: int = 0, end: int | None = None) -> Iterator[Alternative]:
    """Words of `text[start:end]` that are not in `vocabulary` (lower-case words) but have a reading that is.

    Words broken in two ("hydro morphone") are joined when the whole is in the vocabulary and neither half is.
    Clean text yields nothing: a word the vocabulary knows is left alone.
    """
    known = vocabulary if isinstance(vocabulary, (set, frozenset)) else frozenset(vocabulary)
    words = [(m.start(), m.end(), m.group()) for m in WORD.finditer(text, start, len(text) if end is None else end)]
    for i, (a, b, word) in enumerate(words):
        core = word.strip(".,;:()[]'\"*-")
        if len(core) < 3 or core.lower() in known:
            continue
        a, b = a + word.index(core), a + word.index(core) + len(core)
        for reading in readings(core):
            if reading.lower() in known:
                yield Alternative(a, b, reading)
                break
        else:
            yield from _joined(words, i, a, core, known)


def _joined(
    words: list[tuple[int, int, str]], i: int, start: int, core: str, known: frozenset[str] | set[str]
) -> Iterator[Alternative]:
    if i + 1 == len(words) or words[i][1] - start != len(core):
        return
    begin, _, other = words[i + 1]
    rest = other.rstrip(".,;:()[]'\"*")
    if rest and rest.lower() not in known and (core + rest).lower() in known:
        yield Alternative(start, begin + len(rest), core + rest)
