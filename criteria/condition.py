"""The condition language: what a criterion asks of the findings, as data.

    Statement      one fact must have been stated with one of these values, or one number pass a bound
    Parts          all must hold; one failure is a failure (`all:` in the file)
    Alternatives   one is enough; one failure is still a failure (`any:` in the file)

A condition sees findings only, never the text of a record.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Literal

from criteria.facts import Fact, facts
from criteria.located import Located

When = Literal["before_trial", "after_trial"]
BOUNDS = ("at_least", "more_than", "at_most", "less_than")


@dataclass(frozen=True, slots=True)
class Bound:
    """A threshold on a number; `at_least` and `at_most` include their limit."""

    kind: str
    limit: float

    def holds(self, value: float) -> bool:
        match self.kind:
            case "at_least":
                return value >= self.limit
            case "more_than":
                return value > self.limit
            case "at_most":
                return value <= self.limit
            case _:
                return value < self.limit

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact, and which of its values decide.

    part:     name of this part in the rationale ("" for the fact's own words)
    met, not_met: values that decide
    open:     values that leave the question open ("a range across 50 %")
    doubt:    values that contest a statement of `met` beside them and prove nothing alone
    doubt_days: a statement of `met` later than the doubt by more than this settles it
    near_days: statements no more than this before the newest are of one time with it (two examiners of one week)
    failure_days: a statement of `not_met` stands so many days against later ones of `met` (a right pill count does not undo missed visits)
    stale_days: a statement of `not_met` older than so many days at the request tells nothing of now (0: it always does)
    prevails: statements of `not_met` that outnumber those of `met` at one time so many times settle it (0: never)
    bound:    what a number must pass
    lasting:  `met` values that a later contrary statement does not undo (a course was finished)
    yields:   `not_met` values that give way to a lasting value, or to any of `met` where none is lasting (one of
              several treatments was never tried)
    event:    all statements are about one past event, whatever their dates
    now:      what is historical does not count as `not_met`
    plans:    a plan is evidence (hypothetical findings count)
    optional: silence is no gap
    when:     only what is so dated counts
    each:     attribute that tells subjects apart (which device); each is settled on its own
    lists:    fact whose lists are read against the planned drug
    missing:  what a clinic could send; `unclear` the same where something vague was found
    """

    fact: str
    missing: str
    part: str = ""
    met: frozenset[str] = frozenset()
    not_met: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()
    doubt: frozenset[str] = frozenset()
    doubt_days: int = 0
    near_days: int = 0
    failure_days: int = 0
    stale_days: int = 0
    prevails: int = 0
    bound: Bound | None = None
    lasting: frozenset[str] = frozenset()
    yields: frozenset[str] = frozenset()
    event: bool = False
    now: bool = False
    plans: bool = False
    optional: bool = False
    when: When | None = None
    each: str | None = None
    lists: str | None = None
    unclear: str = ""


@dataclass(frozen=True, slots=True)
class Parts:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """`missing` is said when none of the alternatives has any evidence."""

    ways: tuple[Condition, ...]
    missing: str


Condition = Statement | Parts | Alternatives

COUNTS = ("doubt_days", "near_days", "failure_days", "stale_days", "prevails")
WORD_SETS = ("met", "not_met", "open", "doubt", "lasting", "yields")
STATEMENT_KEYS = {f.name for f in fields(Statement)} - {"bound"} | set(BOUNDS)


def parse_condition(entry: Located) -> Condition:
    """A condition from its mapping. Raises UserError with file, line and remedy."""
    if "all" in entry:
        entry.only(("all",))
        return Parts(tuple(parse_condition(part) for part in _conditions(entry, "all")))
    if "any" in entry:
        entry.only(("any", "missing"))
        ways = tuple(parse_condition(way) for way in _conditions(entry, "any"))
        return Alternatives(ways, entry.need("missing", str))
    return _statement(entry)


def _conditions(entry: Located, key: str) -> list[Located]:
    entry.need(key, list)
    if not entry.mappings(key):
        entry.fail(f"{key!r} is empty", "write at least one 'fact: ...'", key)
    return entry.mappings(key)


def _bound(entry: Located, fact: Fact) -> Bound | None:
    bounds = [Bound(key, entry.number(key)) for key in BOUNDS if key in entry]
    if len(bounds) > 1 or (bounds and not fact.unit):
        entry.fail(f"bound on {fact.kind}", "write one bound, on a fact that has a number", bounds[-1].kind)
    return bounds[0] if bounds else None


def _statement(entry: Located) -> Statement:
    entry.only(STATEMENT_KEYS)
    kind = entry.need("fact", str)
    known = facts()
    if kind not in known:
        near = get_close_matches(kind, known, 1)
        remedy = f"use {near[0]}, or another" if near else "use a"
        entry.fail(f"unknown fact {kind!r}", f"{remedy} fact of extractors/facts.yaml", "fact")
    words: dict[str, frozenset[str]] = {}
    for key in WORD_SETS:
        words[key] = frozenset(entry.texts(key))
        for word in sorted(words[key] - set(known[kind].values)):
            entry.fail(f"{kind} is never {word!r}", f"use {', '.join(known[kind].values)}", key)
    bound = _bound(entry, known[kind])
    if bound is None and not words["met"]:
        entry.fail(f"nothing meets {kind}", "add met: [...] or a bound such as at_least:")
    when: Any = entry.text("when") or None
    if when not in (None, "before_trial", "after_trial"):
        entry.fail(f"unknown time {when!r}", "use before_trial or after_trial", "when")
    if entry.text("lists") and entry["lists"] not in known:
        entry.fail(f"unknown fact {entry['lists']!r}", "use a fact of extractors/facts.yaml", "lists")
    return Statement(
        fact=kind,
        bound=bound,
        when=when,
        **{name: int(entry.number(name)) for name in COUNTS if name in entry},
        each=entry.text("each") or None,
        lists=entry.text("lists") or None,
        missing=entry.need("missing", str),
        part=entry.text("part"),
        unclear=entry.text("unclear"),
        event=entry.true("event"),
        now=entry.true("now"),
        plans=entry.true("plans"),
        optional=entry.true("optional"),
        met=words["met"],
        not_met=words["not_met"],
        open=words["open"],
        doubt=words["doubt"],
        lasting=words["lasting"],
        yields=words["yields"],
    )
