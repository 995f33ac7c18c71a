"""Time: which statements are about the time that counts, and which later one settles a fact.

A statement without a date speaks of the time of the request. Dates are ISO strings, possibly
cut to a month ("2026-02"); two dates are the same time when one begins with the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from criteria.condition import Statement, When
from extractors.dates import days_between
from extractors.finding import Finding
from extractors.procedures import trial_days

Side = Literal["met", "not_met", "open", "doubt"]
STILL_DAYS = 60
"""Without a trial date, a statement no older than this at the request says how things stand now."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A finding and what it says for one statement of a condition."""

    finding: Finding
    side: Side


@dataclass(frozen=True, slots=True)
class Clock:
    """When the request was made and when the trial ran. `now` stands for statements without a date."""

    phase: str
    now: str
    trial_start: str | None
    trial_end: str | None

    def time(self, finding: Finding) -> str:
        return finding.date or self.now


def read_clock(phase: str, request_date: str | None, findings: Iterable[Finding]) -> Clock:
    """The clock of a packet; the trial is the group of near dates that most findings name, the later if equal."""
    findings = tuple(findings)
    now = request_date or max((f.date for f in findings if f.date), default="9999-12-31")
    trial = trial_days(findings)
    return Clock(phase, now, trial[0] if trial else None, trial[-1] if trial else None)


def same_time(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def in_window(readings: Sequence[Reading], when: When | None, clock: Clock) -> tuple[Reading, ...]:
    """The readings that are about the time that the criterion asks for.

    Before the trial: what is dated up to it. A later note that looks back ("before the trial she was
    weaned by 60 %", attribute `before_trial`) counts too; one that does not say so counts when nothing else does,
    unless it says that it is about later (attribute `after_trial`).
    After the trial: what is dated after it; without a known trial, what still holds at the request. A refusal or an
    end that nothing later takes back still holds, too.
    """
    if when == "after_trial":
        late = tuple(r for r in readings if _after_trial(r.finding, clock))
        last = max((clock.time(r.finding) for r in readings), default="")
        newest = tuple(r for r in readings if same_time(clock.time(r.finding), last))
        refused = not late and all(r.side == "not_met" for r in newest)
        return newest if refused else late
    if when == "before_trial" and clock.phase == "implant":
        told = tuple(r for r in readings if not r.finding.attributes.get("after_trial"))
        start = clock.trial_start
        if start is None:
            return told
        early = tuple(
            r for r in told if r.finding.attributes.get("before_trial") or (r.finding.date and r.finding.date <= start)
        )
        return early or told
    return tuple(readings)


def _after_trial(finding: Finding, clock: Clock) -> bool:
    day = clock.time(finding)
    if clock.trial_end is not None:
        return day > clock.trial_end
    return same_time(day, clock.now) or days_between(day, clock.now) <= STILL_DAYS


def without_stale(readings: Sequence[Reading], days: int, clock: Clock) -> tuple[Reading, ...]:
    """The readings without failures older than `days` at the request (0: none is too old): an infection of years ago is over."""
    return tuple(
        r for r in readings if not (days and r.side == "not_met" and days_between(clock.time(r.finding), clock.now) > days)
    )


def settle(readings: Sequence[Reading], statement: Statement, clock: Clock) -> tuple[Reading, ...]:
    """The readings that no later one supersedes.

    A later statement wins, and of one time what is told of now over what is told of the past; statements of one
    event all stand. A lasting value stays true, so only what contradicts it at the same time stands beside it.
    A number computed over the record is not superseded by a later claim. What is merely doubtful or open
    supersedes nothing, and a value that yields gives way to a lasting one, or to any of `met` where none is lasting.
    """
    sided = [r for r in readings if r.side in ("met", "not_met")]
    if any(r.side == "met" and (r.finding.value in statement.lasting or not statement.lasting) for r in sided):
        sided = [r for r in sided if r.side == "met" or r.finding.value not in statement.yields]
    if not sided or statement.event:
        return tuple(sided)
    lasting = [r for r in sided if r.finding.value in statement.lasting]
    newest = max(clock.time(r.finding) for r in (lasting or sided))
    current = [r for r in sided if _of_one_time(clock.time(r.finding), newest, statement.near_days) or r in lasting]
    if not (lasting or statement.lists or (statement.each and not statement.now)):
        current = [r for r in current if not r.finding.assertion.historical] or current
    if statement.failure_days and all(r.side == "met" for r in current):
        current += [r for r in sided if _still_fails(r, newest, statement.failure_days, clock)]
    computed = [r for r in sided if r.finding.operands and r not in current]
    if computed and not lasting and not any(r.finding.operands for r in current):
        last = max(clock.time(r.finding) for r in computed)
        current += [r for r in computed if clock.time(r.finding) == last]
    return tuple(current)


def _of_one_time(day: str, newest: str, days: int) -> bool:
    return same_time(day, newest) or bool(days) and days_between(day, newest) <= days


def _still_fails(reading: Reading, newest: str, days: int, clock: Clock) -> bool:
    told_of_then = reading.side == "not_met" and not reading.finding.assertion.historical
    return told_of_then and days_between(clock.time(reading.finding), newest) < days


def doubts_left(
    readings: Sequence[Reading], current: Sequence[Reading], days: int, clock: Clock
) -> tuple[Reading, ...]:
    """The doubtful readings that no statement later by more than `days` settles."""
    last = max((clock.time(r.finding) for r in current if r.side == "met"), default="")
    return tuple(
        r for r in readings if r.side == "doubt" and not (last and days_between(clock.time(r.finding), last) > days)
    )
