"""One packet from its files to its screening: read, find, screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from criteria.policy import Policy, load_policy
from criteria.request import decide_request, load_given
from criteria.screening import Screening, screen
from extractors.document import Document, Page
from extractors.errors import UnreadableFile, UserError
from extractors.identity import own_pages
from pipeline.packets import REQUEST, Packet, Problem, find_packets

Recognise = Callable[[Path, list[Page]], Iterable[Page]]
"""Reads the pages of a document that have no text, from their pictures."""
ReadDocument = Callable[[Path, str, Recognise | None], Document]
"""Reads one file under a document_id; raises UnreadableFile."""


@dataclass(frozen=True, slots=True)
class Screened:
    """A packet's screening (None when nothing of it could be read), its documents and its problems."""

    packet: Packet
    screening: Screening | None
    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]


def screen_packet(path: Path, policy: Policy | None = None, recognise: Recognise | None = None) -> Screening:
    """The screening of one packet, a folder or a file. Raises UserError when it is no single readable packet."""
    packets = find_packets(path)
    if len(packets) != 1:
        raise UserError(f"{path}: {len(packets)} packets; name one of them")
    done = process(packets[0], policy or load_policy(), recognise)
    if done.screening is None:
        raise UserError(f"{path}: no document could be read; see each file's problem")
    return done.screening


def process(
    packet: Packet, policy: Policy, recognise: Recognise | None = None, read: ReadDocument | None = None
) -> Screened:
    """Read, find and screen. A document that cannot be read is a problem of its packet and stops nothing else."""
    from extractors.find import find

    documents, problems = read_packet(packet, recognise, read)
    try:
        given = load_given(packet.request) if packet.request else {}
    except UserError as error:
        given, problems = {}, (*problems, Problem(packet.packet_id, REQUEST, f"{error} (left out)"))
    if not documents:
        return Screened(packet, None, (), problems or (Problem(packet.packet_id, "", "no document in the packet"),))
    request = decide_request(policy, documents, given)
    findings = find(own_pages(documents, request.foreign_pages), request.hint())
    return Screened(packet, screen(policy, findings, request, documents, packet.packet_id), documents, problems)


def read_packet(
    packet: Packet, recognise: Recognise | None = None, read: ReadDocument | None = None
) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """The documents that can be read, and a problem for each that cannot. `read` is `read_document` unless given."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for document_id, path in packet.files:
        try:
            documents.append((read or _read)(path, document_id, recognise))
        except UnreadableFile as error:
            problems.append(Problem(packet.packet_id, path.name, error.reason))
    return tuple(documents), tuple(problems)


def _read(path: Path, document_id: str, recognise: Recognise | None) -> Document:
    from extractors.readers import read_document

    return read_document(path, document_id, recognise=recognise)
