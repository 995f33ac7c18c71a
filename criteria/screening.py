"""A screening: for each criterion of the pathway a suggested status, and why. Never edited afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import PackageNotFoundError, version

from criteria.decide import Decision, Facts, Status, decide
from criteria.evidence import Evidence, Stance, evidence_of
from criteria.policy import ANY, Criterion, Pathway, Policy
from criteria.rationale import derivation_of, rationale_of
from criteria.request import Request
from criteria.timeline import Clock, read_clock
from extractors.document import Document
from extractors.finding import Finding
from extractors.markup import marked
from extractors.rules import rules_version

STATUS_WORDS: Mapping[Status, str] = {
    "met": "Met", "not_met": "Not met", "insufficient": "Not documented", "conflicting": "Conflicting",
}  # fmt: skip
STATUS_SIGNS: Mapping[Status, str] = {"met": "✓", "not_met": "✕", "insufficient": "?", "conflicting": "≠"}
STATUS_COLOURS: Mapping[Status, str] = {
    "met": "#1f6f4a", "not_met": "#a33327", "insufficient": "#5b6270", "conflicting": "#8a5a00",
}  # fmt: skip
STANCE_COLOURS: Mapping[Stance, str] = {"supports": "#bfe8d0", "contradicts": "#f6cabd", "context": "#d5def0"}
CELL = "text-align:left;vertical-align:top;padding:.3em .6em"


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One criterion's suggested status. `met`, `not_met`, `conflicting` never stand without evidence."""

    id: str
    title: str
    status: Status
    rationale: str
    derivation: str | None
    missing: tuple[str, ...]
    evidence: tuple[Evidence, ...]

    def _repr_html_(self) -> str:
        return f"<table>{self.row()}</table>"

    def row(self) -> str:
        """The criterion as a row of a table: its number and title, suggestion, why, and the words that decide."""
        quotes = "<br>".join(
            marked(e.excerpt.quote, [(0, len(e.excerpt.quote), e.finding)], STANCE_COLOURS[e.stance])
            + f" <small>{e.stance}: {escape(e.excerpt.document_id)}, page {e.excerpt.page}</small>"
            for e in self.evidence
            if e.stance != "context"
        )
        status = f'<b style="color:{STATUS_COLOURS[self.status]}">{STATUS_SIGNS[self.status]} {STATUS_WORDS[self.status]}</b>'
        why = escape(self.derivation or self.rationale)
        cells = (f"<b>{escape(self.id)}</b> {escape(self.title)}", status, why, quotes)
        return "<tr>" + "".join(f'<td style="{CELL}">{cell}</td>' for cell in cells) + "</tr>"


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a person must know, whatever the statuses. `page` counts from 1."""

    kind: str
    detail: str
    document_id: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """What was read: `ocr_pages` are the page numbers recognised from pictures."""

    document_id: str
    file: str
    sha256: str
    pages: int
    ocr_pages: tuple[int, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Legibility:
    """How much of a packet was read: what a criterion that found nothing says of it."""

    pages: int
    unread: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Legibility:
        pages = [(d.document_id, p.number, p.readable) for d in documents for p in d.pages]
        return cls(len(pages), tuple((name, number) for name, number, readable in pages if not readable))

    @property
    def told(self) -> str:
        """A sentence for the rationale."""
        if not self.pages:
            return ""
        return f" {len(self.unread)} of {self.pages} pages {'was' if len(self.unread) == 1 else 'were'} unreadable."

    @property
    def wanted(self) -> tuple[str, ...]:
        """What a clinic could send instead of the pages that could not be read."""
        places = "; ".join(f"{name}, page {number}" for name, number in self.unread)
        return (f"A readable copy of what could not be read: {places}.",) if self.unread else ()


@dataclass(frozen=True, slots=True)
class Screening:
    """The suggestion for one packet under one policy."""

    packet_id: str
    policy: str
    policy_revision: str
    software: str
    request: Request
    pathway: str | None
    documents: tuple[DocumentSummary, ...]
    criteria: tuple[CriterionResult, ...]
    flags: tuple[Flag, ...]

    def _repr_html_(self) -> str:
        """Flags, then a row per criterion, as a notebook shows them."""
        head = f"{self.packet_id}: {self.policy}, revision {self.policy_revision}, pathway {self.pathway or 'none'}"
        notes = "".join(f"<p>⚑ {escape(flag.detail)}</p>" for flag in self.flags)
        names = "".join(f'<th style="{CELL}">{n}</th>' for n in ("Criterion", "Suggested", "Why", "Words of the record"))
        rows = "".join(result.row() for result in self.criteria)
        told = "<p>Suggestions for a reviewer, who decides.</p>"
        return f"<h4>{escape(head)}</h4>{notes}<table><tr>{names}</tr>{rows}</table>{told}"


def screen(
    policy: Policy,
    findings: Iterable[Finding],
    request: Request,
    documents: Sequence[Document],
    packet_id: str = "packet",
) -> Screening:
    """Weigh the findings of one packet against the criteria of its pathway.

    Findings of pages that belong to another patient (`request.foreign_pages`) are left out and flagged.
    A request that is out of scope, or whose phase or indication is unknown, has no pathway and no criteria.
    """
    foreign = set(request.foreign_pages)
    own = tuple(f for f in findings if not any((e.document_id, e.page) in foreign for e in (f.excerpt, *f.operands)))
    clock = read_clock(request.phase, request.request_date, own)
    pathway = policy.pathway(request.phase, request.indication)
    facts = Facts(_by_kind(own), clock, request.drugs, policy.trust)
    read = Legibility.of(documents)
    results = tuple(_result(c, facts, clock, read) for c in policy.criteria_of(pathway)) if pathway else ()
    return Screening(
        packet_id=packet_id,
        policy=policy.id,
        policy_revision=policy.revision,
        software=software_version(),
        request=request,
        pathway=pathway.id if pathway else None,
        documents=tuple(_summary(d) for d in documents),
        criteria=results,
        flags=_flags(policy, pathway, own, request, documents),
    )


def software_version() -> str:
    """The version; with a user's own rules laid over the shipped ones, which rules, too."""
    own = f"+rules.{rules_version()}" if rules_version() else ""
    try:
        return version("chartproof") + own
    except PackageNotFoundError:
        return f"uninstalled{own}"


def _by_kind(findings: Sequence[Finding]) -> Mapping[str, tuple[Finding, ...]]:
    kinds: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda f: (f.excerpt.document_id, f.excerpt.page, f.excerpt.start, f.kind)):
        kinds.setdefault(finding.kind, []).append(finding)
    return {kind: tuple(group) for kind, group in kinds.items()}


def _result(criterion: Criterion, facts: Facts, clock: Clock, read: Legibility) -> CriterionResult:
    decision: Decision = decide(criterion.test, facts)
    silent = decision.status == "insufficient"
    return CriterionResult(
        id=criterion.id,
        title=criterion.title,
        status=decision.status,
        rationale=rationale_of(decision, clock) + (read.told if silent else ""),
        derivation=derivation_of(decision),
        missing=decision.missing + (read.wanted if silent else ()),
        evidence=evidence_of(decision, clock),
    )


def _summary(document: Document) -> DocumentSummary:
    ocr = tuple(page.number for page in document.pages if page.ocr)
    return DocumentSummary(
        document.document_id, document.file, document.sha256, len(document.pages), ocr, document.warnings
    )


def _flags(
    policy: Policy,
    pathway: Pathway | None,
    findings: Sequence[Finding],
    request: Request,
    documents: Sequence[Document],
) -> tuple[Flag, ...]:
    flags = [
        Flag("foreign_patient_page", "This page bears another patient's name, date of birth or number.", name, page)
        for name, page in request.foreign_pages
    ]
    for rule in policy.exclusions:
        if rule.topic == request.exclusion:
            flags.append(Flag("out_of_scope", f"{rule.reason} ({rule.policy})"))
    if pathway is None and request.phase != "out_of_scope":
        unclear = " and ".join(n for n in ("phase", "indication") if getattr(request, n) == "unknown") or "pathway"
        flags.append(Flag("request_unclear", f"The documents do not tell the {unclear}; say it in request.json."))
    taken = [f"{n} ({getattr(request, n)})" for n in request.assumed if pathway and getattr(pathway, n) != ANY]
    if taken:
        told = f"Assumed, as no document tells it: {' and '.join(taken)}; say it in request.json."
        flags.append(Flag("request_unclear", told))
    for flag in policy.flags:
        first = next(
            (f for f in findings if f.kind == flag.fact and f.value == flag.value and not f.assertion.quoted), None
        )
        if first is not None and pathway is not None and pathway.id in flag.pathways:
            flags.append(Flag(flag.kind, flag.detail, first.excerpt.document_id, first.excerpt.page))
    for document in documents:
        for page in document.pages:
            if not page.readable:
                flags.append(Flag("unreadable_page", page.reason or "unreadable", document.document_id, page.number))
    return tuple(flags)
