"""The deterministic answer: structured results first, then the record, each statement with its excerpts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from extractors.document import Excerpt, Line, Page, excerpt, page_lines
from pipeline.chat import embed
from pipeline.chat.answer import NOT_DOCUMENTED, Answer, Claim, passes
from pipeline.chat.bounds import declined
from pipeline.chat.intent import Intent, understand
from pipeline.chat.lexicon import common, content
from pipeline.chat.numbers import arithmetic
from pipeline.chat.packet import PacketView
from pipeline.chat.passages import Passage, signatures
from pipeline.chat.retrieve import OTHER_TALK, Hit, Query, best, day_fits, units

WORDS = {"met": "met", "not_met": "not met", "insufficient": "insufficient", "conflicting": "conflicting"}
SAME_DAY = re.compile(r"\bsame (?:date|day|visit|time)\b", re.I)
OVERALL = re.compile(r"\bcriteri|\bpacket\b|\brequest\b|\bsubmi|\bapprov|\boverall\b|\beverything\b|\bto close\b|\bclinic\b", re.I)
"""What is missing from the whole, not of one thing."""
LEAST_COVERAGE = 0.34
NEEDED = (0.3, 0.65, 0.55, 0.4)
"""How much of a question (of 0, 1, 2, 3 or more things) a passage must name to be an answer."""
MEANING_COUNTS = 0.6


def reply(question: str, packet: PacketView, before: dict[str, Any]) -> Answer:
    """The answer to one question; `before` is `Answer.about` of the turn before."""
    said = declined(question)
    if said:
        return Answer(said, "refused", about=before)
    intent = understand(question, packet, before)
    if intent.before.get("places") and intent.refers and (SAME_DAY.search(question) or intent.asks == {"who"}):
        return _of_the_last(intent, packet)
    hits = look_up(intent, packet)
    claims, lead = structured(intent, packet, hits)
    claims = _with_hits(intent, packet, hits, claims)
    answer = finish(packet, intent, lead, claims)
    if answer.status == "not_documented" and intent.near:
        answer = _of_its_criterion(intent, packet, hits) or answer
    if answer.status == "not_documented" or not hits or not claims:
        return _elsewhere(intent, packet, 0.35, 0.0) or answer
    return _elsewhere(intent, packet, 0.5, hits[0].score) or answer


def _of_its_criterion(intent: Intent, packet: PacketView, hits: list[Hit]) -> Answer | None:
    """What the screening found on the criterion that a question is near to, where the record's words do not match its own."""
    judged = replace(intent, criteria=intent.near, asks=intent.asks | {"status"})
    claims, lead = structured(judged, packet, hits)
    return finish(packet, judged, lead, claims) if claims else None


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
    told = "; ".join(f"{name}: {_us(day) if day else 'no date'}" for name, day in days.items())
    return finish(packet, intent, [f"{'Yes' if len(set(days.values())) == 1 else 'No'}. {told}."], claims)


def _elsewhere(intent: Intent, packet: PacketView, coverage: float, score: float) -> Answer | None:
    """What is said of this on another patient's page, told as such, where it says more of it than the patient's own pages;
    nothing where the patient's own is asked for."""
    found = packet.index.search(replace(intent.query, foreign=True))[:3] if packet.foreign else []
    if not found or found[0].coverage < coverage or found[0].score <= score or re.search(r"\bown\b", intent.question):
        return None
    p = found[0].passage
    said = f"What speaks of this stands on a page of another patient ({p.document_id}, page {p.page}); it is not evidence here."
    return finish(packet, intent, [said], [Claim("", (_named(packet, packet.cut(h.passage)),), ours=True) for h in found])


def look_up(intent: Intent, packet: PacketView) -> list[Hit]:
    """Hits of the question; a follow-up adds the question before at a discount, and stays near what was cited."""
    meaning = embed.vectors([intent.question])[0] if packet.index.matrix is not None else None
    hits = packet.index.search(intent.query, meaning)
    if not intent.before:
        return hits
    near = {int(n) for n in intent.before.get("places", ())}
    documents = {packet.passages[n].document_id for n in near if n < len(packet.passages)}
    earlier: dict[int, float] = dict(intent.before.get("scores", ()))
    moved = {h.passage.place: h for h in hits}
    for place in set(moved) | set(earlier) | {n + d for n in near for d in range(-2, 4) if 0 <= n + d < len(packet.passages)}:
        p = packet.passages[place]
        if p.foreign:
            continue
        h = moved.get(place) or Hit(p, 0.0, 0.0, 0.0)
        close = 0.12 if any(abs(place - n) <= 3 for n in near) else 0.0
        score = h.score + 0.3 * earlier.get(place, 0.0) + (0.12 if p.document_id in documents else 0.0) + close
        moved[place] = replace(h, score=score)
    return sorted(moved.values(), key=lambda h: (-h.score, h.passage.place))


def structured(intent: Intent, packet: PacketView, hits: list[Hit]) -> tuple[list[Claim], list[str]]:
    """What the screening and the arithmetic say: claims with excerpts, and the engine's own words before them."""
    claims: list[Claim] = []
    lead: list[str] = []
    judged = intent.explicit or bool(intent.asks & {"status", "missing", "why", "compare"})
    if not intent.criteria and "missing" in intent.asks and (len(intent.query.units) <= 3 or OVERALL.search(intent.question)):
        lead.extend(f"{c['id']} ({c['title']}): {' '.join(c['missing'])}" for c in packet.criteria.values() if c["status"] == "insufficient")
    for name in intent.criteria:
        result = packet.criteria.get(name)
        if result is None:
            continue
        ranked = sorted(packet.evidence(name), key=lambda e: -_score_at(packet, e[1], hits))
        if judged or result["status"] != "insufficient" and ranked and (not intent.query.wants_number or _score_at(packet, ranked[0][1], hits) > 0.3):
            missing = f" Missing: {' '.join(result['missing'])}" if result["missing"] else ""
            derivation = f" {result['derivation']}." if result["derivation"] else ""
            lead.append(f"{name} ({result['title']}), suggested: {WORDS[result['status']]}. {result['rationale']}{derivation}{missing}".strip())
        for key, found in ranked[: 5 if judged else 3]:
            if judged or not intent.query.wants_number or _score_at(packet, found, hits) > 0.3:
                claims.append(Claim(found.quote, (key,), ours=True))
    if "flag" in intent.asks:
        _flags(packet, claims, lead)
    if "compute" in intent.asks:
        for says, excerpts in arithmetic(packet, intent):
            lead.append(says)
            claims.extend(Claim(e.quote, (_named(packet, e),), ours=True) for e in excerpts)
    return claims, lead


def _with_hits(intent: Intent, packet: PacketView, hits: list[Hit], claims: list[Claim]) -> list[Claim]:
    wanted = 4 if "compare" in intent.asks or not claims else 3
    strong = bool(hits) and _enough(intent, packet, hits)
    if strong or claims and hits and hits[0].coverage >= LEAST_COVERAGE:
        shown = best(_spread(hits) if "compare" in intent.asks else hits, wanted, 0.6)
        claims.extend(_told(packet, hit.passage) for hit in shown)
        if not intent.query.wants_number:
            claims.extend(_told(packet, p) for p in _goes_on(packet, shown[:1]))
    elif intent.criteria and "missing" in intent.asks:
        claims.extend(_told(packet, hit.passage) for hit in best(hits, wanted, 0.5))
    if "who" in intent.asks and claims:
        claims.extend(_who(packet, claims))
    return claims


def _told(packet: PacketView, p: Passage) -> Claim:
    return Claim(p.said, (_named(packet, packet.cut(p)),), ours=True)


def _goes_on(packet: PacketView, hits: list[Hit]) -> Iterator[Passage]:
    """The sentence after a sentence: the reason often follows what it is the reason of."""
    for hit in hits:
        following = packet.passages[hit.passage.place + 1 : hit.passage.place + 2]
        for p in following:
            if p.kind == hit.passage.kind == "sentence" and (p.document_id, p.page) == (hit.passage.document_id, hit.passage.page):
                yield p


def _spread(hits: list[Hit]) -> list[Hit]:
    """At most two hits of a document, so that both sides of a comparison are seen."""
    seen: dict[str, int] = {}
    out = []
    for hit in hits:
        seen[hit.passage.document_id] = seen.get(hit.passage.document_id, 0) + 1
        if seen[hit.passage.document_id] <= 2:
            out.append(hit)
    return out


def _enough(intent: Intent, packet: PacketView, hits: list[Hit]) -> bool:
    """Whether the best hits speak of what was asked, and not only of something near it."""
    top = [h for h in hits[:3] if "unanswered" not in h.passage.marks and not h.passage.marks & OTHER_TALK]
    if not top:
        return False
    if intent.before and top[0].score >= 0.4 and (not intent.query.units or intent.refers and all(u.words[0] in common() for u in intent.query.units)):
        return True
    coverage = max(h.coverage for h in top)
    cosine = max(h.cosine for h in top)
    if intent.query.days and not intent.asks & {"compare", "compute"} and not any(day_fits(d, h.passage) for d in intent.query.days for h in hits[:5]):
        return False
    if intent.query.wants_number and not any(any(c.isdigit() for c in h.passage.said) for h in top):
        return False
    return coverage + MEANING_COUNTS * max(0.0, cosine - 0.3) + (0.1 if intent.before else 0.0) >= NEEDED[min(len(intent.query.units), 3)]


def _who(packet: PacketView, claims: list[Claim]) -> list[Claim]:
    found = packet.find(claims[0].excerpts[0])
    at = packet.at(found) if found else None
    if at is None or at.author is None:
        return []
    signed = [p for p in packet.passages if p.document_id == at.document_id and any(at.author in s or s in at.author for s in signatures(p.said))]
    return [Claim(p.said, (_named(packet, packet.cut(p)),), ours=True) for p in signed[-2:]]


def _flags(packet: PacketView, claims: list[Claim], lead: list[str]) -> None:
    for flag in packet.screening["flags"]:
        where = f" ({flag['document_id']}, page {flag['page']})" if flag["document_id"] else ""
        words = {"foreign_patient_page": "A page bears another patient's identity", "out_of_scope": "Out of scope; no criteria of this policy apply",
                 "medical_director_exception": "A reason is given for going without a trial; flagged for the medical director"}.get(flag["kind"], flag["kind"].replace("_", " "))  # fmt: skip
        lead.append(f"{words}{where}. {flag['detail'] or ''}".strip())
        page = packet.pages.get((flag["document_id"], flag["page"]))
        if page is not None:
            heads = [excerpt(flag["document_id"], page, line.start, line.end) for line in _printed(page)[:8]]
            claims.extend(Claim("", (_named(packet, head),), ours=True) for head in heads)
        if flag["kind"] == "out_of_scope":
            topic = Query("", units(content("intrathecal baclofen spasticity pump not for pain")))
            claims.extend(Claim("", (_named(packet, packet.cut(h.passage)),), ours=True) for h in packet.index.search(topic)[:4])


def _score_at(packet: PacketView, found: Excerpt, hits: list[Hit]) -> float:
    for hit in hits:
        p = hit.passage
        if (p.document_id, p.page) == (found.document_id, found.page) and p.start < found.end and found.start < p.end:
            return hit.score
    return 0.0


def _named(packet: PacketView, found: Excerpt) -> str:
    return next((name for name, e in packet.excerpts.items() if e == found), None) or _shown(packet, found)


def _shown(packet: PacketView, found: Excerpt) -> str:
    name = f"X{len(packet.excerpts)}"
    packet.show(name, found)
    return name


def finish(packet: PacketView, intent: Intent, lead: list[str], claims: list[Claim]) -> Answer:
    """Through the gate, into words. Nothing that failed is shown; how much failed is said."""
    cited: list[Excerpt] = []
    lines: list[str] = []
    dropped = 0
    for claim in claims:
        found = list(passes(packet, claim))
        dropped += not found
        for e in found:
            if not any((c.document_id, c.page) == (e.document_id, e.page) and c.start <= e.start and e.end <= c.end for c in cited):
                cited.append(e)
                lines.append(f'"{" ".join(e.quote.split())}" ({_place(packet, e)})')
    explicit = intent.explicit or bool(intent.asks & {"flag", "missing"}) or bool(lead and not intent.criteria)
    answered = bool(cited) or bool(lead) and explicit
    text = "\n".join([*dict.fromkeys(lead), *lines]) if answered else "\n".join([NOT_DOCUMENTED, *dict.fromkeys(lead)])
    if dropped:
        text += f"\n({dropped} statement{'s' if dropped > 1 else ''} left out: not verified in the record.)"
    places = [p.place for p in (packet.at(e) for e in cited) if p is not None]
    hits = [[p, 0.8] for p in places]
    about = {"criteria": list(intent.criteria), "places": places[:6], "scores": hits[:6], "asks": sorted(intent.asks)} if answered else dict(intent.before)
    return Answer(text, "answered" if answered else "not_documented", tuple(cited), dropped, about, "\n".join(dict.fromkeys(lead)))


def _place(packet: PacketView, e: Excerpt) -> str:
    p: Passage | None = packet.at(e)
    parts = [e.document_id, f"page {e.page}"]
    if p is not None and (p.date or p.document_date):
        parts.append(_us(p.date or p.document_date or ""))
    if p is not None and p.author:
        parts.append(re.sub(r"\s+", " ", p.author))
    return ", ".join(parts)


def _us(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{month}/{day}/{year}"


def _printed(page: Page) -> list[Line]:
    return [line for line in page_lines(page) if page.text[line.start : line.end].strip()]
