"""What a question asks: which criteria, which kind of answer, and whether it goes on with the turn before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from extractors.dates import dates_in
from pipeline.chat import embed
from pipeline.chat.learned import labelled
from pipeline.chat.lexicon import content, spelled_out, stem, stems
from pipeline.chat.packet import PacketView
from pipeline.chat.retrieve import Query, units

CRITERION = re.compile(r"\b(I{1,2})\.?\s?([AB])\.?\s?(\d{1,2})\b|\b(i{1,2}|[12])\.?([AB])\.?(\d{1,2})\b|\b(i{1,2})\.([ab])\.(\d{1,2})\b")
"""A criterion by number, also as it is typed in haste: "IB3", "1B3", "i.b.3"."""
STATUS = re.compile(r"\bstatus\b|satisf|\bmet\b|\bmeets?\b|\bfail|\bok\b|enough|suffic|clear(?:ed|ance)\b|ruled out|criteri|\bpass|qualif|\bclose\b|problem|\brescue", re.I)
MISSING = re.compile(r"missi?n|\bneed|outstanding|what else|what would (?:settle|close)|lack|still (?:want|need|need)|incomplete", re.I)
WHY = re.compile(r"\bwhy|\breason|how come|on what grounds|because", re.I)
COMPUTE = re.compile(r"%|percent|\bmath\b|calculat|comput|\bmmes?\b|\bhow much (?:did|was|relief|less|lower|better)|\bdrop\b|\breduc|\bdifference between|\btotal\b|\bhalf\b|\bcut\b", re.I)
WHO = re.compile(r"\bwho\b|\bwhose\b|\bby whom\b|\bname of\b|which (?:doctor|nurse|provider|clinician)|\bsigned\b|\bauthor\b", re.I)
FLAG = re.compile(r"\bours\b|\bmisplaced|misfil|wrong patient|(?:another|other|different) patient|someone else|unreadable|illegible|not readable|legible|belong|which crit|out of scope|\bscope\b|skip\w* the trial|without a trial|exception", re.I)
COMPARE = re.compile(r"\bvs\b|versus|\bagree|\bmatch|\bsame\b|conflict|contradict|differ|\bor\b|\btwo\b|\bboth\b|still true|compare|consistent|discrepan", re.I)
NUMERIC = re.compile(r"\bhow (?:many|much|far|long|often|old)|\bwhat (?:mg|dose|date|day|percent|%)|\bcount\b|\bscore|\btotal|\bwhen\b|\bdate\b|\binr\b|\bplt|platelet|\bbmi\b|\bnrs\b|\bmme\b|%|\bvalue|\blevel|\bnumber", re.I)
QUOTED = re.compile(r"(?:(?<=\s)|^)['\"“‘]([^'\"“”‘’]{6,80})['\"”’]")
MONTH = re.compile(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?(?!\s*\d)(?!\w)", re.I)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
BACK = re.compile(r"^\W*(?:and|so|but|ok|then|also|why|whys|same|who|when|show)\b|\b(?:it|that|this|he|she|they|him|her|his|them|those|there|one|instead|else|again)\b", re.I)
FAMILY = re.compile(r"\b(?:family|mother|father|sister|brother|relative|aunt|uncle|hereditary|son|daughter|niece|wife|husband|who|live|lives|home)\b", re.I)


TOPIC, JUDGED_TOPIC = 0.3, 0.12
"""Probabilities from which a question is about a fact: any question, and one that asks how a criterion stands."""
FEW = 3
"""Words of a question about a numbered criterion up to which the words of its title are looked for too."""
ASKED = 0.35
"""Probability from which a question asks in a way."""
WAYS = (("status", STATUS), ("missing", MISSING), ("why", WHY), ("compute", COMPUTE), ("who", WHO), ("flag", FLAG), ("compare", COMPARE))


@dataclass(frozen=True, slots=True)
class Intent:
    """`criteria` are ids of the pathway; `explicit` when named by number; `before` is what the last answer was about; `refers` when its words point back;
    `topics` the probability of each kind of facts.yaml; `asks` how it asks; `outside` the probability that no record answers it;
    `vector` and `joined` are sentence vectors, alone and after the question before."""

    question: str
    query: Query
    criteria: tuple[str, ...]
    explicit: bool
    asks: frozenset[str]
    before: dict[str, Any]
    refers: bool
    topics: Mapping[str, float]
    outside: float
    vector: np.ndarray
    joined: np.ndarray


def understand(question: str, packet: PacketView, before: dict[str, Any]) -> Intent:
    """Read a question against what the last answer was about (`Answer.about`, empty at the start)."""
    named = _criteria(question, packet)
    mentions = dates_in(question, _anchor(packet))
    days = tuple(m.iso if m.precision == "day" else m.iso[:7] for m in mentions)
    bare = question
    for m in mentions:
        bare = bare[: m.start] + " " * (m.end - m.start) + bare[m.end :]
    days += _months(bare, packet)
    bare = MONTH.sub(" ", bare) if days else bare
    bare = CRITERION.sub(" ", bare)
    words = [packet.index.spelled(w) for w in content(bare) if w not in packet.own_names]
    refers = bool(BACK.search(question)) or not words
    follow = before if before and (len(words) <= 4 or refers) else {}
    titles = " ".join(packet.criteria[c]["title"] for c in named if c in packet.criteria)
    said = meant(bare, packet)
    told = [said, f"{titles} {said}".strip(), f"{follow.get('question', '')} {titles} {said}".strip()]
    known = dict(zip(dict.fromkeys(told), embed.vectors(list(dict.fromkeys(told))), strict=True))
    alone, vector, joined = (known[text] for text in told)
    found = labelled("asks", alone)
    topics = labelled("topics", vector)
    topics |= {kind: 1.0 for kind, ids in packet.facts.items() if kind in topics and set(ids) & set(named)}
    if titles and len(words) <= FEW:
        words += [w for w in content(titles) if w not in words]
    asks = {name for name, pattern in WAYS if pattern.search(question)} | {name for name, p in found.items() if p >= ASKED}
    if "compute" in follow.get("asks", ()) and days and len(words) <= 2:
        asks.add("compute")
    criteria = tuple(c for c in named if c in packet.criteria) or _about(topics, packet, JUDGED_TOPIC if asks & {"status", "missing", "why", "compare"} else TOPIC)
    if not criteria and follow.get("criteria") and asks & {"status", "missing", "why"} and len(content(question)) <= 3:
        criteria = tuple(follow["criteria"])
    names = frozenset(w for w in stems(question) if w in packet.authors) - packet.own_names
    query = Query(question, units(words), days, names, bool(NUMERIC.search(question)), bool(FAMILY.search(question)), phrases=tuple(QUOTED.findall(question)))
    return Intent(question, query, criteria, bool(named), frozenset(asks), follow, refers, topics, found["out_of_bounds"], vector, joined)


def _criteria(question: str, packet: PacketView) -> tuple[str, ...]:
    """The criteria named by number; of one that is not of this packet's pathway, those that ask for the same facts here."""
    parts = ([part for part in found if part] for found in CRITERION.findall(question))
    named = ["{}.{}.{}".format(a.upper().replace("1", "I").replace("2", "II"), b.upper(), n) for a, b, n in parts]
    return tuple(dict.fromkeys(c for name in named for c in ((name,) if name in packet.criteria else packet.counterparts(name) or (name,))))


def meant(question: str, packet: PacketView) -> str:
    """A question as its vector is made of: abbreviations in words, the patient's own name as "the patient"."""
    words = [("the patient" if stem(w.lower().strip(".,?!'")) in packet.own_names else w) for w in question.split()]
    return spelled_out(" ".join(words))


def _about(topics: Mapping[str, float], packet: PacketView, least: float) -> tuple[str, ...]:
    """The criteria of the facts that a question is about with at least this probability, the likeliest first."""
    likely = sorted((fact for fact, p in topics.items() if p >= least and fact in packet.facts), key=lambda fact: -topics[fact])
    likely = [fact for fact in likely if topics[fact] >= 0.5 * topics[likely[0]]]
    return tuple(dict.fromkeys(c for fact in likely[:2] for c in packet.facts[fact] if c in packet.criteria))[:2]


def _months(said: str, packet: PacketView) -> tuple[str, ...]:
    """Months named without a year, in the years in which the record has them ("by mid april" -> "2026-04")."""
    known = {d[:7] for p in packet.passages for d in (p.date, p.document_date) if d}
    wanted = {f"{MONTHS.index(m.lower()) + 1:02d}" for m in MONTH.findall(said)}
    return tuple(sorted(d for d in known if d[5:] in wanted))


def _anchor(packet: PacketView) -> Any:
    from datetime import date

    day = packet.screening["request"].get("request_date") or max((p.document_date or "" for p in packet.passages), default="")
    return date.fromisoformat(day) if day else None
