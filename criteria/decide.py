"""From findings to the outcome of one condition: a status, what decides it, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from criteria.condition import Alternatives, Bound, Condition, Parts, Statement
from criteria.timeline import Clock, Reading, Side, doubts_left, in_window, settle, without_stale
from extractors.doubt import in_doubt
from extractors.finding import Assertion, Finding

Status = Literal["met", "not_met", "insufficient", "conflicting"]
RANK: Mapping[Status, int] = {"not_met": 0, "conflicting": 1, "insufficient": 2, "met": 3}
"""Among parts, the first of these that occurs decides."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one statement came to. `current` decides, `past` was superseded, `aside` never counted.

    Where `current` takes a side and the status is `insufficient`, its words were recognised too unsurely.
    """

    statement: Statement
    status: Status
    current: tuple[Reading, ...] = ()
    past: tuple[Reading, ...] = ()
    aside: tuple[Finding, ...] = ()

    @property
    def unsure(self) -> tuple[Reading, ...]:
        """The readings that would decide, were it not for their doubtful words."""
        sided = tuple(r for r in self.current if r.side in ("met", "not_met"))
        return sided if self.status == "insufficient" else ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The status of a condition and the outcomes of its statements, in policy order."""

    status: Status
    outcomes: tuple[Outcome, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """The findings of a packet by kind, with what is needed to weigh them."""

    by_kind: Mapping[str, Sequence[Finding]]
    clock: Clock
    drugs: frozenset[str]
    trust: Mapping[str, float]


def decide(condition: Condition, facts: Facts) -> Decision:
    """Decide a condition. Silence is `insufficient`, and says what would settle it."""
    match condition:
        case Statement():
            return _of_statement(condition, facts)
        case Parts(parts):
            decisions = tuple(decide(part, facts) for part in parts)
            status = min((d.status for d in decisions), key=RANK.__getitem__)
            return _joined(status, decisions, tuple(m for d in decisions for m in d.missing))
        case Alternatives(ways, missing):
            return _of_alternatives(tuple(decide(way, facts) for way in ways), missing)


def _of_alternatives(decisions: tuple[Decision, ...], missing: str) -> Decision:
    for status in ("not_met", "conflicting", "met"):
        if status == "met" and any(r.side == "not_met" for d in decisions for o in d.outcomes for r in o.unsure):
            break  # what may be a failure must be looked at before another way can count
        chosen = tuple(d for d in decisions if d.status == status)
        if chosen:
            others = tuple(d for d in decisions if d.status != status)
            asked = tuple(m for d in chosen for m in d.missing) if status == "conflicting" else ()
            return _joined(status, chosen + others, asked)
    return _open(decisions, missing)


def _open(decisions: tuple[Decision, ...], missing: str) -> Decision:
    started = tuple(d for d in decisions if any(o.current for o in d.outcomes))
    return _joined("insufficient", decisions, tuple(m for d in started for m in d.missing) or (missing,))


def _joined(status: Status, decisions: tuple[Decision, ...], missing: tuple[str, ...]) -> Decision:
    asked = missing if status in ("insufficient", "conflicting") else ()
    return Decision(status, tuple(o for d in decisions for o in d.outcomes), tuple(dict.fromkeys(asked)))


def _of_statement(statement: Statement, facts: Facts) -> Decision:
    outcome = _weigh(statement, facts)
    if outcome.unsure:
        missing: tuple[str, ...] = (check_picture(outcome.unsure),)
    elif outcome.status == "insufficient":
        vague = any(r.side in ("open", "doubt") for r in outcome.current)
        missing = (statement.unclear if vague and statement.unclear else statement.missing,)
    elif outcome.status == "conflicting":
        missing = (f"Which of the two statements holds. {statement.missing}",)
        if unsure := tuple(r for r in outcome.current if in_doubt(r.finding)):
            missing += (check_picture(unsure),)
    else:
        missing = ()
    return Decision(outcome.status, (outcome,), missing)


def check_picture(readings: Sequence[Reading]) -> str:
    """Where a reviewer is to look, never the words themselves."""
    places = dict.fromkeys(
        f"{e.document_id}, page {e.page}"
        for r in readings
        for e in (r.finding.excerpt, *r.finding.operands)
        if e.doubtful
    )
    return f"Check the picture: words that decide were read with little confidence ({'; '.join(places)})."


def _weigh(statement: Statement, facts: Facts) -> Outcome:
    readings, aside = _readings(statement, facts)
    window = without_stale(in_window(readings, statement.when, facts.clock), statement.stale_days, facts.clock)
    aside += tuple(r.finding for r in readings if r not in window)
    status, current = _settled(statement, window, facts.clock)
    past = tuple(r for r in window if r not in current and r.side in ("met", "not_met"))
    return Outcome(statement, status, current, past, aside)


def _settled(statement: Statement, window: Sequence[Reading], clock: Clock) -> tuple[Status, tuple[Reading, ...]]:
    if statement.each is None:
        return _status(statement, window, clock)
    subjects = sorted({str(s) for r in window if (s := r.finding.attributes.get(statement.each))})
    results = [
        _status(statement, [r for r in window if r.finding.attributes.get(statement.each) in (None, subject)], clock)
        for subject in subjects or [""]
    ]
    status = min((s for s, _ in results), key=RANK.__getitem__)
    deciding: list[Reading] = []
    for reading in (r for s, current in results if s == status for r in current):
        if reading not in deciding:
            deciding.append(reading)
    return status, tuple(deciding)


def _status(statement: Statement, window: Sequence[Reading], clock: Clock) -> tuple[Status, tuple[Reading, ...]]:
    current = settle(window, statement, clock)
    sides = {r.side for r in current}
    doubts = doubts_left(window, current, statement.doubt_days, clock)
    if len(sides) == 1 and sides <= {"met", "not_met"} and all(in_doubt(r.finding) for r in current):
        return "insufficient", current
    if "not_met" in sides:
        return ("conflicting" if "met" in sides and not _prevails(statement, current) else "not_met"), current
    if "met" in sides:
        return ("conflicting" if doubts else "met"), current + doubts
    unsettled = doubts + tuple(r for r in window if r.side == "open")
    return ("met" if statement.optional and not unsettled else "insufficient"), unsettled


def _prevails(statement: Statement, current: Sequence[Reading]) -> bool:
    """Whether what fails was seen so often that what speaks for it is no contradiction (one right pill count, four missed visits)."""
    failing, holding = (len({r.finding.excerpt for r in current if r.side == side}) for side in ("not_met", "met"))
    return bool(statement.prevails) and failing > holding and failing >= statement.prevails * holding


def _readings(statement: Statement, facts: Facts) -> tuple[tuple[Reading, ...], tuple[Finding, ...]]:
    """The findings that count, each with its side, and those that never do (in what mode, how weak)."""
    kinds = (statement.fact, statement.lists) if statement.lists else (statement.fact,)
    readings: list[Reading] = []
    aside: list[Finding] = []
    for finding in (f for kind in kinds for f in facts.by_kind.get(kind, ())):
        side = _side_on_list(finding, facts.drugs) if statement.lists else None
        side = side or side_of(statement, finding)
        if side is None:
            continue
        if _counts(statement, finding, side) and finding.score >= facts.trust.get(side, min(facts.trust.values())):
            readings.append(Reading(finding, side))
        else:
            aside.append(finding)
    if any(r.side in ("not_met", "open") for r in readings):
        # that other drugs are listed does not deny the allergy to this one, nor the opioid on the next line
        aside += [r.finding for r in readings if _names_others(statement, r)]
        readings = [r for r in readings if not _names_others(statement, r)]
    return tuple(readings), tuple(aside)


def _names_others(statement: Statement, reading: Reading) -> bool:
    return bool(statement.lists) and reading.side == "met" and reading.finding.value != "absent"


def _counts(statement: Statement, finding: Finding, side: Side) -> bool:
    mode: Assertion = finding.assertion
    if statement.plans:
        mode = replace(mode, hypothetical=False)
    return mode.plain and not (statement.now and mode.historical and side == "not_met")


def side_of(statement: Statement, finding: Finding) -> Side | None:
    """What a value says: a word by the policy's sets, a number or a range by its bound."""
    value = finding.value
    if isinstance(value, str):
        for side in ("met", "not_met", "open", "doubt"):
            if value in getattr(statement, side):
                return side
        return None
    if value is None or statement.bound is None:
        return None
    return _side_of_range(statement.bound, finding, float(value))


def _side_of_range(bound: Bound, finding: Finding, value: float) -> Side:
    """Attributes `low` and `high` bound a number that is not exact ("40-60 %"); None leaves that end open."""
    if finding.attributes.get("bound") in ("exact", "about"):
        return "met" if bound.holds(value) else "not_met"
    ends: list[float] = []
    for name, unbounded in (("low", float("-inf")), ("high", float("inf"))):
        end = finding.attributes.get(name, value)
        ends.append(float(end) if isinstance(end, int | float) else unbounded)
    held = {bound.holds(end) for end in ends}
    if len(held) == 2:
        return "open"
    return "met" if held == {True} else "not_met"


def _side_on_list(finding: Finding, planned: frozenset[str]) -> Side | None:
    """An allergy list, or an allergy to a named drug, read against the drug planned for the pump."""
    named = finding.attributes.get("drugs") or finding.attributes.get("drug")
    if named is None or finding.value == "absent":
        return None
    drugs = {named} if isinstance(named, str) else set(named) if isinstance(named, list | tuple | frozenset) else set()
    if planned:
        return "not_met" if drugs & planned else "met"
    opioids = finding.attributes.get("opioids")
    return "open" if opioids else "met"
