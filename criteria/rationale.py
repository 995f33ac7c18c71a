"""One or two sentences a reviewer can check, built from values, dates and places; never from record text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from criteria.condition import Statement
from criteria.decide import Decision, Outcome
from criteria.facts import facts
from criteria.timeline import Clock, Reading, Side
from extractors.finding import Finding

ON_LIST: Mapping[Side, str] = {
    "met": "the allergies listed do not include the planned drug",
    "not_met": "the allergies listed include the planned drug",
    "open": "an opioid is listed and no planned drug is named",
}


def derivation_of(decision: Decision) -> str | None:
    """The arithmetic behind the deciding numbers, or None."""
    steps = [r.finding.derivation for o in decision.outcomes for r in o.current if r.finding.derivation]
    return "; ".join(dict.fromkeys(steps)) or None


def rationale_of(decision: Decision, clock: Clock) -> str:
    """What was found and where, part by part; then what is missing or superseded."""
    decisive = [o for o in decision.outcomes if o.status == decision.status and (o.current or o.status != "met")]
    shown = decisive if decision.status != "met" else [o for o in decisive if o.current]
    if decision.status == "insufficient":
        return _insufficient(decision, shown, clock)
    first = "; ".join(_clause(o, clock) for o in shown)
    overtaken = next((_overtaken(o, clock) for o in shown if o.past), "")
    return f"{_capital(first)}.{overtaken}"


def _insufficient(decision: Decision, open_parts: list[Outcome], clock: Clock) -> str:
    known = [o for o in decision.outcomes if o.status == "met" and o.current]
    vague = [o for o in open_parts if o.current]
    silent = [o for o in open_parts if not o.current]
    unsure = [o for o in open_parts if o.unsure]
    sentences = [_capital(_clause(o, clock)) + _why_open(o) for o in (unsure or vague)[:1]]
    names = [_name(o.statement) for o in silent]
    if names and (known or not vague):
        sentences.append("Nothing that counts is stated on " + _listed(names))
    aside = next((o.aside[0] for o in silent if o.aside), None)
    if aside is not None:
        sentences.append(f"A mention does not count ({_why_aside(aside)}; {_place(aside)})")
    elif known:
        sentences.append("Documented: " + _listed([_name(o.statement) for o in known]))
    return ". ".join(sentences[:2]) + "."


def _why_open(outcome: Outcome) -> str:
    doubtful = "read with little confidence, which never decides alone"
    return f", {doubtful}" if outcome.unsure else ", which leaves the question open"


def _clause(outcome: Outcome, clock: Clock) -> str:
    name = _name(outcome.statement)
    if outcome.status != "conflicting":
        return f"{name}: {_says(outcome.statement, _best(outcome.current, clock))}"
    sides = dict.fromkeys(r.side for r in outcome.current)
    said = [_says(outcome.statement, _best((r for r in outcome.current if r.side == s), clock)) for s in sides]
    return f"{name}: " + ", but ".join(said[:2]) + "; neither settles the other"


def _best(readings: Iterable[Reading], clock: Clock) -> Reading:
    return max(readings, key=lambda r: (bool(r.finding.operands), clock.time(r.finding), r.finding.score))


def _says(statement: Statement, reading: Reading) -> str:
    finding = reading.finding
    if (
        statement.lists
        and finding.value != "absent"
        and ("drugs" in finding.attributes or "drug" in finding.attributes)
    ):
        said = ON_LIST[reading.side]
    elif isinstance(finding.value, str):
        said = facts()[finding.kind].values.get(finding.value, finding.value)
    else:
        said = f"{finding.derivation or _number(finding)} ({statement.bound} asked)"
    return f"{said} ({_place(finding)})"


def _number(finding: Finding) -> str:
    value = f"{finding.value:g}" if isinstance(finding.value, int | float) else str(finding.value)
    low, high = finding.attributes.get("low"), finding.attributes.get("high")
    if isinstance(low, int | float) and isinstance(high, int | float):
        value = f"{low:g} to {high:g}"
    return f"{value} {finding.unit or facts()[finding.kind].unit or ''}".strip()


def _place(finding: Finding) -> str:
    where = f"{finding.excerpt.document_id}, page {finding.excerpt.page}"
    return f"{where}, {finding.date}" if finding.date else where


def _overtaken(outcome: Outcome, clock: Clock) -> str:
    old = max((r.finding for r in outcome.past), key=clock.time)
    word = facts()[old.kind].values.get(str(old.value), _number(old))
    later = any(clock.time(old) > clock.time(r.finding) for r in outcome.current)
    verb = "A later statement does not undo it" if later else "It supersedes the earlier statement"
    return f" {verb}: {word} ({_place(old)})."


def _why_aside(finding: Finding) -> str:
    mode = finding.assertion
    for name, words in (
        ("retracted", "taken back by the record itself"),
        ("quoted", "quoted wording or an unanswered prompt"),
        ("family", "said of a relative"),
        ("hypothetical", "planned or conditional"),
        ("uncertain", "uncertain"),
        ("historical", "about the past"),
    ):
        if getattr(mode, name):
            return words
    return "another time, or a reading too weak to decide"


def _name(statement: Statement) -> str:
    return statement.part or facts()[statement.fact].about


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
