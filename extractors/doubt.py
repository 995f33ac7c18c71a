"""Which of a finding's words decide it and were recognised too unsurely to decide alone.

A page with text of its own has no such words. On a recognised one an excerpt marks its doubtful words
(`Excerpt.doubtful`); most of them ("lumbar") decide nothing, a number, a "no" or a tick box may.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractors.document import Excerpt
from extractors.finding import Finding

NUMBERED = frozenset({"opioid_wean", "opioid_dose", "trial_relief", "inr", "platelets", "life_expectancy"})
"""Facts that a number decides, whoever read it."""
MEASURED = frozenset({"inr", "platelets"})
TEST = re.compile(r"^\W*(?:PT/)?(?:[I1l]N[RP]|platelets?|plts?|thrombocytes?)", re.I)
RANGE = re.compile(r"\d\s*[-–]\s*\d")
TICKS = re.compile("[☐☒]")
DENIAL = re.compile(r"n[o0a][a-z]?e?|never|without|den(?:y|ie[sd]|ying)|neg\w*|absent|ceased|stopped|\w+n.t", re.I)
"""Words that turn a statement round, and what they are misread as."""
DIGITS = re.compile(r"\d+(?:\.\d+)?")
MOST = 0.3
"""Share of an excerpt's words that may be doubtful before all of it is."""


def in_doubt(finding: Finding) -> tuple[str, ...]:
    """The doubtful words without which the finding would not be what it is, as they were read; () for a sure one."""
    used = frozenset(_numbers(finding))
    words = [word for excerpt in (finding.excerpt, *finding.operands) for word in _deciding(excerpt, finding, used)]
    return tuple(dict.fromkeys(words))


def _deciding(excerpt: Excerpt, finding: Finding, used: frozenset[float]) -> Iterator[str]:
    words = [excerpt.quote[a:b] for a, b in excerpt.doubtful]
    if finding.kind in MEASURED:
        yield from _of_result(excerpt, used)
        return
    if len(words) > max(1, MOST * len(excerpt.quote.split())):
        yield from words
        return
    for word in words:
        figure = any(c.isdigit() for c in word)
        named = TICKS.search(word) or DENIAL.fullmatch(word.strip(".,;:()")) or _names(word, finding)
        listed = finding.kind == "allergy_list" and any(c.isalpha() for c in word)  # it may be the planned drug
        reckoned = finding.kind in NUMBERED and figure and (not used or used.intersection(_values(word)))
        if named or listed or reckoned:
            yield word


def _of_result(excerpt: Excerpt, used: frozenset[float]) -> Iterator[str]:
    """A laboratory result is its name and its number: not the unit, the flag or the reference range that stand beside them."""
    words = [(m.start(), m[0]) for m in re.finditer(r"\S+", excerpt.quote)]
    result = next((at for at, word in words if used.intersection(_values(word)) and not RANGE.search(word)), None)
    doubtful = {start for start, _ in excerpt.doubtful}
    yield from (word for at, word in words if at in doubtful and (at == result or result is None or TEST.search(word)))


def _numbers(finding: Finding) -> Iterator[float]:
    """The numbers that a finding's value and arithmetic are made of; none when it is told in words."""
    if isinstance(finding.value, int | float):
        yield abs(float(finding.value))
    yield from _values(finding.derivation or "")
    for value in finding.attributes.values():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield abs(float(value))
        elif isinstance(value, str):
            yield from _values(value)


def _values(text: str) -> list[float]:
    """The numbers in a text: "8/10" has two; "84,000" counts as a whole and in thousands."""
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    values = [float(n) for n in DIGITS.findall(plain)]
    return values + [v / 1000 for v in values if v >= 1000]


def _names(word: str, finding: Finding) -> bool:
    """Whether the word is the drug or device that the finding is about."""
    named = [v for v in finding.attributes.values() if isinstance(v, str | list | tuple | frozenset)]
    names = {str(n).lower() for v in named for n in ([v] if isinstance(v, str) else v)}
    return word.strip(".,;:()").lower() in names
