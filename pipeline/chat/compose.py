"""The deterministic answer: structured results first, then the record, each statement with its excerpts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from extractors.document import Excerpt, Line, Page, excerpt, page_lines
from extractors.talk import instructs
from pipeline.chat.answer import NOT_DOCUMENTED, Answer, Claim, passes, us_day
from pipeline.chat.bounds import bounds, declined
from pipeline.chat.intent import MISSING, Intent, understand
from pipeline.chat.lexicon import common, content, stems
from pipeline.chat.noticed import Noticed, flagged, noticed
from pipeline.chat.numbers import arithmetic, asks_totals
from pipeline.chat.odd import ASKED, WHOLE, asked
from pipeline.chat.packet import PacketView
from pipeline.chat.passages import Passage, signatures
from pipeline.chat.relevance import Found, weigh
from pipeline.chat.retrieve import Hit, best
from pipeline.chat.sides import told_of_each, two_sides

WORDS = {"met": "met", "not_met": "not met", "insufficient": "insufficient", "conflicting": "conflicting"}
SAME_DAY = re.compile(r"\bsame (?:date|day|visit|time)\b", re.I)
OVERALL = re.compile(r"\bcriteri|\bpacket\b|\brequest\b|\bsubmi|\bapprov|\boverall\b|\beverything\b|\bto close\b|\bclinic\b", re.I)
"""What is missing from the whole, not of one thing."""
ANSWERED = 0.5
"""Probability from which the record is taken to answer a question."""
OUTSIDE = 0.5
"""Probability from which a question that is not answered is out of bounds though no expression of bounds.yaml says so."""
OPEN = frozenset(stems("left else send sent gap open close still approval"))
"""What a question for what is missing from the whole names besides."""
WRITING = frozenset(stems("wrote write writes written writing sign signs signed author authored dictated reported told noted name doctor nurse provider"))
"""What a question for an author names besides."""
GENERAL = 3
"""Things that a question names at most when it asks of the packet as a whole."""
NEAR_TOPIC = 0.5
"""Probability from which such a question is about one thing after all."""
SHOWN, SHARE = 6, 0.15
"""Passages shown are at least this likely beside the likeliest."""
DOSES = ("opioid_wean", "opioid_response", "wean_plan")
RELIEF = ("trial_relief", "trial_function")


def reply(question: str, packet: PacketView, before: dict[str, Any]) -> Answer:
    """The answer to one question; `before` is `Answer.about` of the turn before."""
    said = declined(question)
    if said:
        return Answer(said, "refused", about=before)
    intent = understand(question, packet, before)
    odd = _odd(intent, packet)
    if odd:
        return finish(packet, replace(intent, criteria=()), *_noticed(packet, odd))
    if intent.before.get("places") and intent.refers and (SAME_DAY.search(question) or _who_wrote(intent)):
        return _of_the_last(intent, packet)
    whole = _of_whole(intent, packet)
    if whole:
        intent = replace(intent, criteria=())
    found = weigh(intent, packet)
    judged = intent.explicit or bool(intent.criteria and intent.asks & {"status", "why", "missing"})
    claims, lead = structured(intent, packet, found.hits, judged)
    elsewhere = _elsewhere(intent, packet, found)
    sides = two_sides(intent, packet)
    documented = found.answerable >= ANSWERED or judged or bool(sides) or bool(lead) and not intent.criteria
    if elsewhere is not None and not (intent.explicit or documented and intent.criteria):
        return elsewhere
    if not documented and intent.outside >= OUTSIDE:
        return Answer(bounds()["outside"]["says"], "refused", about=before)
    if not documented:
        return Answer("\n".join([NOT_DOCUMENTED, *dict.fromkeys(lead)]), "not_documented", about=dict(intent.before))
    return finish(packet, intent, lead, claims if lead and whole else _with_hits(intent, packet, found.hits, claims, sides))


def _who_wrote(intent: Intent) -> bool:
    """Whether it is asked who wrote the last answer, and of nobody and nothing else."""
    return intent.asks == {"who"} and all(set(unit.words) <= WRITING for unit in intent.query.units)


def _general(intent: Intent, packet: PacketView) -> bool:
    """Whether a question is about the packet as a whole, and not about one thing in it."""
    things = [word for word in content(MISSING.sub(" ", intent.question)) if len(word) > 2 and word not in common() | WHOLE | OPEN]
    return bool(OVERALL.search(intent.question)) or len(intent.query.units) <= GENERAL and not any(packet.index.says(word) for word in things)


def _odd(intent: Intent, packet: PacketView) -> tuple[str, ...]:
    """The kinds of things that stand out which are asked of the whole packet, by words or, all of them, by meaning."""
    if intent.explicit or max(intent.topics.values(), default=0.0) >= NEAR_TOPIC or intent.before.get("criteria") and not OVERALL.search(intent.question):
        return ()
    missing = "missing" in intent.asks and MISSING.search(intent.question)
    return () if missing else asked(intent.question, packet) or (tuple(ASKED) if "flag" in intent.asks and _of_whole(intent, packet) and len(intent.query.units) <= GENERAL else ())


def _noticed(packet: PacketView, kinds: tuple[str, ...]) -> tuple[list[str], list[Claim]]:
    told = noticed(packet, kinds)
    return [says for says, _ in told], [Claim("", (_named(packet, e),), ours=True, under=says) for says, excerpts in told for e in excerpts]


def _of_whole(intent: Intent, packet: PacketView) -> bool:
    """Whether what is missing, or odd, is asked of the whole packet: near no topic, and no criterion was spoken of."""
    near = max(intent.topics.values(), default=0.0) >= NEAR_TOPIC
    told = intent.explicit or intent.before.get("criteria") or near
    return bool(intent.asks & {"flag", "missing"}) and _general(intent, packet) and not told


def _of_the_last(intent: Intent, packet: PacketView) -> Answer:
    """Who wrote what the last answer cited, and on which days."""
    cited = [packet.passages[n] for n in intent.before["places"] if n < len(packet.passages)]
    claims = [Claim("", (_named(packet, packet.cut(p)),), ours=True) for p in cited[:4]]
    if intent.asks == {"who"}:
        for claim in list(claims):
            claims.extend(_who(packet, [claim]))
        return finish(packet, intent, [], claims)
    days = {p.document_id: p.document_date or "" for p in cited}
    days = dict(list(days.items())[:2])
    told = "; ".join(f"{name}: {us_day(day) if day else 'no date'}" for name, day in days.items())
    return finish(packet, intent, [f"{'Yes' if len(set(days.values())) == 1 else 'No'}. {told}."], claims)


def _elsewhere(intent: Intent, packet: PacketView, own: Found) -> Answer | None:
    """What is said of this on another patient's page, told as such, where that page answers better than the patient's own;
    nothing where the patient's own is asked for."""
    if not packet.foreign or re.search(r"\bown\b", intent.question):
        return None
    theirs = weigh(replace(intent, query=replace(intent.query, foreign=True)), packet)
    if not theirs.hits or theirs.hits[0].coverage < 0.34 or own.hits and theirs.hits[0].score <= own.hits[0].score:
        return None
    p = theirs.hits[0].passage
    said = f"What speaks of this stands on a page of another patient ({p.document_id}, page {p.page}); it is not evidence here."
    heads = [excerpt(p.document_id, packet.pages[p.document_id, p.page], line.start, line.end) for line in _printed(packet.pages[p.document_id, p.page])[:4]]
    shown = [packet.cut(h.passage) for h in theirs.hits[:4]] + heads
    return finish(packet, intent, [said], [Claim("", (_named(packet, e),), ours=True) for e in shown])


def structured(intent: Intent, packet: PacketView, hits: Sequence[Hit], judged: bool) -> tuple[list[Claim], list[str]]:
    """What the screening and the arithmetic say: claims with excerpts, and the engine's own words before them."""
    claims: list[Claim] = []
    lead: list[str] = []
    if not intent.criteria and "missing" in intent.asks and _general(intent, packet):
        for name in (c for c, result in packet.criteria.items() if result["status"] in ("insufficient", "conflicting")):
            lead.append(f"{name} ({packet.criteria[name]['title']}): {' '.join(packet.criteria[name]['missing'])}")
            claims.extend(Claim(e.quote, (key,), ours=True) for key, e in list(packet.evidence(name))[:1])
    for name in intent.criteria:
        result = packet.criteria[name]
        missing = f" Missing: {' '.join(result['missing'])}" if result["missing"] else ""
        derivation = f" {result['derivation']}." if result["derivation"] else ""
        lead.append(f"{name} ({result['title']}), suggested: {WORDS[result['status']]}. {result['rationale']}{derivation}{missing}".strip())
        claims.extend(Claim(e.quote, (key,), ours=True) for key, e in _telling(packet, name, hits)[: 6 if judged else 3])
    if "flag" in intent.asks:
        for says, excerpts in _flags(intent, packet):
            lead.extend([says] if says else [])
            claims.extend(Claim("", (_named(packet, e),), ours=True, under=says) for e in excerpts)
    totals = asks_totals(intent.question)
    if "compute" in intent.asks or totals:
        doses = max(intent.topics[kind] for kind in DOSES)
        relief = max(intent.topics[kind] for kind in RELIEF)
        of_doses = totals or doses >= 0.5 * relief or "I.B.10" in intent.before.get("criteria", ())
        for says, excerpts in arithmetic(packet, intent, of_doses, relief >= 0.5 * doses and not totals):
            lead.append(says)
            claims.extend(Claim(e.quote, (_named(packet, e),), ours=True, under=says) for e in excerpts)
    return claims, lead


def _telling(packet: PacketView, name: str, hits: Sequence[Hit]) -> list[tuple[str, Excerpt]]:
    """A criterion's excerpts: those that decide before those around them, both sides of a conflict, nearest to the question first."""
    stance = {(e["document_id"], e["page"], e["start"]): e["stance"] for e in packet.criteria[name]["evidence"]}
    ranked = sorted(packet.evidence(name), key=lambda e: -_score_at(packet, e[1], hits))
    sides: dict[str, list[tuple[str, Excerpt]]] = {"supports": [], "contradicts": [], "context": []}
    for key, e in ranked:
        sides[stance[e.document_id, e.page, e.start]].append((key, e))
    both = [one for pair in zip_longest(sides["supports"], sides["contradicts"]) for one in pair if one is not None]
    return both + sides["context"]


def _with_hits(intent: Intent, packet: PacketView, hits: Sequence[Hit], claims: list[Claim], sides: tuple[str, ...]) -> list[Claim]:
    """The claims, what is told of each of two documents compared, and the likeliest passages."""
    shown = best(_spread(hits) if "compare" in intent.asks else hits, SHOWN, SHARE)
    for side, own in told_of_each(sides, hits, packet):
        claims.extend(replace(_told(packet, p), under=f"{side}:") for p in own)
    claims.extend(_told(packet, hit.passage) for hit in shown)
    claims.extend(_told(packet, p) for p in _goes_on(packet, shown[:1]))
    if "who" in intent.asks and claims:
        claims.extend(_who(packet, [_told(packet, shown[0].passage)] if shown else claims))
    return claims


def _told(packet: PacketView, p: Passage) -> Claim:
    return Claim(p.said, (_named(packet, packet.cut(p)),), ours=True)


def _goes_on(packet: PacketView, hits: Sequence[Hit]) -> Iterator[Passage]:
    """The sentence after a sentence: the reason often follows what it is the reason of."""
    for hit in hits:
        following = packet.passages[hit.passage.place + 1 : hit.passage.place + 2]
        for p in following:
            if p.kind == hit.passage.kind == "sentence" and not instructs(p.said) and (p.document_id, p.page) == (hit.passage.document_id, hit.passage.page):
                yield p


def _spread(hits: Sequence[Hit]) -> list[Hit]:
    """At most two hits of a document, so that both sides of a comparison are seen."""
    seen: dict[str, int] = {}
    out = []
    for hit in hits:
        seen[hit.passage.document_id] = seen.get(hit.passage.document_id, 0) + 1
        if seen[hit.passage.document_id] <= 2:
            out.append(hit)
    return out


def _who(packet: PacketView, claims: list[Claim]) -> list[Claim]:
    found = packet.find(claims[0].excerpts[0])
    at = packet.at(found) if found else None
    if at is None or at.author is None:
        return []
    signed = [p for p in packet.passages if p.document_id == at.document_id and any(at.author in s or s in at.author for s in signatures(p.said))]
    return [Claim(p.said, (_named(packet, packet.cut(p)),), ours=True) for p in signed[-2:]]


def _flags(intent: Intent, packet: PacketView) -> list[Noticed]:
    """The screening's flags, and what pages of others say of the question."""
    found = list(flagged(packet))
    if packet.foreign:
        theirs = weigh(replace(intent, query=replace(intent.query, foreign=True)), packet).hits[:SHOWN]
        found.append(("", tuple(packet.cut(h.passage) for h in theirs)))
    return found


def _score_at(packet: PacketView, found: Excerpt, hits: Sequence[Hit]) -> float:
    return next((h.score for h in hits if h.passage.meets(found.document_id, found.page, found.start, found.end)), 0.0)


def _named(packet: PacketView, found: Excerpt) -> str:
    return next((name for name, e in packet.excerpts.items() if e == found), None) or _shown(packet, found)


def _shown(packet: PacketView, found: Excerpt) -> str:
    name = f"X{len(packet.excerpts)}"
    packet.show(name, found)
    return name


def finish(packet: PacketView, intent: Intent, lead: list[str], claims: list[Claim]) -> Answer:
    """Through the gate, into words. Nothing that failed is shown; how much failed is said."""
    cited: list[Excerpt] = []
    parts: dict[str, list[Excerpt]] = {says: [] for says in lead}
    dropped = 0
    for claim in sorted(claims, key=lambda c: not c.under):
        found = list(passes(packet, claim))
        dropped += not found
        beneath = parts.setdefault(claim.under, [])
        for e in found:
            known = any((c.document_id, c.page) == (e.document_id, e.page) and c.start <= e.start and e.end <= c.end for c in cited)
            if not known:
                cited.append(e)
            if not known or claim.under and e not in beneath:
                beneath.append(e)
    answered = bool(cited or lead)
    if not answered:
        parts = {NOT_DOCUMENTED: []}
    if dropped:
        parts[f"({dropped} statement{'s' if dropped > 1 else ''} left out: not verified in the record.)"] = []
    text = "\n".join(line for says, beneath in parts.items() for line in _lines(packet, says, beneath))
    places = [p.place for p in (packet.at(e) for e in cited) if p is not None]
    about = {"criteria": list(intent.criteria), "places": places[:6], "asks": sorted(intent.asks), "question": intent.question} if answered else dict(intent.before)
    return Answer(text, "answered" if answered else "not_documented", tuple(cited), dropped, about, tuple((says, tuple(beneath)) for says, beneath in parts.items()))


def _lines(packet: PacketView, says: str, beneath: Sequence[Excerpt]) -> list[str]:
    """A statement and its excerpts beneath it as lines of text."""
    quoted = [f'"{" ".join(e.quote.split())}" ({_place(packet, e)})' for e in beneath]
    return [says, *(f"  {line}" for line in quoted)] if says else quoted


def _place(packet: PacketView, e: Excerpt) -> str:
    p: Passage | None = packet.at(e)
    parts = [e.document_id, f"page {e.page}"]
    if p is not None and (p.date or p.document_date):
        parts.append(us_day(p.date or p.document_date or ""))
    if p is not None and p.author:
        parts.append(re.sub(r"\s+", " ", p.author))
    return ", ".join(parts)


def _printed(page: Page) -> list[Line]:
    return [line for line in page_lines(page) if page.text[line.start : line.end].strip()]
