"""What follows from the numbers of a whole packet: the opioid wean before the trial, with its operands.

    derive(findings, trial_date="2025-12-09", request_date="2026-02-19", phase="implant")

Daily totals per document and date give a timeline; the highest sustained total before the reference
date (the trial; the request, when the trial is requested) and the last one before it give the wean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from extractors.document import Excerpt
from extractors.finding import Finding
from extractors.weanwords import other_than

Slots = dict[tuple[str, bool], tuple[float | None, Finding]]
LONG_ACTING = frozenset({"fentanyl", "methadone"})
"""Opioids that last by what they are."""
YEARS_BACK = timedelta(days=3 * 365)


@dataclass(frozen=True, slots=True)
class Total:
    """The daily total on `day` in MME (None: a part is unknown), and the findings it adds up."""

    day: str
    mme: float | None
    parts: tuple[Finding, ...]
    before_document: bool = False
    """An earlier dose without a date: it precedes everything else in its document."""

    @property
    def words(self) -> str:
        return " + ".join(p.derivation or "" for p in self.parts)

    @property
    def excerpts(self) -> tuple[Excerpt, ...]:
        return tuple(dict.fromkeys(p.excerpt for p in self.parts))


def derive(findings: Sequence[Finding], trial_date: str | None, request_date: str | None, phase: str) -> list[Finding]:
    """Findings that need more than one document: `opioid_wean` in percent. Nothing when a needed dose is unknown.

    A negative value is an increase. Attributes: baseline and last (MME/day), their dates and arithmetic,
    bound ("exact"), and `only_after_trial` when half was reached but only after the trial.
    """
    reference = request_date if phase == "trial" else trial_date or request_date
    doses = [f for f in findings if f.kind == "opioid_dose" and f.assertion.plain]
    totals = timeline(_moved(f, reference) for f in doses)
    before = [t for t in totals if not reference or t.day <= reference]
    if reference:
        first = (date.fromisoformat(reference) - YEARS_BACK).isoformat()
        before = [t for t in before if t.day >= first or t.before_document]
    off = _off(totals)
    made = _wean(before)
    if made is None:
        return off
    late = [t for t in totals if reference and t.day > reference and t.mme is not None]
    baseline = made.attributes["baseline"]
    only_after = isinstance(baseline, float) and isinstance(made.value, float) and made.value < 50
    if isinstance(baseline, float) and only_after and any((t.mme or 0.0) <= 0.5 * baseline for t in late):
        made = replace(made, attributes={**made.attributes, "only_after_trial": True})
    return [made, *off]


def _off(totals: Sequence[Total]) -> list[Finding]:
    """Where the record ends with all opioids stopped, no plan to go on weaning is wanting."""
    last = totals[-1] if totals else None
    if last is None or last.mme != 0 or last.parts[0].attributes["drug"] != "total":
        return []
    where = last.excerpts[0]
    return [Finding("wean_plan", "planned", where, "derive.stopped", date=last.day, derivation=f"all opioids stopped by {last.day}")]


def whole_only(found: Sequence[Finding]) -> list[Finding]:
    """The findings, a wean of one opioid "vague" where the patient goes on with another.

    Half off the long-acting one is no half of the regimen. Parts that are told one by one in a document cover each
    other: they are left alone where all were weaned by at least half, or all by less.
    """
    totals = timeline(f for f in found if f.kind == "opioid_dose" and f.assertion.plain)
    lists = [t.parts for t in totals if not any(p.attributes["stated"] for p in t.parts)]
    taken = _forms([p for p in lists[-1] if p.value != 0]) if lists else set()
    partial = [f for f in found if f.kind == "opioid_wean" and f.attributes.get("parts") and f.assertion.plain]
    weaned: dict[str, list[Finding]] = defaultdict(list)
    for finding in partial:
        weaned[finding.excerpt.document_id].append(finding)
    return [_as_part(f, taken, weaned[f.excerpt.document_id]) if f in partial else f for f in found]


def _as_part(wean: Finding, taken: set[str], beside: Sequence[Finding]) -> Finding:
    covered = tuple(dict.fromkeys(p for f in beside for p in _parts(f)))
    agreed = len({f.attributes.get("low") is not None and _half(f) for f in beside}) == 1
    parts = covered if agreed else _parts(wean)
    alone = agreed and len(covered) > len(_parts(wean))
    if (wean.attributes.get("stays") and not alone) or any(other_than(parts, name) for name in taken):
        return replace(wean, value="vague", unit=None, derivation=None, attributes={**wean.attributes, "bound": "part"})
    return wean


def _half(wean: Finding) -> bool:
    return wean.value == "at_least_half" or isinstance(wean.value, float) and wean.value >= 50


def _parts(wean: Finding) -> tuple[str, ...]:
    parts = wean.attributes["parts"]
    return parts if isinstance(parts, tuple) else ()


def _forms(doses: Sequence[Finding]) -> set[str]:
    """Each dose's drug and form; beside a long-acting one, what is not marked so is the other kind."""
    long = {i for i, d in enumerate(doses) if d.attributes["extended"] or d.attributes["drug"] in LONG_ACTING}
    return {f"{d.attributes['drug']}{' ER' if i in long else ' IR' if long else ''}" for i, d in enumerate(doses)}


def _moved(dose: Finding, reference: str | None) -> Finding:
    """A later document's dose that its words place before the trial counts at the trial, one of "since the trial" after it."""
    if reference and dose.attributes.get("after_trial") and (dose.date or "") <= reference:
        return replace(dose, date=(date.fromisoformat(reference) + timedelta(days=1)).isoformat())
    if reference and dose.date and dose.date > reference and dose.attributes.get("before_trial"):
        return replace(dose, date=reference)
    return dose


def _wean(totals: list[Total]) -> Finding | None:
    if not totals or totals[-1].mme is None:
        return None
    last = totals[-1]
    known = [t for t in totals[:-1] if t.mme]
    if not known:
        return _stopped(last) if last.mme == 0 and last.parts[0].attributes["drug"] == "total" else None
    base = max(known, key=lambda t: t.mme or 0.0)
    assert base.mme is not None and last.mme is not None
    percent = round(100 * (base.mme - last.mme) / base.mme, 1)
    word = "reduction" if percent >= 0 else "increase"
    return Finding(
        "opioid_wean",
        percent,
        last.excerpts[0],
        "derive.wean",
        unit="%",
        date=last.day,
        operands=tuple(dict.fromkeys((*base.excerpts, *last.excerpts))),
        derivation=f"{base.mme:g} -> {last.mme:g} MME/day = {abs(percent):g} % {word}",
        attributes={
            "bound": "exact",
            "low": percent,
            "high": percent,
            "baseline": base.mme,
            "baseline_date": base.day,
            "baseline_arithmetic": base.words,
            "last": last.mme,
            "last_date": last.day,
            "last_arithmetic": last.words,
            "after_trial": False,
            "before_trial": True,
        },
    )


def _stopped(last: Total) -> Finding:
    """All opioids stopped by `last.day`, from a dose that no document states."""
    return Finding(
        "opioid_wean",
        100.0,
        last.excerpts[0],
        "derive.stopped",
        unit="%",
        date=last.day,
        operands=last.excerpts,
        derivation=f"all opioids stopped by {last.day} = 100 % reduction",
        attributes={
            "bound": "exact",
            "low": 100.0,
            "high": 100.0,
            "baseline": None,
            "last": 0.0,
            "last_date": last.day,
            "after_trial": False,
            "before_trial": True,
        },
    )


def timeline(doses: Iterable[Finding]) -> list[Total]:
    """Daily totals in order of time. Two lists of one date give the fuller one."""
    groups: dict[tuple[str, str, bool], list[Finding]] = defaultdict(list)
    days: dict[str, list[str]] = defaultdict(list)
    for dose in doses:
        if dose.date:
            days[dose.excerpt.document_id].append(dose.date)
        groups[dose.excerpt.document_id, dose.date or "", not dose.date].append(dose)
    ordered = []
    for (document_id, day, undated), parts in groups.items():
        place = min(days[document_id], default="") if undated else day
        if place:
            ordered.append((place, not undated, min(int(str(p.attributes.get("at", 0))) for p in parts), parts))
    ordered.sort(key=lambda g: g[:3])
    out: list[Total] = []
    state: Slots = {}
    for place, dated, _, parts in ordered:
        total, state = _total(place, not dated, sorted(parts, key=lambda p: int(str(p.attributes.get("at", 0)))), state)
        if (
            out
            and out[-1].day == place
            and dated
            and not out[-1].before_document
            and (out[-1].mme or 0) >= (total.mme or 0)
            and not any(p.attributes["stated"] for p in total.parts)
        ):
            continue
        out.append(total)
    return out


def _total(day: str, undated: bool, parts: list[Finding], state: Slots) -> tuple[Total, Slots]:
    stated = [p for p in parts if p.attributes["stated"]]
    slots = _slots(p for p in parts if not p.attributes["stated"])
    if stated:
        last = stated[-1]
        return Total(day, float(last.value), (last,), undated), slots  # type: ignore[arg-type]
    complete = len(slots) >= len(state) or any(p.attributes["listed"] or p.attributes["only"] for p in parts)
    if not complete:
        named = {drug for drug, _ in slots}
        both = {drug for drug, extended in state if (drug, not extended) in state}
        slots = {**{key: kept for key, kept in state.items() if key[0] not in named or key[0] in both}, **slots}
    kept = {key: part for key, part in state.items() if part[1].attributes.get("held") and key not in slots}
    slots = {**kept, **slots}
    amounts = [amount for amount, _ in slots.values()]
    used = tuple(finding for _, finding in slots.values())
    mme = None if any(a is None for a in amounts) else round(sum(a for a in amounts if a is not None), 1)
    return Total(day, mme, used, undated), slots


def _slots(parts: Iterable[Finding]) -> Slots:
    """One entry per drug and release form; doses taken together, or listed apart, are added up."""
    slots: Slots = {}
    seen: set[tuple[object, ...]] = set()
    for part in parts:
        key = str(part.attributes["drug"]), bool(part.attributes["extended"])
        amount = None if part.value is None else float(part.value)
        same = (*key, amount, part.derivation)
        if same in seen:
            continue
        seen.add(same)
        while (
            key in slots
            and amount is not None
            and slots[key][0] is not None
            and (
                part.attributes["joined"]
                or part.attributes["listed"]
                and slots[key][1].attributes["listed"]
                and part.excerpt != slots[key][1].excerpt
            )
        ):
            key = key[0] + "+", key[1]
        if part.attributes["joined"] and key in slots:
            key = key[0] + "+", key[1]
        slots[key] = amount, part
    return slots
