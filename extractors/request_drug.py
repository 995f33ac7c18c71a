"""The drug that is to go into the pump or the trial, told from tablets, drips and allergies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from extractors.opioids import opioids_in
from extractors.request_words import cues, matches, without_empty_options

CLAUSE_END = re.compile(r"[.;](?:\s|$)|\t")


def drug_names(text: str) -> frozenset[str]:
    """The generic names of the drugs of pumps that a text names, brand names included."""
    return frozenset(_named_in_order(text))


def planned_drug(sentences: Sequence[str]) -> str | None:
    """The generic name of the drug planned for the pump or the trial; what is only added to another, where no other is named."""
    planned = (
        name
        for pattern in cues()["planned_drug"]
        for sentence in sentences
        if (found := pattern.search(sentence)) and not matches("undecided", sentence)
        for name in _named_in_order(" ".join(filter(None, found.groups())))
    )
    passed = []
    for name in planned:
        if goes_alone(name):
            return name
        passed.append(name)
    return next((name for name in passed if name in cues()["adjuncts"]), None)


def drug_beside(sentences: Sequence[str]) -> str | None:
    """The drug that a sentence of asking names in any place ("catheter, 48 hours, hydromorphone")."""
    for sentence in sentences:
        named = [] if matches("undecided", sentence) else _named_in_order(_spinal_part(without_empty_options(sentence)))
        if (name := next(filter(goes_alone, named), None)) is not None:
            return name
    return None


def drug_of_spine(told: Sequence[Sequence[str]]) -> str | None:
    """The drug that most documents tie to the spine, a pump or a catheter; None where as many tie another."""
    counts = Counter(name for sentences in told for name in set(_tied(sentences)))
    ranked = counts.most_common(2)
    return ranked[0][0] if ranked and (len(ranked) == 1 or ranked[0][1] > ranked[1][1]) else None


def undecided(sentences: Sequence[str]) -> bool:
    """Whether the choice of drug is said to be open."""
    return any(matches("undecided", s) and matches("drug_word", s) for s in sentences)


def _tied(sentences: Sequence[str]) -> Iterator[str]:
    """What stands beside the spine, a pump or a catheter in a clause, or opens the one after it ("Pump. Hydromorphone, 2 mg.")."""
    before = ""
    for clause in (clause for sentence in sentences for clause in CLAUSE_END.split(sentence) if clause.strip()):
        part = _spinal_part(clause)
        if not matches("to_spine", clause):
            part = " ".join(part.split()[:1]) if matches("to_spine", before) else ""
        if not matches("undecided", clause):
            yield from filter(goes_alone, _named_in_order(part))
        before = clause


def _spinal_part(sentence: str) -> str:
    """A sentence without what it says of drugs that are swallowed, worn, dripped into a vein, or not tolerated."""
    for pattern in cues()["other_route"]:
        sentence = pattern.sub(" ", sentence)
    return sentence


def goes_alone(name: str) -> bool:
    """Whether a drug may be what a pump or trial is for: not only added to another, and not only swallowed."""
    return name not in cues()["adjuncts"] and name not in cues()["never_spinal"]


def _named_in_order(text: str) -> list[str]:
    """Opioids in reading order, then what is added to them."""
    opioids = [mention.opioid.name for mention in opioids_in(text)]
    words = text.lower()
    added = [
        generic
        for generic, brands in cues()["added"].items()
        if any(re.search(rf"\b{re.escape(name)}\b", words) for name in (generic, *brands))
    ]
    return list(dict.fromkeys(opioids + added))
