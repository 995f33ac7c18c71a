"""What an export starts from: the screenings of a workspace, and the page texts of its records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from extractors.errors import UserError
from pipeline.labels import Decided, decisions_in
from pipeline.packets import find_packets
from pipeline.run import read_packet

STORE = "review"
"""The folder in a workspace that holds the reviewers' store."""


def load_screenings(workspace: Path, packet_id: str | None = None) -> list[dict[str, Any]]:
    """The screenings as they were written, in order of packets; with `packet_id` that one only."""
    files = sorted((workspace / "screenings").glob("*.json"))
    if packet_id is not None:
        files = [file for file in files if file.stem == packet_id]
    if not files:
        what = f"no screening of {packet_id}" if packet_id else "no screenings"
        raise UserError(f"{workspace}: {what} in it; run `chartproof screen RECORDS --out {workspace}` first")
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def page_texts(records: Path, screenings: Sequence[dict[str, Any]]) -> dict[tuple[str, str, int], str]:
    """Page texts by (packet_id, document_id, page). Raises UserError when a document is not the one screened."""
    from extractors.readers.ocr_worker import Recogniser

    wanted = {s["packet_id"]: {d["document_id"]: d["sha256"] for d in s["documents"]} for s in screenings}
    found: dict[tuple[str, str, int], str] = {}
    with Recogniser() as recognise:
        for packet in find_packets(records):
            hashes = wanted.get(packet.packet_id)
            if hashes is None:
                continue
            documents, _ = read_packet(packet, recognise)
            for document in documents:
                if hashes.get(document.document_id) != document.sha256:
                    raise UserError(f"{packet.packet_id}/{document.file}: not the one that was screened; screen again")
                for page in document.pages:
                    found[packet.packet_id, document.document_id, page.number] = page.text
    missing = sorted(wanted.keys() - {packet for packet, _, _ in found})
    if missing:
        raise UserError(f"{records}: no packet {', '.join(missing[:5])}; name the records that were screened")
    return found


def finished_decisions(workspace: Path) -> tuple[Decided, ...]:
    """The decisions of every packet that reviewers finished; none where no store is."""
    if not (workspace / STORE / "chartproof.db").is_file():
        return ()
    from pipeline.store import open_store
    from pipeline.store.worksheets import finished

    store = open_store(workspace / STORE)
    try:
        with store.read() as conn:
            return tuple(d for sheet in finished(conn) for d in decisions_in(sheet))
    finally:
        store.close()
