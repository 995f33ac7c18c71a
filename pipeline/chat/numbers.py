"""Arithmetic over the packet, with its operands: daily opioid totals and relief in the trial."""

from __future__ import annotations

from collections.abc import Iterator

from extractors.dates import document_date
from extractors.derive import timeline
from extractors.document import Excerpt
from extractors.doses import find_doses
from extractors.relief import find_relief
from extractors.structure import segments
from pipeline.chat.intent import Intent
from pipeline.chat.packet import PacketView


def arithmetic(packet: PacketView, intent: Intent, doses: bool, relief: bool) -> Iterator[tuple[str, tuple[Excerpt, ...]]]:
    """Statements with the excerpts that hold their numbers: of daily opioid doses, of relief in the trial."""
    if doses:
        yield from _doses(packet, intent)
    if relief:
        yield from _relief(packet)


def _doses(packet: PacketView, intent: Intent) -> Iterator[tuple[str, tuple[Excerpt, ...]]]:
    totals = [t for t in timeline(f for d in _documents(packet) for f in find_doses(*d) if f.assertion.plain) if t.mme is not None]
    if not totals:
        return
    high = max(totals, key=lambda t: t.mme or 0.0)
    asked = [t for t in totals if any(t.day.startswith(day) for day in intent.query.days)]
    later = [t for t in totals if t is not high and t.day >= high.day]
    for total in [high, *([t for t in asked if t is not high] or later[-1:])][:4]:
        yield f"{total.day}: {total.mme:g} MME/day ({total.words}).", total.excerpts
    for total in {t.mme: t for t in later}.values():
        if high.mme and total.mme is not None:
            change = 100 * (high.mme - total.mme) / high.mme
            yield f"{high.mme:g} -> {total.mme:g} MME/day ({high.day} to {total.day}) = {change:.1f} % reduction.", total.excerpts


def _relief(packet: PacketView) -> Iterator[tuple[str, tuple[Excerpt, ...]]]:
    for document in _documents(packet):
        for f in find_relief(*document):
            if f.kind == "trial_relief" and f.derivation and f.assertion.plain:
                yield f"{f.derivation}.", (f.excerpt, *f.operands)


def _documents(packet: PacketView) -> Iterator[tuple[str, list, str | None]]:  # type: ignore[type-arg]
    for d in packet.record.documents:
        pages = [(p, segments(p)) for p in d.pages if p.readable and (d.document_id, p.number) not in packet.foreign]
        yield d.document_id, pages, document_date(d)
