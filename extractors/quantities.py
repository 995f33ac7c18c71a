"""Numbers and percentages as clinical notes write them: digits, words, fractions, ranges, bounds.

    >>> percents("better than two thirds")[0].bound
    'at_least'

ADJUDICATION.md G5 fixes the meaning of the bounds, `side` applies it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from extractors.patterns import rare

Bound = Literal["exact", "at_least", "about", "nearly", "at_most", "range"]
Side = Literal["at_least_half", "under_half", "vague"]

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS: dict[str, float] = {word: float(value) for value, word in enumerate(re.findall(r"\w+", _ONES))}
_WORDS |= {word: 10.0 * value for value, word in enumerate(re.findall(r"\w+", _TENS), 2)}
_SCALES = {"hundred": 100.0, "thousand": 1000.0}
_ANY = "|".join(sorted([*_WORDS, *_SCALES], key=len, reverse=True))
_SPELLED = rf"\b(?:{_ANY})(?:(?:\s+and\s+|[\s-]+)(?:{_ANY}))*(?:\s+point(?:\s+(?:{_ANY}))+)?\b"
_DIGITS = r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"

NUMBER = rf"(?:{_DIGITS}|{_SPELLED})"
"""Pattern source of one number, in digits or words; read it with `number`."""
TO = r"\s*(?:-|–|—|\bto\b|\bor\b)\s*"

_FRACTIONS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "thirds": 3,
    "quarter": 4,
    "quarters": 4,
    "fourth": 4,
    "fourths": 4,
    "fifth": 5,
    "fifths": 5,
    "tenths": 10,
    "tenth": 10,
}
_PERCENT_SIGN = r"\s*(?:%|percent\b|per\s?cent\b|pct\b)"
_PERCENT = rare(
    rf"(?P<low>{NUMBER})(?:{_PERCENT_SIGN})?\s*(?:-|–|—|\bto\b|\bor\b|\band\b)\s*(?P<high>{NUMBER}){_PERCENT_SIGN}"
    rf"|(?P<one>{NUMBER})(?:-?odd)?{_PERCENT_SIGN}"
    rf"|(?:percent|%)\s*(?:of\s+)?(?:pain\s+|opioid\s+|dose\s+)?(?:reduction|relief|improvement|"
    rf"decrease)\s*[:=]?\s*(?P<form>{NUMBER})(?!\s*(?:{_PERCENT_SIGN[3:]}|mg|\d))"
    rf"|(?P<top>{NUMBER})\s+(?:out of|of|in)\s+every\s+(?P<every>{NUMBER})\b"
    r"|\b(?P<count>a|one|two|three|four|nine|1|2|3|4)[\s-]+(?:full\s+)?(?P<part>thirds?|quarters?|"
    r"fourths?|fifths?|tenths?)\b"
    r"|(?<![\d/])(?P<slash>1/2|1/3|2/3|3/4|1/4)(?![\d/])(?=\s*(?:of\b|relief|better|less|gone|"
    r"improv|reduc|the\b|over\b|or more|$|[.,;)]))"
    r"|\b(?P<alone>three[\s-]quarters|halved|halving|in half|half)\b",
    re.I,
)
# "half an hour", "two and a half", "half-life" measure something else than a part of the pain or dose.
_NOT_A_PART = re.compile(
    r"[\s-]+(?:an?\b|hours?|h\b|tab|life|pill|mile|block|pack|day|cup|hearted|way|past|lap|brother|"
    r"sister|year|liter|bath|the time)",
    re.I,
)
_MIXED = re.compile(r"\b(?:and|other|first|second|one|better|lower|upper)\s+(?:an?\s+)?$|\d\s+$", re.I)
_SMALL = r"(?:\s*(?:a|an|the|his|her|of|by|some|full))*\s*$"
_BEFORE: tuple[tuple[Bound, re.Pattern[str]], ...] = (
    ("at_least", re.compile(r"(?:at least|no less than|not less than|no fewer than|minimum of|>=|≥|≧)" + _SMALL, re.I)),
    ("at_most", re.compile(r"(?:no|not|never|nothing) (?:more|better|greater|over|above) (?:than )?" + _SMALL, re.I)),
    (
        "at_most",
        re.compile(
            r"(?:\bnot even|(?:\b(?:not|never|failed to)|n't)\s+(?:been\s+|quite\s+)?(?:reduced|cut|relieved|fall|fell|drop(?:ped)?|"
            r"reach\w*|come|came|exceed\w*|lowered|improved?|eased|get|got|attain\w*|achiev\w*|climb\w*|rise|rose)"
            r"(?:\s+(?:by|to|down|even|above|over|beyond|better|past))*)" + _SMALL,
            re.I,
        ),
    ),
    (
        "nearly",
        re.compile(
            r"(?:a shade under|a touch under|a little under|a hair under|nearly|almost|just under|just below|"
            r"just short of|short of|shy of|not quite|close to|approaching|nearing|barely|at the limit of)" + _SMALL,
            re.I,
        ),
    ),
    (
        "at_most",
        re.compile(
            r"(?:well under|well below|under|less than|below|fewer than|up to|at most|<=|<|≤|maximum of|max\.?|"
            r"at best|as much as)" + _SMALL,
            re.I,
        ),
    ),
    (
        "at_least",
        re.compile(
            r"(?:more than|over|better than|greater than|upwards? of|in excess of|exceed(?:s|ed|ing)?|above|"
            r"beyond|a good|fully|easily|>)" + _SMALL,
            re.I,
        ),
    ),
    (
        "about",
        re.compile(
            r"(?:about|approx(?:imately)?\.?|roughly|around|circa|some|~|≈|or so|somewhere (?:near|around))" + _SMALL,
            re.I,
        ),
    ),
)
_AFTER = re.compile(r"\s*(?:\+|or (?:more|better|greater|higher|so)|plus\b|and (?:more|better)|and then some)", re.I)


_LEAVES = re.compile(
    r"\b(?:(?:remained|remains|left) (?:was|is)|kept|keeps?|keeping|left with|left|had only|has only|remaining|still has|(?:put )?(?:the |her |his )?pain (?:at|was|is|stood at|"
    r"became|now)|(?:down )?to)\s+(?:still\s+)?(?:about\s+|roughly\s+|only\s+|just\s+|barely\s+)?[\"“]?(?:a\s+|an\s+)?$",
    re.I,
)
_OF = re.compile(r"\s*(?:of\b|what\b|its\b|the\b)", re.I)
_ALL_BUT = re.compile(r"\ball but\s+(?:about\s+)?(?:a\s+|an\s+|the last\s+)?$", re.I)
_REMAINS = re.compile(
    r"\s*(?:of (?:the|her|his|their|its|that|all)?\s*)?(?:\w+\s+){0,2}?pain\s+(?:(?:was|is|were|had|has)\s+)?(?:still\s+|yet\s+)?"
    r"(?:left|remain\w*|persist\w*|there|unrelieved|unchanged|stayed|present|untouched)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Percent:
    """A part of a whole in percent, `text[start:end]`; `low == high` unless `bound` is "range"."""

    start: int
    end: int
    low: float
    high: float
    bound: Bound


def left_over(text: str, part: Percent) -> bool:
    """Whether a part is what remains and not what is gone: "a third of the pain was left", "all but a quarter", "to 40 % of"."""
    before, after = text[: part.start], text[part.end :]
    return bool(_LEAVES.search(before) and _OF.match(after) or _ALL_BUT.search(before) or _REMAINS.match(after))


def number(text: str) -> float:
    """The value of what `NUMBER` matched: "1,200" is 1200, "two hundred fifty" is 250."""
    text = text.lower().strip().replace(",", "")
    try:
        return float(text)
    except ValueError:
        whole, _, parts = text.partition(" point ")
        if parts:
            return number(whole) + float("0." + "".join(f"{_WORDS[w]:g}" for w in parts.split() if w in _WORDS))
        total = group = 0.0
        for word in re.findall(r"[a-z]+", text):
            if word == "and":
                continue
            if word in _SCALES:
                group = max(group, 1.0) * _SCALES[word]
                if word == "thousand":
                    total, group = total + group, 0.0
            else:
                group += _WORDS[word]
        return total + group


def percents(text: str) -> list[Percent]:
    """Percentages and fractions in reading order, each with the bound that its words set."""
    found = []
    for match in _PERCENT.finditer(text):
        low, high = _value(match)
        alone = (match["alone"] or "").lower()
        if alone == "half" and (_NOT_A_PART.match(text, match.end()) or _MIXED.search(text[: match.start()])):
            continue
        if match["part"] and re.match(
            r"[\s-]+(?:mile|hour|day|week|of (?:an?|the) (?:mile|hour|block))", text[match.end() :], re.I
        ):
            continue
        start, bound = _bound(text, match.start(), match.end())
        if low != high:
            bound = "range"
        end = match.end()
        if (after := _AFTER.match(text, end)) and bound == "exact":
            bound, end = ("about" if "so" in after[0].lower() else "at_least"), after.end()
        found.append(Percent(start, end, min(low, high), max(low, high), bound))
    return found


def _value(match: re.Match[str]) -> tuple[float, float]:
    if match["one"]:
        return (value := number(match["one"])), value
    if match["low"]:
        return number(match["low"]), number(match["high"])
    if match["form"]:
        return (value := number(match["form"])), value
    if match["top"]:
        return (value := round(100 * number(match["top"]) / max(number(match["every"]), 1.0), 1)), value
    if match["count"]:
        count = 1.0 if match["count"].lower() == "a" else number(match["count"])
        return (value := round(100 * count / _FRACTIONS[match["part"].lower()], 1)), value
    if match["slash"]:
        top, bottom = match["slash"].split("/")
        return (value := round(100 * int(top) / int(bottom), 1)), value
    return (value := 75.0 if "quarter" in match["alone"].lower() else 50.0), value


def _bound(text: str, start: int, end: int) -> tuple[int, Bound]:
    before = text[max(0, start - 40) : start]
    for bound, pattern in _BEFORE:
        if hit := pattern.search(before):
            return start - len(before) + hit.start(), bound
    return start, "exact"


def side(low: float, high: float, bound: Bound, threshold: float = 50.0) -> Side:
    """On which side of a "at least `threshold` %" rule a percentage lies (ADJUDICATION.md, G5).

    "About 50" satisfies it, "nearly 50" does not, "40 to 60" and "at least 30" decide nothing.
    """
    if bound == "range":
        return "at_least_half" if low >= threshold else "under_half" if high < threshold else "vague"
    if bound == "at_least":
        return "at_least_half" if low >= threshold else "vague"
    if bound == "at_most":
        return "under_half" if high <= threshold else "vague"
    if bound == "nearly":
        return "at_least_half" if low >= 1.15 * threshold else "under_half"
    return "at_least_half" if low >= threshold else "under_half"
