"""The two documents that a question sets side by side."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from pipeline.chat.intent import Intent
from pipeline.chat.lexicon import stems
from pipeline.chat.packet import PacketView
from pipeline.chat.passages import Passage, signatures
from pipeline.chat.retrieve import Hit

BETWEEN = re.compile(r"\b(?:vs|versus|and|against|beside|with|from|than|to|match\w*|back up)\b|[;,]", re.I)
BOTH = re.compile(r"\b(?:two|both)\b", re.I)
OF_EACH, WEIGHED = 3, 2
"""Passages shown of each document, and of them those that the screening weighs."""
LEAST = 4
"""Letters of a word that names a document: by who wrote it, or by what its file is called."""


def two_sides(intent: Intent, packet: PacketView) -> tuple[str, ...]:
    """The ids of the two documents compared, in the order asked; nothing where the question does not tell exactly two.

    Each half of the question names one, by its author, the words of its name or its day; or "the two" name both at
    once; or they are those that stand on either side of a criterion.
    """
    if "compare" not in intent.asks:
        return ()
    called = _called(packet)
    for cut in BETWEEN.finditer(intent.question):
        one, other = (_named(part, called) for part in (intent.question[: cut.start()], intent.question[cut.end() :]))
        if len(one) == len(other) == 1 and one != other:
            return (*one, *other)
    if not BOTH.search(intent.question):
        return ()
    both = _named(intent.question, called)
    return both if len(both) == 2 else _stances(intent, packet)


def told_of_each(sides: tuple[str, ...], hits: Sequence[Hit], packet: PacketView) -> Iterator[tuple[str, list[Passage]]]:
    """Each document with what it says of the question: first what the screening weighs, of a fact that it weighs in both, then the likeliest."""
    ranked = {h.passage.place: h.score for h in hits}
    weighed = {side: frozenset(k for p in packet.passages if p.document_id == side for k in packet.proofs.get(p.place, ())) for side in sides}
    shared = frozenset.intersection(*weighed.values()) if sides else frozenset()
    for side in sides:
        own = [p for p in packet.passages if p.document_id == side and not p.foreign]
        both = sorted((p for p in own if packet.proofs.get(p.place, frozenset()) & shared), key=lambda p: -ranked.get(p.place, 0.0))[:WEIGHED]
        near = sorted((p for p in own if p.place in ranked and p not in both and not any(signatures(p.said))), key=lambda p: -ranked[p.place])
        yield side, [*both, *near][:OF_EACH]


def _called(packet: PacketView) -> dict[str, set[str]]:
    """Words, and days as "10/07" and "10/7", to the documents that they name."""
    called: dict[str, set[str]] = defaultdict(set)
    for p in packet.passages:
        if p.foreign:
            continue
        names = stems(f"{p.author or ''} {p.document_id.replace('_', ' ')}")
        for word in (w for w in names if w.isalpha() and len(w) >= LEAST and w not in packet.own_names):
            called[word].add(p.document_id)
        if p.document_date:
            _, month, day = p.document_date.split("-")
            called[f"{month}/{day}"].add(p.document_id)
            called[f"{int(month)}/{int(day)}"].add(p.document_id)
    return called


def _named(part: str, called: dict[str, set[str]]) -> tuple[str, ...]:
    """The documents that most words of a part of the question name, in reading order."""
    count = Counter(document_id for word in set(stems(part)) for document_id in called.get(word, ()))
    most = max(count.values(), default=0)
    return tuple(sorted(d for d, n in count.items() if n == most))


def _stances(intent: Intent, packet: PacketView) -> tuple[str, ...]:
    for name in intent.criteria[:1]:
        first = {e["document_id"] for e in packet.sides(name).values()}
        if len(first) == 2:
            return tuple(sorted(first))
    return ()
