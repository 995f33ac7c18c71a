"""Which passages answer a question, and whether any does: measures of each, weighed by what was learned from labelled questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from extractors.talk import instructs
from pipeline.chat.intent import Intent
from pipeline.chat.kinds import wanted
from pipeline.chat.learned import heard, probabilities, turned
from pipeline.chat.lexicon import common
from pipeline.chat.packet import PacketView
from pipeline.chat.passages import Passage
from pipeline.chat.retrieve import OTHER_TALK, Hit, day_fits, names_fit

NEAR = 3
"""Passages apart at which one still belongs to what was cited before."""


@dataclass(frozen=True, slots=True)
class Found:
    """Hits with the probability that each answers the question, the likeliest first; `answerable` that any does."""

    hits: tuple[Hit, ...]
    answerable: float


def weigh(intent: Intent, packet: PacketView) -> Found:
    """The passages of the record that may answer a question, weighed."""
    hits = candidates(intent, packet)
    if not hits:
        return Found((), 0.0)
    ranked = weighed(hits, measures(intent, packet, hits))
    return Found(ranked, float(probabilities("answerable", overall(intent, packet, ranked))[0]))


def weighed(hits: Sequence[Hit], measured: np.ndarray) -> tuple[Hit, ...]:
    """Hits, the likeliest to answer first; their score is that probability."""
    likely = probabilities("relevance", measured)[:, 0]
    return tuple(replace(hits[i], score=float(likely[i])) for i in np.argsort(-likely, kind="stable"))


def candidates(intent: Intent, packet: PacketView) -> list[Hit]:
    """Passages with any relation to the question; a follow-up adds those near what was cited before."""
    alone = (intent.vector, turned(intent.vector))
    joined = (intent.joined, turned(intent.joined)) if intent.before else ()
    hits = packet.index.search(intent.query, *alone, *joined)
    known = {h.passage.place for h in hits}
    for n in intent.before.get("places", ()):
        for place in range(max(0, n - 2), min(len(packet.passages), n + 4)):
            if place not in known and not packet.passages[place].foreign:
                known.add(place)
                hits.append(Hit(packet.passages[place], 0.0, 0.0, 0.0))
    return [h for h in hits if not instructs(h.passage.said)]


def measures(intent: Intent, packet: PacketView, hits: Sequence[Hit]) -> np.ndarray:
    """What is measured of each hit, shape (len(hits), 44)."""
    places = np.array([h.passage.place for h in hits])
    coverage, score = (np.array([getattr(h, name) for h in hits]) for name in ("coverage", "score"))
    alike = packet.index.alike(intent.topics)[places]
    joined = packet.index.matrix[places] @ intent.joined
    asked = wanted(intent.question)
    kinds, pending = packet.kinds[places, :-1], packet.kinds[places, -1]
    return np.column_stack([
        score, score - score.max(), coverage, coverage - coverage.max(), alike, alike - alike.max(),
        *_near(packet.index.matrix @ intent.vector, places), *_near(packet.index.matrix @ turned(intent.vector), places),
        asked * kinds, asked * (1 - kinds), pending * asked.max(),
        np.array([_fit(intent, packet, h.passage) for h in hits]),
        np.array([_before(intent, packet, h.passage, j, joined.max()) for h, j in zip(hits, joined, strict=True)]),
        *_turned_joined(intent, packet, places),
    ])  # fmt: skip


def _near(cosines: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each hit its cosine, that beside the nearest hit's, and the better of its two neighbours'."""
    own = cosines[places]
    return own, own - own.max(), np.maximum(cosines[np.maximum(places - 1, 0)], cosines[np.minimum(places + 1, len(cosines) - 1)])


def _turned_joined(intent: Intent, packet: PacketView, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of a follow-up, how near each hit is to the question after the one before, turned."""
    if not intent.before:
        return np.zeros(len(places)), np.zeros(len(places))
    own = packet.index.matrix[places] @ turned(intent.joined)
    return own, own - own.max()


def _fit(intent: Intent, packet: PacketView, p: Passage) -> tuple[float, ...]:
    query = intent.query
    proof = max((intent.topics.get(kind, 0.0) for kind in packet.proofs.get(p.place, ())), default=0.0)
    return (
        proof,
        float(p.place in packet.proofs),
        float(bool(query.days) and any(day_fits(d, p) for d in query.days)),
        float(bool(query.days) and not any(day_fits(d, p) for d in query.days)),
        float(bool(query.names) and names_fit(query.names, p)),
        float(p.kind == "heading"),
        float(p.kind == "row"),
        float("family" in p.marks and not query.wants_family),
        float("unanswered" in p.marks),
        float(bool(p.marks & OTHER_TALK)),
        float(bool(intent.asks & {"missing", "status"}) and ("unanswered" in p.marks or bool(packet.kinds[p.place, -1]))),
        min(len(p.said), 300) / 100,
    )


def _before(intent: Intent, packet: PacketView, p: Passage, joined: float, most: float) -> tuple[float, ...]:
    if not intent.before:
        return (0.0, 0.0, 0.0)
    places = intent.before.get("places", ())
    same = any(packet.passages[n].document_id == p.document_id for n in places if n < len(packet.passages))
    return (joined - most, float(any(abs(p.place - n) <= NEAR for n in places)), float(same))


def overall(intent: Intent, packet: PacketView, ranked: Sequence[Hit]) -> np.ndarray:
    """What tells whether the record answers at all, shape (44,)."""
    first = ranked[0]
    odds = _odds([h.score for h in ranked[:3]] + [0.0] * (3 - len(ranked[:3])))
    named = [u for u in intent.query.units if u.words[0] not in common()]
    absent = [u for u in named if not packet.index.names(u)]
    proven = any(packet.criteria[c]["evidence"] for c in intent.criteria if c in packet.criteria)
    near = packet.index.matrix @ intent.vector
    return np.array([
        odds[0], odds[1] - odds[0], odds[2] - odds[0],
        max(h.coverage for h in ranked), max(h.coverage for h in ranked[:3]), first.coverage,
        max(h.cosine for h in ranked), max(h.cosine for h in ranked[:3]), first.cosine, (near.max() - near.mean()) / (near.std() + 1e-6),
        len(absent) / max(len(named), 1), float(bool(absent)), min(len(named), 4), min(len(intent.query.units), 6),
        max(intent.topics.values(), default=0.0), float(bool(intent.criteria) and proven), float(bool(intent.criteria) and not proven),
        float(bool(intent.asks & {"status", "why", "missing", "compare"})), float(intent.explicit), float(intent.query.wants_number),
        float(bool(intent.before)), float(packet.index.alike(intent.topics).max()), intent.outside,
        *_heard(intent, packet, first), *_kind(intent, packet, ranked),
    ])  # fmt: skip


def _heard(intent: Intent, packet: PacketView, first: Hit) -> tuple[float, ...]:
    """Whether any passage stands out to the question as it is turned toward answers, alone and after the question before."""
    near = packet.index.matrix @ turned(intent.vector)
    after = heard(packet.index.matrix @ turned(intent.joined)) if intent.before else 0.0
    return heard(near), (near.max() - near.mean()) / (near.std() + 1e-6), near[first.passage.place], after


def _kind(intent: Intent, packet: PacketView, ranked: Sequence[Hit]) -> list[float]:
    """Whether the likeliest passage, or any likely one, holds the kind of thing that is asked for."""
    asked = wanted(intent.question)
    kinds, pending = packet.kinds[[h.passage.place for h in ranked], :-1], packet.kinds[ranked[0].passage.place, -1]
    whole = [h.score for h, kind in zip(ranked, kinds, strict=True) if (kind >= asked).all()]
    behind = _odds([whole[0] if whole else 0.0, ranked[0].score])
    return [*(asked * (1 - kinds[0])), *asked, behind[0] - behind[1], pending, pending * asked.max()]


def _odds(likely: Sequence[float]) -> np.ndarray:
    held_off = np.clip(np.array(likely), 1e-4, 1 - 1e-4)
    return np.asarray(np.log(held_off / (1 - held_off)))
