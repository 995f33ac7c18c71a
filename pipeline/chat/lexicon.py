"""The words reviewers and records use for the same thing, as data, and the stems that are compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?|\d+(?:[./:-]\d+)*%?|%")
ENDS = re.compile(r"['’](?:d|ll|ve|re|m|s)$")
STOP = frozenset(
    "a an and are as at be been but by can could did do does doing for from had has have he her hers him his how i if in into is it its "
    "just me my now of on or our out she so some than that the their them then there these they this those to too up us was we were what "
    "whats what's when where which who whom whos why will with would you your yet pls please show tell give any anything about also ok "
    "okay actually really say says said does doesnt didnt isnt pt patient patients patient's lady gentleman guy mr mrs ms dr chart packet "
    "record records documented document documents note notes mention mentioned listed list written s t d lol hey im ive got get gets one "
    "no whose vet veteran member bene before after own thing things like still right ever there's theres he's she's hes shes re vs per w look see find".split()
)


FIRST_WORD = 1996
"""Where whole words begin in the vocabulary, after its letters and signs."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Names to phrases (tuples of stems): `same` things, and `related` things."""

    same: dict[str, tuple[tuple[str, ...], ...]]
    related: dict[str, tuple[tuple[str, ...], ...]]


@cache
def lexicon() -> Lexicon:
    data = yaml.safe_load(files("pipeline.chat").joinpath("lexicon.yaml").read_text("utf-8"))
    parts = ({name: tuple(phrase(w) for w in words) for name, words in data[part].items()} for part in ("same", "related"))
    return Lexicon(*parts)


@cache
def _spelled() -> tuple[dict[str, str], re.Pattern[str]]:
    known: dict[str, str] = yaml.safe_load(files("pipeline.chat").joinpath("lexicon.yaml").read_text("utf-8"))["spelled"]
    return known, re.compile(r"(?<![\w/])(?:" + "|".join(map(re.escape, sorted(known, key=len, reverse=True))) + r")(?![\w/])", re.I)


def spelled_out(text: str) -> str:
    """A text with its abbreviations in words; one that the lexicon lists in capitals only counts in capitals ("PT")."""
    known, pattern = _spelled()
    return pattern.sub(lambda m: known.get(m.group()) or known.get(m.group().lower()) or m.group(), text)


def phrase(words: str) -> tuple[str, ...]:
    return tuple(stem(w) for w in WORD.findall(str(words).lower()))


@cache
def stem(word: str) -> str:
    """A light stem: plural, -ing, -ed, -ly; numbers as they are."""
    word = word.replace("’", "'").removesuffix("'s").replace("'", "")
    if not word.isalpha() or len(word) <= 3:
        return word
    for end, keep in (("ies", "y"), ("ings", ""), ("ing", ""), ("edly", ""), ("ed", ""), ("ly", ""), ("es", ""), ("s", "")):
        if word.endswith(end) and len(word) - len(end) >= 3 and not (end == "s" and word.endswith(("ss", "us", "is"))):
            word = word[: -len(end)] + keep
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def stems(text: str) -> list[str]:
    return [stem(w) for w in WORD.findall(text.lower())]


def content(text: str) -> list[str]:
    """The stems of a question that carry its meaning."""
    words = (ENDS.sub("", w) for w in WORD.findall(text.lower()))
    return [stem(w) for w in words if w not in STOP and re.sub("['’]", "", w) not in STOP]


@cache
def common() -> frozenset[str]:
    """Stems of everyday English: the vocabulary lists whole words by their frequency, the first 2,500 are everyday."""
    listed = files("pipeline.chat").joinpath("vocab.txt").read_text("utf-8").split("\n")
    words = [w for w in listed[FIRST_WORD:] if w.isalpha() and len(w) > 2][:2500]
    return frozenset(stem(w) for w in words) - named()


@cache
def named() -> frozenset[str]:
    """Every stem that the lexicon names."""
    known = lexicon()
    return frozenset(w for part in (known.same, known.related) for group in part.values() for p in group for w in p)
