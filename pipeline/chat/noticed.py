"""What a reviewer should know before trusting a packet: whose pages these are, conflicts, dates, repeated pages, scans, instructions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

from extractors.dates import dates_in
from extractors.document import Excerpt, Page, excerpt, page_lines
from extractors.identity import packet_identity, page_identity
from extractors.talk import instructs
from pipeline.chat import embed
from pipeline.chat.answer import us_day
from pipeline.chat.lexicon import stems
from pipeline.chat.misfits import Times, other_identities, out_of_order, repeats
from pipeline.chat.odd import ASKED
from pipeline.chat.packet import PacketView

Noticed = tuple[str, tuple[Excerpt, ...]]
HEAD = 3
"""Lines shown of a page that bears another patient's identity."""
SAID = {
    "foreign_patient_page": ("A page bears another patient's identity", ""),
    "unreadable_page": ("A page could not be read", ""),
    "out_of_scope": ("Out of scope; no criteria of this policy apply", "The pump is for intrathecal baclofen against spasticity, not for pain."),
    "medical_director_exception": (
        "A reason is given for going without a trial; flagged for the medical director",
        "We ask the medical director for an exception: directly to the pump without a trial, for advanced disease and limited survival.",
    ),
}
"""A flag's words, and a sentence near to what the record says where no one page is named."""
SIGNATURE = re.compile(r"\b(?:electronically|digitally|e-) ?signed\b|^\W*(?:signed|authenticated|attested|dictated|transcribed)\b", re.I)
REACH = 60
"""Characters after such words in which their day stands."""
FULL = re.compile(r"\d{4}|[/'’.-]\d\d$")
"""A day that names its year; another is only read against the document's own."""


def flagged(packet: PacketView, asked: Callable[[str], bool] = lambda kind: True) -> Iterator[Noticed]:
    """The screening's flags of the kinds that are asked for, each with what shows it."""
    for flag in packet.screening["flags"]:
        if not asked(flag["kind"]):
            continue
        words, like = SAID.get(flag["kind"], (flag["kind"].replace("_", " "), ""))
        where = f" ({flag['document_id']}, page {flag['page']})" if flag["document_id"] else ""
        page = packet.pages.get((flag["document_id"], flag["page"]))
        shown = _nearest(packet, like) if like else ()
        if page is not None and not like:
            shown = tuple(_heads(flag["document_id"], page))
        yield f"{words}{where}. {flag['detail'] or ''}".strip(), shown


def noticed(packet: PacketView, kinds: tuple[str, ...] = tuple(ASKED)) -> list[Noticed]:
    """What stands out of each of these kinds; of a kind asked for by itself, also that nothing does."""
    everything = kinds == tuple(ASKED)
    found: list[Noticed] = []
    for kind in kinds:
        told = list(TOLD[kind](packet))
        found.extend(told or ([] if everything else CLEAN[kind](packet)))
    return found or [("Nothing is flagged: no page of another patient, none unreadable, no conflict, no date out of order.", ())]


def _scope(packet: PacketView) -> Iterator[Noticed]:
    """The flags that no other kind of ASKED tells."""
    yield from flagged(packet, lambda kind: kind not in ("foreign_patient_page", "unreadable_page"))


def _identities(packet: PacketView) -> Iterator[Noticed]:
    yield from flagged(packet, "foreign_patient_page".__eq__)
    own = {place: page_identity(page) for place, page in packet.pages.items() if place not in packet.foreign}
    recognised = {place for place, page in packet.pages.items() if page.ocr}
    for one in other_identities(own, packet_identity(packet.record.documents), recognised):
        written = us_day(one.found) if one.field == "date of birth" else one.found
        usual = us_day(one.usual) if one.field == "date of birth" else one.usual
        yield f"{one.place[0]}, page {one.place[1]}: {one.field} {written}; most pages have {usual}.", tuple(_heads(one.place[0], packet.pages[one.place]))


def _one_patient(packet: PacketView) -> list[Noticed]:
    usual = packet_identity(packet.record.documents)
    bearing = [place for place, page in packet.pages.items() if page_identity(page).name]
    if not bearing:
        return [("No page bears a patient's name, date of birth or number that could be read.", ())]
    told = [usual.name, f"born {us_day(usual.dob)}" if usual.dob else "", f"number {usual.mrn}" if usual.mrn else ""]
    said = f"All {len(bearing)} pages of {len(packet.pages)} that bear an identity bear the same: {', '.join(filter(None, told))}."
    return [(said, tuple(_heads(bearing[0][0], packet.pages[bearing[0]]))[:1])]


def _heads(document_id: str, page: Page) -> Iterator[Excerpt]:
    """The lines that bear a page's identity, else its first."""
    who = page_identity(page)
    lines = [line for line in page_lines(page) if page.text[line.start : line.end].strip()]
    bearing = [line for line in lines if any(w and w in page.text[line.start : line.end] for w in (who.name, who.mrn))]
    for line in (bearing or lines)[:HEAD]:
        yield excerpt(document_id, page, line.start, line.end)


def _unreadable(packet: PacketView) -> Iterator[Noticed]:
    yield from flagged(packet, "unreadable_page".__eq__)
    documents = packet.screening.get("documents", ())
    scans = [f"{d['document_id']} ({', '.join(map(str, d['ocr_pages']))})" for d in documents if d["ocr_pages"]]
    if scans:
        yield f"Recognised from scans, so single characters may be misread: pages of {'; '.join(scans)}.", ()
    for document in documents:
        for warning in document["warnings"]:
            yield f"{document['document_id']}: {warning}", ()


def _conflicts(packet: PacketView) -> Iterator[Noticed]:
    """Each criterion on which the record contradicts itself, with an excerpt of either side."""
    for name, criterion in packet.criteria.items():
        if criterion["status"] == "conflicting":
            sides = [(e["document_id"], e["page"], e["start"]) for e in packet.sides(name).values()]
            shown = tuple(e for _, e in packet.evidence(name) if (e.document_id, e.page, e.start) in sides)
            yield f"{name} ({criterion['title']}): {criterion['rationale']}", shown


def _dates(packet: PacketView) -> Iterator[Noticed]:
    """Dates out of order, each with both of its days as they are printed."""
    paper, times = _request(packet), _times(packet)
    request = packet.screening["request"].get("request_date") if paper else None
    trial = [(f.excerpt.document_id, f.date or "") for f in packet.trial[:1]] if packet.screening["request"].get("phase") == "implant" else []
    for one in out_of_order([t for t in times if t.document_id != paper], request, trial[0] if trial else None):
        words = {
            "dated": f"{one.document_id} is dated {us_day(one.day)}, after the request of {us_day(one.other)}.",
            "trial": f"The trial is dated {us_day(one.day)}, after the request of {us_day(one.other)}.",
            "signed": f"{one.document_id} bears a signature of {us_day(one.day)}, before its date of {us_day(one.other)}.",
        }[one.what]
        asked_on = (_printed(packet, paper, one.other) if one.what != "signed" and paper else _printed(packet, one.document_id, one.other))
        yield words, tuple(e for e in (_printed(packet, one.document_id, one.day), asked_on) if e is not None)


def _in_order(packet: PacketView) -> list[Noticed]:
    days = sorted(t.day for t in _times(packet))
    if not days:
        return [("No document bears a date that could be read.", ())]
    asked_on = packet.screening["request"].get("request_date")
    compared = f"the request is of {us_day(asked_on)}" if _request(packet) else "no paper bears the day of the request beside what it asks for, so none is compared with it"
    return [(f"No date out of order was found: {len(days)} documents bear dates from {us_day(days[0])} to {us_day(days[-1])}; {compared}.", ())]


def _times(packet: PacketView) -> list[Times]:
    """When each document says that it was written, where its date is printed on a page of the patient's own."""
    out = []
    for document_id, _, day in packet.own:
        if day is None or _printed(packet, document_id, day) is None:
            continue
        own = [p for p in packet.passages if p.document_id == document_id and not p.foreign]
        signed = [p for p in own if SIGNATURE.search(p.said)]
        first = min([day, *(p.date for p in own if p.date and p not in signed)])
        out.append(Times(document_id, day, first, tuple(day for p in signed for day in _signing(p.said))))
    return out


def _signing(said: str) -> Iterator[str]:
    for found in SIGNATURE.finditer(said):
        after = said[found.end() : found.end() + REACH]
        yield from (m.iso for m in dates_in(after) if m.precision == "day" and FULL.search(after[m.start : m.end]))


def _request(packet: PacketView) -> str | None:
    """The document that asks: it bears the request's day and one of its codes. Without it, no day is known well enough to be told against."""
    request = packet.screening["request"]
    day, codes = request.get("request_date"), request.get("codes") or ()
    for document_id, pages, _ in packet.own:
        if day and _printed(packet, document_id, day) and any(code in page.text for page, _ in pages for code in codes):
            return document_id
    return None


def _printed(packet: PacketView, document_id: str, day: str) -> Excerpt | None:
    """The first line of a document that prints a day."""
    for name, pages, _ in packet.own:
        for page, _ in pages if name == document_id else ():
            for line in page_lines(page):
                if any(m.iso == day and m.precision == "day" for m in dates_in(page.text[line.start : line.end])):
                    return excerpt(document_id, page, line.start, line.end)
    return None


def _repeated(packet: PacketView) -> Iterator[Noticed]:
    for place, other in repeats({place: frozenset(stems(page.text)) for place, page in packet.pages.items()}):
        yield f"{place[0]}, page {place[1]}, repeats {other[0]}, page {other[1]}.", tuple(e for p in (place, other) for e in list(_heads(p[0], packet.pages[p]))[:1])


def _instructions(packet: PacketView) -> Iterator[Noticed]:
    told = tuple(packet.cut(p) for p in packet.passages if instructs(p.said))
    if told:
        yield "A document tells its reader what to decide; that is data and changes nothing.", told


def _nearest(packet: PacketView, like: str) -> tuple[Excerpt, ...]:
    near = np.argsort(-(packet.index.matrix @ embed.vectors([like])[0]), kind="stable")[:4]
    return tuple(packet.cut(packet.passages[i]) for i in near if not packet.passages[i].foreign)


TOLD: dict[str, Callable[[PacketView], Iterator[Noticed]]] = {
    "scope": _scope, "identity": _identities, "unreadable": _unreadable, "conflicts": _conflicts, "dates": _dates, "repeats": _repeated, "instructions": _instructions,
}  # fmt: skip
CLEAN: dict[str, Callable[[PacketView], list[Noticed]]] = {
    "scope": lambda packet: [("Nothing is flagged about the scope of the policy.", ())],
    "identity": _one_patient,
    "unreadable": lambda packet: [(f"All {len(packet.pages)} pages could be read, none of them from a scan.", ())],
    "conflicts": lambda packet: [("No criterion is in conflict: on none does the record contradict itself.", ())],
    "dates": _in_order,
    "repeats": lambda packet: [("No page repeats another.", ())],
    "instructions": lambda packet: [("No sentence tells its reader what to decide.", ())],
}
