"""Which passages answer a question, and whether any does: measures of each, weighed by what was learned from labelled questions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from extractors.talk import instructs
from pipeline.chat.intent import Intent
from pipeline.chat.learned import probabilities
from pipeline.chat.lexicon import common
from pipeline.chat.packet import PacketView
from pipeline.chat.passages import Passage
from pipeline.chat.retrieve import OTHER_TALK, Hit, day_fits, names_fit

KIN = re.compile(r"\b(?:wife|husband|spouse|daughter|son|sister|brother|niece|nephew|mother|mom|father|dad|aunt|uncle|cousin|grand\w+|neighbor|friend|\w+-in-law|partner)\b", re.I)
PERSON = re.compile(r"\b(?:Dr\.?|Mr\.?|Mrs\.?|Ms\.?|Miss) [A-Z]|\b[A-Z][a-z]+ [A-Z][a-z]+\b")
DATE = re.compile(r"\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d|\b(?:19|20)\d\d\b", re.I)
WHEN = re.compile(r"\bwhen\b|\bdate\b|\bwhat day\b|\bsince\b|\bhow long\b|\bstart|\bstop|\blast\b|\bnext\b", re.I)
PENDING = re.compile(r"\bpending\b|\bnot (?:yet|back|sent|done|performed|received)\b|\bawait|\bto follow\b|\bscheduled\b|\bbooked\b|\bwill\b|\bno reply\b|\bTNP\b", re.I)
SILENT = 0.3
"""No passage speaks of a question when none shares this much with it in words, in meaning or in topic."""
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
    nearest = max(max(h.coverage, h.cosine) for h in ranked), float(packet.index.alike(intent.topics).max())
    likely = float(probabilities("answerable", overall(intent, packet, ranked))[0])
    return Found(ranked, likely if max(nearest) >= SILENT else 0.0)


def weighed(hits: Sequence[Hit], measured: np.ndarray) -> tuple[Hit, ...]:
    """Hits, the likeliest to answer first; their score is that probability."""
    likely = probabilities("relevance", measured)[:, 0]
    return tuple(replace(hits[i], score=float(likely[i])) for i in np.argsort(-likely, kind="stable"))


def candidates(intent: Intent, packet: PacketView) -> list[Hit]:
    """Passages with any relation to the question; a follow-up adds those near what was cited before."""
    hits = packet.index.search(intent.query, intent.vector, *([intent.joined] if intent.before else []))
    known = {h.passage.place for h in hits}
    for n in intent.before.get("places", ()):
        for place in range(max(0, n - 2), min(len(packet.passages), n + 4)):
            if place not in known and not packet.passages[place].foreign:
                known.add(place)
                hits.append(Hit(packet.passages[place], 0.0, 0.0, 0.0))
    return [h for h in hits if not instructs(h.passage.said)]


def measures(intent: Intent, packet: PacketView, hits: Sequence[Hit]) -> np.ndarray:
    """What is measured of each hit, shape (len(hits), 27)."""
    places = np.array([h.passage.place for h in hits])
    whole = packet.index.matrix @ intent.vector
    cosine, joined = whole[places], packet.index.matrix[places] @ intent.joined
    alike = packet.index.alike(intent.topics)[places]
    around = np.maximum(whole[np.maximum(places - 1, 0)], whole[np.minimum(places + 1, len(whole) - 1)])
    coverage = np.array([h.coverage for h in hits])
    score = np.array([h.score for h in hits])
    return np.array([
        [
            s, c, c - coverage.max(), x, x - cosine.max(), s - score.max(), a, t, t - alike.max(),
            *_fit(intent, packet, h.passage),
            *_before(intent, packet, h.passage, j, joined.max()),
        ]
        for h, s, c, x, a, t, j in zip(hits, score, coverage, cosine, around, alike, joined, strict=True)
    ])  # fmt: skip


def _fit(intent: Intent, packet: PacketView, p: Passage) -> tuple[float, ...]:
    query = intent.query
    proof = max((intent.topics.get(kind, 0.0) for kind in packet.proofs.get(p.place, ())), default=0.0)
    number = any(c.isdigit() for c in p.said)
    return (
        proof,
        float(p.place in packet.proofs),
        float(bool(query.days) and any(day_fits(d, p) for d in query.days)),
        float(bool(query.days) and not any(day_fits(d, p) for d in query.days)),
        float(bool(query.names) and names_fit(query.names, p)),
        float(query.wants_number and number),
        float(query.wants_number and not number),
        float(bool(WHEN.search(intent.question)) and bool(DATE.search(p.said))),
        float(p.kind == "heading"),
        float(p.kind == "row"),
        float("family" in p.marks and not query.wants_family),
        float("unanswered" in p.marks),
        float(bool(p.marks & OTHER_TALK)),
        float(bool(intent.asks & {"missing", "status"}) and ("unanswered" in p.marks or bool(PENDING.search(p.said)))),
        min(len(p.said), 300) / 100,
    )


def _before(intent: Intent, packet: PacketView, p: Passage, joined: float, most: float) -> tuple[float, ...]:
    if not intent.before:
        return (0.0, 0.0, 0.0)
    places = intent.before.get("places", ())
    same = any(packet.passages[n].document_id == p.document_id for n in places if n < len(packet.passages))
    return (joined - most, float(any(abs(p.place - n) <= NEAR for n in places)), float(same))


def overall(intent: Intent, packet: PacketView, ranked: Sequence[Hit]) -> np.ndarray:
    """What tells whether the record answers at all, shape (27,)."""
    top = [min(max(h.score, 1e-4), 1 - 1e-4) for h in ranked[:3]]
    top += [1e-4] * (3 - len(top))
    odds = np.log(np.array(top) / (1 - np.array(top)))
    units = [u for u in intent.query.units if u.words[0] not in common()]
    absent = [u for u in units if not packet.index.names(u)]
    best = ranked[0]
    topic = max(intent.topics.values(), default=0.0)
    proven = any(packet.criteria[c]["evidence"] for c in intent.criteria if c in packet.criteria)
    whole = packet.index.matrix @ intent.vector
    said = best.passage.said
    return np.array([
        odds[0], odds[1] - odds[0], odds[2] - odds[0],
        max(h.coverage for h in ranked), max(h.coverage for h in ranked[:3]), best.coverage,
        max(h.cosine for h in ranked), max(h.cosine for h in ranked[:3]), best.cosine, (whole.max() - whole.mean()) / (whole.std() + 1e-6),
        len(absent) / max(len(units), 1), float(bool(absent)), min(len(units), 4), min(len(intent.query.units), 6),
        topic, float(bool(intent.criteria) and proven), float(bool(intent.criteria) and not proven),
        float(bool(intent.asks & {"status", "why", "missing", "compare"})), float(intent.explicit), float(intent.query.wants_number),
        float(intent.query.wants_number and not any(c.isdigit() for c in said)),
        float(bool(WHEN.search(intent.question)) and not DATE.search(said)),
        float("who" in intent.asks and not (PERSON.search(said) or KIN.search(said))),
        float(bool(intent.before)), float(packet.index.alike(intent.topics).max()), intent.outside, np.log(intent.expected / (1 - intent.expected)),
    ])  # fmt: skip
