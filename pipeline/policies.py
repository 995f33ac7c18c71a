"""One packet under several policies: its documents are read once, its findings found once per kind of request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from criteria.policy import Policy
from criteria.request import decide_request, load_given
from criteria.screening import Screening, screen
from extractors.errors import UserError
from extractors.finding import Finding
from extractors.identity import own_pages
from extractors.request_facts import RequestHint
from pipeline.packets import find_packets
from pipeline.run import read_packet


def screen_under(path: Path, policies: Sequence[Policy]) -> tuple[Screening, ...]:
    """The screenings of one packet, in the order of the policies. Raises UserError when nothing can be read."""
    from extractors.find import find
    from extractors.readers.ocr_worker import Recogniser

    packets = find_packets(path)
    if len(packets) != 1:
        raise UserError(f"{path}: {len(packets)} packets; name one of them")
    packet = packets[0]
    with Recogniser() as recognise:
        documents, _ = read_packet(packet, recognise)
    if not documents:
        raise UserError(f"{path}: no document could be read; see each file's problem")
    given = load_given(packet.request) if packet.request else {}
    found: dict[RequestHint, tuple[Finding, ...]] = {}
    screenings: list[Screening] = []
    for policy in policies:
        request = decide_request(policy, documents, given)
        hint = request.hint()
        if hint not in found:
            found[hint] = find(own_pages(documents, request.foreign_pages), hint)
        screenings.append(screen(policy, found[hint], request, documents, packet.packet_id))
    return tuple(screenings)
