"""Words that doses and stated weans share: before or after the trial, counts that go down, and of which opioid it is said."""

from __future__ import annotations

import re

from extractors.opioids import opioids_in
from extractors.quantities import NUMBER, number

AFTER = re.compile(
    r"\b(?:since|after|following) (?:the |his |her )?(?:\w+ ){0,2}(?:trial|injection|implant|"
    r"test dose|screening|procedure|catheter)|\bpost[- ]?trial\b|\bafter (?:the )?implant|\bafterwards?\b(?! he| she)",
    re.I,
)
AHEAD = re.compile(
    r"\b(?:before|prior to|ahead of|leading up to|in advance of|until|up to|by the time of|preceding|"
    r"to the day of|through)\s+(?:(?:the|his|her|this|that|any|hospital)\s+)*(?:\w+\s+){0,2}(?:trial|"
    r"injection|test|screening|procedure|catheter|it)\b|\bpre-?\s?trial\b",
    re.I,
)

COUNTS = re.compile(
    rf"\bfrom\s+(?:about\s+|roughly\s+|some\s+)?(?P<a>{NUMBER})(?:\s+(?:\w+\s+){{0,2}}(?:tabs?|"
    rf"tablets?|pills?|caps?|capsules?|doses?))?(?:\s+(?:(?:a|per|each|every)\s+day|"
    rf"daily))?\s+(?:down\s+)?to\s+(?:about\s+|"
    rf"just\s+|only\s+)?(?P<b>{NUMBER})(?P<tail>\s+(?:\w+\s+){{0,2}}(?:tabs?|tablets?|pills?|"
    rf"caps?|capsules?|doses?))?(?P<day>\s+(?:(?:a|per|each|every)\s+day|daily))?",
    re.I,
)
"""Tablets a day that go from one count to another."""

_A_DAY = r"(?:(?:a|per|each|every|in the) day|daily)"
_OF = r"(?:\s+of\s+(?:the|his|her|my|those)\s+\w+|\s+(?:tabs?|tablets?|pills?|caps?|capsules?|doses?))"
FEWER = re.compile(
    rf"\b(?:taking|takes|took|using|on)\s+(?:only\s+|about\s+|just\s+)?(?P<b>{NUMBER}){_OF}?(?:\s+{_A_DAY})?,?\s+down from\s+(?:the\s+)?(?P<a>{NUMBER})\b(?!\s*(?:%|mg|mcg|MME))"
    rf"|\b(?:taking|takes|took|using|on)\s+(?P<a2>{NUMBER}){_OF}?\s+{_A_DAY}\b[^.;]{{0,30}},?\s+and\s+(?:we|I|he|she)\s+(?:have\s+|has\s+|had\s+)?"
    rf"(?:got|brought|cut|come|came|taken|took|weaned|tapered)\s+(?:it|that|her|him|them)?\s*(?:down\s+)?to\s+(?P<b2>{NUMBER})\b(?!\s*(?:%|mg|mcg|MME))"
    rf"|\bon\s+(?P<a3>{NUMBER})\s+(?:mg\s+)?of\s+\w+\s+{_A_DAY}\b[^.;]{{0,25}}\s+and\s+(?P<b3>{NUMBER})\s+(?:on\s+|by\s+|at\s+)?the\s+(?:morning|day|time|week)\b",
    re.I,
)
"""The same told the other way round, or in two clauses: "on five of the tablets, down from the eight"."""
_HALF = re.compile(
    r"\bhal(?:f|ve[ds]?|ving)\b|%|\bper ?cent\b|\b(?:third|quarter|fraction)s?\b|\b(?:off|stop\w*|discontinu\w*|ceas\w*|quit\w*|none|no|zero|nothing|"
    r"without|last|free|never|finish\w*|gone|done|through|not|eliminat\w*|complet\w*|entire\w*|altogether)\b|n['’]t\b",
    re.I,
)


def may_be_half(text: str) -> bool:
    """Whether a reduction told in these words can be one of at least half: by a share, by stopping, or by a number half another."""
    amounts = sorted(number(m) for m in re.findall(rf"\b{NUMBER}\b", text, re.I))
    return bool(_HALF.search(text)) or len(amounts) > 1 and amounts[0] <= amounts[-1] / 2

_LONG = re.compile(r"\b(?:long[- ]acting|extended[- ]release|basal|around[- ]the[- ]clock|scheduled|contin)\b", re.I)
_PATCH = re.compile(r"\bpatch(?:es)?\b", re.I)
_SHORT = re.compile(r"\b(?:short[- ]acting|immediate[- ]release|break-?through|rescue|as[- ]needed|prn)\b", re.I)
_WHOLE = re.compile(
    r"(?<!two )(?<!three )(?<!both )\b(?:opioids?|opiates?|narcotics?)\b|\b(?:total|overall|altogether|all|combined|entire\w*|MMEs?|"
    r"MEDD?|OMEDD?|OME|regimen|everything|burden|both|each|equivalents?|pain (?:pills?|tablets?|medicines?|medications?))\b",
    re.I,
)
_OF_A_KIND = re.compile(r"\b(?:acting|release|basal|rescue|break-?through|scheduled)\s+(?:opioids?|narcotics?)\b", re.I)
_STAYS = re.compile(
    r"\b(?:unchanged|the same|same dose|continu\w+|remain\w*|stay(?:s|ed)|left (?:as|alone|where)|untouched|kept|as before|"
    r"(?:not|never)(?: yet)?(?: been)? (?:touch|chang|adjust|reduc|cut|wean|lower|taper)\w*|rais\w+|increas\w+|went up|"
    r"go(?:es|ing)? on|no change|hasn't|haven't|still tak\w+)\b",
    re.I,
)
_ANOTHER = re.compile(r"\bthe (?:other|rest|remaining|second)\b", re.I)
_CLAUSE = re.compile(r"[,;.](?=\s|$)|\n|\s(?:and|but|while|whereas|though|although|with)\s")


def parts_of(text: str, start: int, end: int) -> tuple[str, ...]:
    """Of which opioids `text[start:end]`, a reduction, is said: "oxycodone", "morphine ER", "long-acting"; () for all of them."""
    left = max((m.end() for m in _CLAUSE.finditer(text, 0, start)), default=0)
    right = next((m.start() for m in _CLAUSE.finditer(text, end)), len(text))
    sentence = re.split(r"[.;]\s", text[:start])[-1]
    if re.search(r"\b(?:both|each of|all of)\b", sentence, re.I):
        return ()
    for clause in (text[left:right], sentence):
        if _WHOLE.search(_OF_A_KIND.sub("", clause)):
            return ()
        if named := named_parts(clause):
            return named
    return ()


def named_parts(clause: str) -> tuple[str, ...]:
    """The opioids, or the kinds of them, that a clause names; () where both kinds are meant without a name."""
    long, short = bool(_LONG.search(clause)), bool(_SHORT.search(clause))
    drugs = [d for d in opioids_in(clause) if not d.opioid.antagonist]
    if len(drugs) == 1 and long != short:
        return (drugs[0].opioid.name + (" ER" if long else " IR"),)
    if drugs:
        return tuple(sorted({d.opioid.name + (" ER" if d.extended else "") for d in drugs}))
    if _PATCH.search(clause):
        return ("fentanyl",)
    return () if long == short else ("long-acting",) if long else ("short-acting",)


def another_stays(parts: tuple[str, ...], text: str) -> bool:
    """Whether `text` says of another opioid than `parts` that it went on, unchanged or raised."""
    clauses = _CLAUSE.split(text)
    for clause in [*clauses, *re.split(r"[.;](?=\s|$)", text)]:
        said = named_parts(clause)
        if _STAYS.search(clause) and (_ANOTHER.search(clause) or any(_may_be_other(parts, one) for one in said)):
            return True
    return False


def _may_be_other(parts: tuple[str, ...], one: str) -> bool:
    """Beside "the long-acting", a drug that is named without its form is taken for another one."""
    return other_than(parts, one) or (" " not in one and one not in parts and set(parts) <= {"long-acting", "short-acting"} != set())


def other_than(parts: tuple[str, ...], one: str) -> bool:
    """Whether `one` is surely none of `parts`; "oxycodone" may be any form of it, "long-acting" any drug."""
    kinds = {"long-acting": "ER", "short-acting": "IR"}
    name, kind = (None, kinds[one]) if one in kinds else (one.split()[0], one.partition(" ")[2])
    for part in parts:
        other, form = (None, kinds[part]) if part in kinds else (part.split()[0], part.partition(" ")[2])
        if (name is None or other is None or name == other) and (not kind or not form or kind == form):
            return False
    return bool(parts)
