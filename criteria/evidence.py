"""Evidence: the excerpts behind a status, the deciding ones first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from criteria.decide import Decision, Outcome
from criteria.timeline import Clock, Reading, Side
from extractors.document import Excerpt
from extractors.finding import Finding

Stance = Literal["supports", "contradicts", "context"]
STANCES: Mapping[Side, Stance] = {
    "met": "supports",
    "not_met": "contradicts",
    "open": "context",
    "doubt": "contradicts",
}
MOST_DECIDING = 12
"""Excerpts per statement that decide; the newest are kept."""
MOST_CONTEXT = 4
"""Excerpts per statement that were superseded or never counted."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One excerpt, the fact it was read for, and where it stands towards the criterion."""

    excerpt: Excerpt
    stance: Stance
    finding: str
    date: str | None
    attributes: Mapping[str, object]


def evidence_of(decision: Decision, clock: Clock) -> tuple[Evidence, ...]:
    """Deciding excerpts first (of a failed part before the others), then context. No excerpt stands twice."""
    first = sorted(decision.outcomes, key=lambda o: o.status != decision.status)
    found: dict[tuple[str, int, int, int, str], Evidence] = {}
    for outcome in first:
        deciding = [(r.finding, STANCES[r.side]) for r in _newest(outcome.current, clock)]
        for finding, stance in deciding[:MOST_DECIDING]:
            _add(found, finding, stance)
    for outcome in first:
        for finding in _context(outcome, clock)[:MOST_CONTEXT]:
            _add(found, finding, "context")
    return tuple(found.values())


def _newest(readings: tuple[Reading, ...], clock: Clock) -> list[Reading]:
    """The newest first; of a conflict, one of each side before the rest."""
    ordered = sorted(readings, key=lambda r: (bool(r.finding.operands), clock.time(r.finding)), reverse=True)
    heads = [next(r for r in ordered if r.side == side) for side in dict.fromkeys(r.side for r in ordered)]
    return heads + [r for r in ordered if not any(r is head for head in heads)]


def _context(outcome: Outcome, clock: Clock) -> list[Finding]:
    past = sorted((r.finding for r in outcome.past), key=clock.time, reverse=True)
    return past + sorted(outcome.aside, key=clock.time, reverse=True)


def _add(found: dict[tuple[str, int, int, int, str], Evidence], finding: Finding, stance: Stance) -> None:
    for excerpt in (finding.excerpt, *finding.operands):
        key = (excerpt.document_id, excerpt.page, excerpt.start, excerpt.end, finding.kind)
        found.setdefault(key, Evidence(excerpt, stance, finding.kind, finding.date, attributes_of(finding)))


def attributes_of(finding: Finding) -> Mapping[str, object]:
    """What else the finding says, in a fixed order: value, unit, rule, modes that are set, the reader's attributes."""
    modes = [f.name for f in fields(finding.assertion) if getattr(finding.assertion, f.name)]
    out: dict[str, object] = {"value": finding.value, "rule": finding.rule, "score": round(finding.score, 3)}
    if finding.unit:
        out["unit"] = finding.unit
    if modes:
        out["modes"] = modes
    for name in sorted(finding.attributes):
        value = finding.attributes[name]
        out[name] = sorted(value) if isinstance(value, set | frozenset) else value
    return out
