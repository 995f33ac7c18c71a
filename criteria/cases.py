"""A policy's own cases: findings in, status out, each named by a sentence (`policy check`, and the tests)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date

from criteria.decide import Facts, decide
from criteria.facts import facts
from criteria.located import Located, read_yaml
from criteria.policy import Criterion, Policy, policy_folder
from criteria.timeline import read_clock
from extractors.document import Excerpt
from extractors.finding import Assertion, Finding

CASE_KEYS = ("name", "status", "findings", "drug", "phase", "request_date")
FINDING_KEYS = ("on", "mode", "score", "with", "computed")
STATUSES = ("met", "not_met", "insufficient", "conflicting")
MODES = tuple(field.name for field in fields(Assertion))
FEWEST = 6
"""Cases that a criterion needs."""


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """One case: `findings` under `phase` with `drug` planned must give `status`. `line` is its place in the file."""

    criterion: str
    name: str
    status: str
    findings: tuple[Finding, ...]
    phase: str
    drug: str | None
    request_date: str
    line: int


def load_cases(policy: Policy, name: str) -> tuple[PolicyCase, ...]:
    """The cases of every criterion, in policy order. Raises UserError with file, line and remedy."""
    top = read_yaml(policy_folder(name) / "cases.yaml")
    top.only([c.id for c in policy.criteria])
    cases: list[PolicyCase] = []
    for criterion in policy.criteria:
        entry = top.get(criterion.id)
        key = entry.removeprefix("same as ") if isinstance(entry, str) else criterion.id
        if not isinstance(top.get(key), list) or len(top[key]) < FEWEST:
            top.fail(f"{criterion.id} has fewer than {FEWEST} cases", "add cases, or 'same as OTHER'", criterion.id)
        cases += [_case(criterion, item) for item in top.mappings(key)]
    return tuple(cases)


def failures(policy: Policy, cases: tuple[PolicyCase, ...]) -> Iterator[str]:
    """A line for each case whose status comes out otherwise."""
    criteria = {c.id: c for c in policy.criteria}
    for case in cases:
        got = run_case(policy, criteria[case.criterion], case)
        if got != case.status:
            yield f"cases.yaml:{case.line}: {case.criterion} {case.name}: {got}, not {case.status}"


def run_case(policy: Policy, criterion: Criterion, case: PolicyCase) -> str:
    """The status that a case comes to."""
    kinds: dict[str, list[Finding]] = {}
    for finding in case.findings:
        kinds.setdefault(finding.kind, []).append(finding)
    clock = read_clock(case.phase, case.request_date, case.findings)
    drugs = frozenset({case.drug}) if case.drug else frozenset()
    return decide(criterion.test, Facts(kinds, clock, drugs, policy.trust)).status


def _case(criterion: Criterion, entry: Located) -> PolicyCase:
    entry.only(CASE_KEYS)
    if entry.need("status", str) not in STATUSES:
        entry.fail(f"unknown status {entry['status']!r}", f"use {', '.join(STATUSES)}", "status")
    return PolicyCase(
        criterion=criterion.id,
        name=entry.need("name", str),
        status=entry["status"],
        findings=tuple(_finding(item, n) for n, item in enumerate(entry.mappings("findings"))),
        phase=entry.text("phase") or ("implant" if criterion.id.startswith("II.") else "trial"),
        drug=entry.text("drug") or None,
        request_date=_day(entry, "request_date") or "2026-03-31",
        line=entry.line,
    )


def _finding(entry: Located, number: int) -> Finding:
    """`{infection: absent, on: 2026-02-03, mode: [hypothetical], with: {device: pacemaker}}`."""
    kinds = [key for key in entry if key in facts()]
    entry.only((*facts(), *FINDING_KEYS))
    if len(kinds) != 1:
        entry.fail(f"{len(kinds)} facts in one finding", "write one 'fact: value'")
    value = entry[kinds[0]]
    if isinstance(value, str) and value not in facts()[kinds[0]].values:
        entry.fail(f"{kinds[0]} is never {value!r}", f"use {', '.join(facts()[kinds[0]].values)}", kinds[0])
    if not isinstance(value, str) and (facts()[kinds[0]].unit is None or isinstance(value, bool)):
        entry.fail(f"{kinds[0]} has no number", f"use {', '.join(facts()[kinds[0]].values)}", kinds[0])
    modes = dict.fromkeys(entry.texts("mode"), True)
    for mode in sorted(modes.keys() - MODES):
        entry.fail(f"unknown mode {mode!r}", f"use {', '.join(MODES)}", "mode")
    return Finding(
        kind=kinds[0],
        value=value if isinstance(value, str) else entry.number(kinds[0]),
        excerpt=Excerpt("case", 1, number * 10, number * 10 + 4, "case"),
        rule="case",
        assertion=Assertion(**modes),
        unit=facts()[kinds[0]].unit if not isinstance(value, str) else None,
        date=_day(entry, "on"),
        score=entry.number("score") if "score" in entry else 1.0,
        attributes=dict(entry.need("with", Located)) if "with" in entry else {},
        derivation=entry.text("computed") or None,
        operands=(Excerpt("case", 2, number * 10, number * 10 + 4, "case"),) if entry.get("computed") else (),
    )


def _day(entry: Located, key: str) -> str | None:
    text = entry.text(key)
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError:
        entry.fail(f"{key!r} is no day", "write YYYY-MM-DD", key)
