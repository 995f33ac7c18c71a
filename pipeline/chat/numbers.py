"""Arithmetic over the packet, with its operands: daily opioid totals and relief in the trial."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from extractors.derive import Total, timeline
from extractors.document import Excerpt
from extractors.doses import find_doses
from extractors.opioids import formulary
from extractors.relief import find_relief
from pipeline.chat.intent import Intent
from pipeline.chat.packet import PacketView

Shown = tuple[str, tuple[Excerpt, ...]]
EQUIVALENT = re.compile(r"\bmmes?\b|\bmedds?\b|\bome(?:dd?)?s?\b|\bmorphine\s+(?:milligram\s+|dose\s+)?eq\w*|(?-i:\bMED\b)", re.I)
DAILY_TOTAL = re.compile(r"\b(?:total|in all|altogether|sum|adds? up)\b.*\b(?:daily|(?:a|per|each|every) day)\b|\b(?:daily|(?:per|each) day)\b.*\b(?:total|sum)\b|\btotal\b.*\b(?:opioid|narcotic)s?\b|\b(?:opioid|narcotic)s?\b.*\btotal\b", re.I)
_TRIAL = r"(?:the |his |her |that )?(?:\w+ )?(?:trial|test dose|injection|admission)\b"
BEFORE = re.compile(rf"\b(?:before|prior to|ahead of|going into|leading up to|at|to|until|by|on|(?:the )?(?:day|time) of) {_TRIAL}|\bpre-? ?trial\b", re.I)
AFTER = re.compile(rf"\b(?:after|since|following) {_TRIAL}|\bpost-? ?trial\b", re.I)
FIRST = re.compile(r"\bfirst (?:visit|seen|note|consult\w*)|\bbaseline\b|\binitial(?:ly)?\b|\bat (?:the )?(?:start|outset|beginning|intake)\b|\boriginally\b", re.I)
LAST = re.compile(r"\bnow\b|\bcurrent(?:ly)?\b|\btoday\b|\blatest\b|\bat present\b|\bthese days\b|\b(?:at|time of) (?:the )?request\b", re.I)
MOST = 5
"""Totals told at most."""


def asks_totals(question: str) -> bool:
    """Whether daily opioid totals are asked for: equivalents by name, or a total per day of no other drug."""
    return bool(EQUIVALENT.search(question) or DAILY_TOTAL.search(question) and not formulary().others.search(question))


def arithmetic(packet: PacketView, intent: Intent, doses: bool, relief: bool) -> Iterator[Shown]:
    """Statements with the excerpts that hold their numbers: of daily opioid doses, of relief in the trial."""
    if doses:
        yield from _doses(packet, intent)
    if relief:
        yield from _relief(packet)


def _doses(packet: PacketView, intent: Intent) -> Iterator[Shown]:
    every = timeline(f for document in packet.own for f in find_doses(*document) if f.assertion.plain)
    totals = [t for t in every if t.mme is not None]
    if not totals:
        yield from _unknown(every) if asks_totals(intent.question) else ()
        return
    named = of_times(totals, intent.question, intent.query.days, _trial(packet))
    high = max(totals, key=lambda t: t.mme or 0.0)
    later = [t for t in totals if t is not high and t.day >= high.day]
    found = [t for _, some in named for t in some]
    if named and not found:
        yield from _silent(every, totals, [when for when, _ in named])
        return
    if all(t is high for t in found):
        yield from map(_told, [high, *later[-1:]])
        yield from (_changed(high, t) for t in {t.mme: t for t in later}.values())
        return
    yield from map(_told, [*found[: MOST - 1], *([high] if all(t is not high for t in found) else [])])
    first = min(found, key=lambda t: t.day) if len(found) > 1 else high
    yield from (_changed(first, t) for t in found if t is not first and t.day >= first.day and first.mme)


def of_times(totals: Sequence[Total], question: str, days: Sequence[str], trial: tuple[str, str] | None) -> list[tuple[str, list[Total]]]:
    """The times that a question names, each with its totals, in order of time; `trial` is its first and last day, or the request's."""
    out = [(f"in {day}" if len(day) < 10 else f"on {day}", _at(totals, day)) for day in days]
    if BEFORE.search(question):
        out.append(("before the trial", [t for t in totals if not trial or t.day <= trial[0]][-1:]))
    if AFTER.search(question):
        out.append(("after the trial", [t for t in totals if trial and t.day > trial[1]][-1:]))
    if FIRST.search(question):
        out.append(("at first", list(totals[:1])))
    if LAST.search(question):
        out.append(("now", list(totals[-1:])))
    return out


def _at(totals: Sequence[Total], day: str) -> list[Total]:
    """The totals of a day or month, else, of a day, the one that then held: the last before it where another follows."""
    own = [t for t in totals if t.day.startswith(day)]
    held = [t for t in totals if t.day < day][-1:] if len(day) == 10 and any(t.day > day for t in totals) else []
    return own or held


def _trial(packet: PacketView) -> tuple[str, str] | None:
    days = [f.date for f in packet.trial if f.date]
    asked_on = packet.screening["request"].get("request_date")
    return (days[0], days[-1]) if days else (asked_on, asked_on) if asked_on else None


def _told(total: Total) -> Shown:
    return f"{total.day}: {total.mme:g} MME/day ({total.words}).", total.excerpts


def _changed(first: Total, last: Total) -> Shown:
    change = 100 * ((first.mme or 0.0) - (last.mme or 0.0)) / (first.mme or 1.0)
    word = "reduction" if change >= 0 else "increase"
    drug, before, after = (*_milligrams(first), _milligrams(last)[1]) if _milligrams(first)[0] == _milligrams(last)[0] else ("", 0.0, 0.0)
    own = f" {drug.capitalize()}: {before:g} -> {after:g} mg/day." if drug else ""
    return f"{first.mme:g} -> {last.mme:g} MME/day ({first.day} to {last.day}) = {abs(change):.1f} % {word}.{own}", last.excerpts


def _milligrams(total: Total) -> tuple[str, float]:
    """Of a total of one opioid alone, which is not worn as a patch: its name and its milligrams a day; else nothing."""
    names = {str(p.attributes.get("drug")) for p in total.parts}
    opioid = formulary().opioids.get(next(iter(names))) if len(names) == 1 else None
    if opioid is None or not opioid.factor or opioid.patch_factor or total.mme is None:
        return "", 0.0
    return opioid.name, round(total.mme / opioid.factor, 2)


def _silent(every: Sequence[Total], totals: Sequence[Total], times: Sequence[str]) -> Iterator[Shown]:
    """Of a time of which no total is known: what is wanting there, and the totals that are known."""
    yield f"No daily total is known {' or '.join(dict.fromkeys(times))}; known are {', '.join(dict.fromkeys(t.day for t in totals))}.", ()
    yield from _unknown([t for t in every if any(t.day.startswith(when.split()[-1]) for when in times)], "")
    yield from map(_told, [totals[0], totals[-1]])


def _unknown(every: Sequence[Total], otherwise: str = "no opioid dose is told with strength and frequency") -> Iterator[Shown]:
    """Why no total is known, by day."""
    for t in [t for t in every if t.mme is None][:MOST]:
        reasons = dict.fromkeys(str(p.attributes["reason"]) for p in t.parts if p.value is None)
        yield f"{t.day}: no daily total ({'; '.join(reasons)}).", t.excerpts
    if otherwise and not any(t.mme is None for t in every):
        yield f"No daily total is known: {otherwise}.", ()


def _relief(packet: PacketView) -> Iterator[Shown]:
    for document in packet.own:
        for f in find_relief(*document):
            if f.kind == "trial_relief" and f.derivation and f.assertion.plain:
                yield f"{f.derivation}.", (f.excerpt, *f.operands)
