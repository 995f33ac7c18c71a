"""A payer's policy as data: criteria, pathways, procedure codes, scope, and who is told what.

A policy is a folder under `criteria/policies/`: `policy.yaml`, `cases.yaml`, `SOURCE.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from criteria.condition import Condition, parse_condition
from criteria.facts import facts
from criteria.located import Located, read_yaml
from extractors.errors import UserError

POLICIES = Path(__file__).parent / "policies"
DEFAULT_POLICY = "LA.CP.MP.173"
PHASES = ("trial", "implant")
INDICATIONS = ("malignant", "nonmalignant")
ANY = "any"
"""A pathway's phase or indication where the policy makes no difference."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion in our own words; `id` is its number in the source."""

    id: str
    title: str
    asks: str
    test: Condition


@dataclass(frozen=True, slots=True)
class Pathway:
    """What is asked for, and the criteria that it needs, in policy order."""

    id: str
    title: str
    phase: str
    indication: str
    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A request that another policy decides: what extraction found (`topic`) and that policy's number."""

    topic: str
    policy: str
    reason: str


@dataclass(frozen=True, slots=True)
class FlagRule:
    """A finding that is brought to somebody's notice, whatever the statuses."""

    kind: str
    fact: str
    value: str
    pathways: tuple[str, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class Policy:
    """`trust` is the least Finding.score that may decide a status; `codes` give a phase, or "none"."""

    id: str
    title: str
    revision: str
    trust: Mapping[str, float]
    codes: Mapping[str, str]
    pathways: tuple[Pathway, ...]
    exclusions: tuple[Exclusion, ...]
    flags: tuple[FlagRule, ...]
    criteria: tuple[Criterion, ...]

    def pathway(self, phase: str, indication: str) -> Pathway | None:
        """The first pathway for this request; one for `any` phase or indication takes an unknown one, too."""
        if phase == "out_of_scope":
            return None
        for pathway in self.pathways:
            if pathway.phase in (phase, ANY) and pathway.indication in (indication, ANY):
                return pathway
        return None

    def criteria_of(self, pathway: Pathway) -> tuple[Criterion, ...]:
        """The criteria of a pathway, section after section, in policy order."""
        return tuple(c for section in pathway.sections for c in self.criteria if section_of(c.id) == section)


def section_of(criterion: str) -> str:
    """The section of a criterion's number: "I.B" of I.B.10, "C" of C2a."""
    return criterion.rpartition(".")[0] or criterion.rstrip("abcdefghijklmnopqrstuvwxyz").rstrip("0123456789")


def policy_ids() -> tuple[str, ...]:
    """The policies that are installed."""
    return tuple(sorted(path.parent.name for path in POLICIES.glob("*/policy.yaml")))


def policy_folder(name: str) -> Path:
    """The folder of an installed policy, or of a policy given by its path."""
    for folder in (POLICIES / name, Path(name)):
        if (folder / "policy.yaml").is_file():
            return folder
    raise UserError(f"policy {name!r} is not here; use one of {', '.join(policy_ids())} or a folder with policy.yaml")


def load_policy(name: str = DEFAULT_POLICY) -> Policy:
    """Load and check a policy. Raises UserError with file, line and remedy."""
    top = read_yaml(policy_folder(name) / "policy.yaml")
    top.only(("id", "title", "revision", "trust", "codes", "pathways", "exclusions", "flags", "criteria"))
    criteria = _criteria(top)
    sections = {section_of(c.id) for c in criteria}
    top.need("pathways", list)
    pathways = tuple(_pathway(entry, sections) for entry in top.mappings("pathways"))
    return Policy(
        id=top.need("id", str),
        title=top.need("title", str),
        revision=top.need("revision", str),
        trust=_trust(top),
        codes=_codes(top),
        pathways=pathways,
        exclusions=tuple(_exclusion(entry) for entry in top.mappings("exclusions")),
        flags=tuple(_flag(entry, pathways) for entry in top.mappings("flags")),
        criteria=criteria,
    )


def _trust(top: Located) -> Mapping[str, float]:
    entry: Located = top.need("trust", Located)
    entry.only(("met", "not_met"))
    return {status: entry.number(status) for status in ("met", "not_met")}


def _codes(top: Located) -> Mapping[str, str]:
    entry: Located = top.need("codes", Located)
    entry.only((*PHASES, "none"))
    return {code: phase for phase in entry for code in entry.texts(phase)}


def _criteria(top: Located) -> tuple[Criterion, ...]:
    top.need("criteria", list)
    found: dict[str, Criterion] = {}
    for entry in top.mappings("criteria"):
        entry.only(("id", "title", "asks", "test", "same_as"))
        name = entry.need("id", str)
        if name in found:
            entry.fail(f"criterion {name} stands twice", "give each criterion its own number", "id")
        if "same_as" in entry:
            if entry.need("same_as", str) not in found:
                entry.fail(f"{entry['same_as']} is not above", "name a criterion defined earlier", "same_as")
            test = found[entry["same_as"]].test
        else:
            test = parse_condition(entry.need("test", Located))
        found[name] = Criterion(name, entry.need("title", str), entry.need("asks", str), test)
    return tuple(found.values())


def _pathway(entry: Located, sections: set[str]) -> Pathway:
    entry.only(("id", "title", "phase", "indication", "sections"))
    if entry.need("phase", str) not in (*PHASES, ANY):
        entry.fail(f"unknown phase {entry['phase']!r}", f"use {', '.join(PHASES)} or {ANY}", "phase")
    if entry.need("indication", str) not in (*INDICATIONS, ANY):
        entry.fail(f"unknown indication {entry['indication']!r}", f"use {', '.join(INDICATIONS)} or {ANY}", "indication")
    entry.need("sections", list)
    for section in entry.texts("sections"):
        if section not in sections:
            entry.fail(f"no criterion of section {section}", "number criteria as SECTION.n (I.B.4) or SECTIONn (C2a)", "sections")
    return Pathway(
        entry.need("id", str), entry.need("title", str), entry["phase"], entry["indication"], tuple(entry["sections"])
    )


def _exclusion(entry: Located) -> Exclusion:
    entry.only(("topic", "policy", "reason"))
    return Exclusion(entry.need("topic", str), entry.need("policy", str), entry.need("reason", str))


def _flag(entry: Located, pathways: Sequence[Pathway]) -> FlagRule:
    entry.only(("kind", "fact", "value", "pathways", "detail"))
    fact, value = entry.need("fact", str), entry.need("value", str)
    if fact not in facts() or value not in facts()[fact].values:
        entry.fail(f"unknown fact or value {fact} = {value}", "use those of extractors/facts.yaml", "fact")
    entry.need("pathways", list)
    for name in set(entry.texts("pathways")) - {pathway.id for pathway in pathways}:
        entry.fail(f"no pathway {name!r}", f"use {', '.join(pathway.id for pathway in pathways)}", "pathways")
    return FlagRule(entry.need("kind", str), fact, value, tuple(entry["pathways"]), entry.need("detail", str))
