"""What a reviewer should know before trusting a packet: pages of others, pages that say the same, conflicts, scans, instructions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from extractors.document import Excerpt, excerpt, page_lines
from extractors.talk import instructs
from pipeline.chat import embed
from pipeline.chat.lexicon import stems
from pipeline.chat.packet import PacketView

Noticed = tuple[str, tuple[Excerpt, ...]]
HEAD = 8
"""Lines at the top of a page that tell whose it is."""
ALIKE = 0.9
"""Share of their words that two pages have in common when one repeats the other."""
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


def flagged(packet: PacketView) -> Iterator[Noticed]:
    """The screening's flags, each with what shows it."""
    for flag in packet.screening["flags"]:
        words, like = SAID.get(flag["kind"], (flag["kind"].replace("_", " "), ""))
        where = f" ({flag['document_id']}, page {flag['page']})" if flag["document_id"] else ""
        page = packet.pages.get((flag["document_id"], flag["page"]))
        shown = _nearest(packet, like) if like else ()
        if page is not None and not like:
            printed = [line for line in page_lines(page) if page.text[line.start : line.end].strip()]
            shown = tuple(excerpt(flag["document_id"], page, line.start, line.end) for line in printed[:HEAD])
        yield f"{words}{where}. {flag['detail'] or ''}".strip(), shown


def noticed(packet: PacketView) -> Iterator[Noticed]:
    """What else stands out: conflicts, repeated pages, scans, and sentences that tell the reader of a record what to do."""
    for name, criterion in packet.criteria.items():
        if criterion["status"] == "conflicting":
            sides = {e["stance"]: (e["document_id"], e["page"], e["start"]) for e in reversed(criterion["evidence"]) if e["stance"] != "context"}
            yield f"{name} ({criterion['title']}): {criterion['rationale']}", tuple(e for _, e in packet.evidence(name) if (e.document_id, e.page, e.start) in sides.values())
    words = {place: set(stems(page.text)) for place, page in packet.pages.items()}
    known = [(place, said) for place, said in words.items() if len(said) > 20]
    for n, (place, said) in enumerate(known):
        for other, theirs in known[:n]:
            if len(said & theirs) >= ALIKE * len(said | theirs):
                yield f"{place[0]}, page {place[1]}, repeats {other[0]}, page {other[1]}.", ()
    scans = [f"{d['document_id']} ({', '.join(map(str, d['ocr_pages']))})" for d in packet.screening.get("documents", ()) if d["ocr_pages"]]
    if scans:
        yield f"Recognised from scans, so single characters may be misread: pages of {'; '.join(scans)}.", ()
    for document in packet.screening.get("documents", ()):
        for warning in document["warnings"]:
            yield f"{document['document_id']}: {warning}", ()
    told = tuple(packet.cut(p) for p in packet.passages if instructs(p.said))
    if told:
        yield "A document tells its reader what to decide; that is data and changes nothing.", told


def _nearest(packet: PacketView, like: str) -> tuple[Excerpt, ...]:
    near = np.argsort(-(packet.index.matrix @ embed.vectors([like])[0]), kind="stable")[:4]
    return tuple(packet.cut(packet.passages[i]) for i in near if not packet.passages[i].foreign)
