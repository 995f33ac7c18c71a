"""What changes from one revision of a policy to the next: in its criteria, and on screenings already made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from criteria.condition import Alternatives, Condition, Parts, Statement
from criteria.decide import Facts, decide
from criteria.policy import Criterion, Policy
from criteria.timeline import read_clock
from extractors.document import Excerpt
from extractors.finding import Assertion, Finding
from extractors.request_facts import drug_names

Json = Mapping[str, Any]
SAID = ("value", "rule", "score", "unit", "modes")
"""Attributes of an excerpt that are a finding's own fields; the others are the reader's."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `criterion` is "" for what concerns the whole policy."""

    criterion: str
    what: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What the newer policy makes of one criterion of a stored screening.

    `after` is None where the screening does not hold enough to tell: the packet must be screened again.
    """

    packet_id: str
    criterion: str
    before: str
    after: str | None


def changes(old: Policy, new: Policy) -> tuple[Change, ...]:
    """The differences, the policy's own first, then criterion by criterion in the newer order."""
    found = [
        Change("", f"{name}: {getattr(old, name)!s} -> {getattr(new, name)!s}")
        for name in ("id", "title", "revision")
        if getattr(old, name) != getattr(new, name)
    ]
    found += [
        Change("", f"{name} changed")
        for name in ("trust", "codes", "pathways", "exclusions", "flags")
        if getattr(old, name) != getattr(new, name)
    ]
    before, after = ({c.id: c for c in policy.criteria} for policy in (old, new))
    found += [Change(name, "removed") for name in before if name not in after]
    for name, criterion in after.items():
        found += [Change(name, "added")] if name not in before else list(_of_criterion(before[name], criterion))
    return tuple(found)


def _of_criterion(old: Criterion, new: Criterion) -> Iterator[Change]:
    for name in ("title", "asks"):
        if getattr(old, name) != getattr(new, name):
            yield Change(new.id, f"{name}: {getattr(old, name)} -> {getattr(new, name)}")
    one, two = statements(old.test), statements(new.test)
    if [type(old.test), len(one)] != [type(new.test), len(two)]:
        yield Change(new.id, f"{len(one)} statements ({_join(old.test)}) -> {len(two)} ({_join(new.test)})")
        return
    for first, second in zip(one, two, strict=True):
        for field in fields(Statement):
            was, now = getattr(first, field.name), getattr(second, field.name)
            if was != now:
                yield Change(new.id, f"{second.fact}: {field.name}: {_shown(was)} -> {_shown(now)}")


def statements(condition: Condition) -> tuple[Statement, ...]:
    """The statements of a condition, in their order."""
    match condition:
        case Statement():
            return (condition,)
        case Parts(parts):
            return tuple(s for part in parts for s in statements(part))
        case Alternatives(ways):
            return tuple(s for way in ways for s in statements(way))


def _join(condition: Condition) -> str:
    return {Parts: "all", Alternatives: "any"}.get(type(condition), "one")


def _shown(value: object) -> str:
    return ", ".join(sorted(map(str, value))) or "none" if isinstance(value, frozenset) else str(value) or "none"


def effects(screenings: Sequence[Json], old: Policy, new: Policy) -> Iterator[Effect]:
    """Each criterion of stored screenings whose status changes, or whose new status the screening cannot tell.

    The findings are taken back from the stored excerpts. Where the older policy, asked again, does not come to the
    stored status, or the newer one asks a fact that the older never kept, the packet must be screened again.
    """
    for screening in screenings:
        if screening["policy"] != old.id:
            continue
        for result in screening["criteria"]:
            one, two = (next((c for c in p.criteria if c.id == result["id"]), None) for p in (old, new))
            if one is None or two is None or one.test == two.test and old.trust == new.trust:
                continue
            after = _again(screening, result, one, two, old, new)
            if after != result["status"]:
                yield Effect(screening["packet_id"], result["id"], result["status"], after)


def _again(screening: Json, result: Json, one: Criterion, two: Criterion, old: Policy, new: Policy) -> str | None:
    kept = {fact for s in statements(one.test) for fact in (s.fact, s.lists)}
    asked = {fact for s in statements(two.test) for fact in (s.fact, s.lists)}
    words = {s.fact: s.met | s.not_met | s.open | s.doubt for s in statements(one.test)}
    more = any((s.met | s.not_met | s.open | s.doubt) - words.get(s.fact, frozenset()) for s in statements(two.test))
    if asked - kept or more:
        return None
    everything = tuple(_finding(item) for c in screening["criteria"] for item in c["evidence"])
    mine = tuple(_finding(item) for item in result["evidence"])
    request = screening["request"]
    clock = read_clock(request["phase"], request["request_date"], everything)
    drugs = drug_names(request["drug"] or "")
    kinds: dict[str, list[Finding]] = {}
    for finding in mine:
        kinds.setdefault(finding.kind, []).append(finding)
    if decide(one.test, Facts(kinds, clock, drugs, old.trust)).status != result["status"]:
        return None
    return decide(two.test, Facts(kinds, clock, drugs, new.trust)).status


def _finding(item: Json) -> Finding:
    """The finding behind a stored excerpt. One computed from several excerpts comes back once for each."""
    said = item["attributes"]
    boxes = tuple((b[0], b[1], b[2], b[3]) for b in item["boxes"])
    doubtful = tuple((a, b) for a, b in item.get("doubtful", ()))
    excerpt = Excerpt(item["document_id"], item["page"], item["start"], item["end"], item["quote"], boxes, doubtful)
    return Finding(
        item["finding"],
        said.get("value"),
        excerpt,
        said.get("rule", ""),
        Assertion(**dict.fromkeys(said.get("modes") or (), True)),
        said.get("unit"),
        item["date"],
        float(said.get("score", 1.0)),
        {name: value for name, value in said.items() if name not in SAID},
        operands=(excerpt,) if str(said.get("rule", "")).startswith("derive") else (),
    )
