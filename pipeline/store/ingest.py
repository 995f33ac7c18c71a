"""From a workspace's screenings to the store: documents by content, pages with picture and words, packets to review."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert, select, update

from extractors.document import Document, Page
from extractors.errors import UserError
from pipeline.packets import Packet, find_packets
from pipeline.record import recall
from pipeline.store import schema as t
from pipeline.store.audit import canonical
from pipeline.store.database import Store, Transaction, now
from pipeline.store.decisions import STATUSES
from pipeline.store.rendering import render

MADE_WITH, WITHOUT = "pages-1", "no-file"
"""Raised when pages are made otherwise: documents are then made again."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What an ingest did: new packets, new screenings of known ones, documents made, documents not found."""

    packets: int
    screenings: int
    documents: int
    missing: tuple[str, ...]


Wanted = tuple[str, Document, Path | None]
"""A packet, one of its documents as it was read, and the file if it still lies there with the same content."""


def ingest(store: Store, workspace: Path, records: Path | None = None, team: str = "default") -> Ingested:
    """Take in every screening that is not yet in the store; a second run with the same files does nothing.

    `records` is where the documents lie now, if not where they were screened. Raises UserError for a workspace
    without screenings.
    """
    return take_in_documents(store, register(store, workspace, records, team))


@dataclass(frozen=True, slots=True)
class Registered:
    """Packets that the queue shows already; `wanted` are their documents; of the `unknown` ones no pages were kept."""

    packets: int
    screenings: int
    wanted: tuple[Wanted, ...]
    unknown: tuple[str, ...]


def register(store: Store, workspace: Path, records: Path | None, team: str) -> Registered:
    """Take in the screenings alone, which is quick; the pages of their documents follow."""
    files = sorted((workspace / "screenings").glob("*.json"))
    if not files:
        raise UserError(f"{workspace}: no screenings in it; run `chartproof screen RECORDS --out {workspace}` first")
    sent = {packet.packet_id: packet for packet in find_packets(records)} if records else {}
    new, screened = 0, 0
    wanted: list[Wanted] = []
    unknown: list[str] = []
    for file in files:
        body = file.read_bytes()
        screening = _checked(file, body)
        packet = sent.get(screening["packet_id"])
        try:
            wanted += _documents(workspace, screening["packet_id"], packet)
        except UserError:
            unknown.append(screening["packet_id"])
        with store.write("ingest") as tx:
            is_new, is_changed = _register(tx, screening, body, team, packet)
        new, screened = new + is_new, screened + is_changed
    return Registered(new, screened, tuple(wanted), tuple(unknown))


def take_in_documents(store: Store, registered: Registered) -> Ingested:
    """Copy the documents and make their pages; what was made before is left alone."""
    made, missing = 0, list(registered.unknown)
    for packet_id, document, path in registered.wanted:
        made += _take_in(store, document, path)
        if path is None:
            missing.append(f"{packet_id}/{document.file}")
    return Ingested(registered.packets, registered.screenings, made, tuple(missing))


def _checked(file: Path, body: bytes) -> dict[str, Any]:
    try:
        screening: dict[str, Any] = json.loads(body)
        if screening["schema_version"] != 1:
            raise UserError(f"{file.name}: written by a newer version of chartproof; update chartproof")
        for name in ("packet_id", "documents", "criteria", "flags", "request", "policy", "policy_revision"):
            screening[name]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{file.name}: not a screening; screen the packet again") from None
    return screening


def _documents(workspace: Path, packet_id: str, sent: Packet | None) -> list[Wanted]:
    """A packet's documents as the screening read them. Raises UserError when they were not kept."""
    kept = recall(workspace, packet_id)
    moved = {_sha256(path): path for _, path in sent.files} if sent else {}
    found: list[Wanted] = []
    for document in kept.documents:
        path = moved.get(document.sha256) or kept.files[document.document_id]
        whole = path.is_file() and _sha256(path) == document.sha256
        found.append((packet_id, document, path if whole else None))
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _register(
    tx: Transaction, screening: Mapping[str, Any], body: bytes, team: str, sent: Packet | None
) -> tuple[bool, bool]:
    """Add the packet and its screening. A newer screening becomes the current one; older ones stay, with their reviews."""
    sha256 = hashlib.sha256(body).hexdigest()
    name = screening["packet_id"]
    row = tx.conn.execute(select(t.packets).where(t.packets.c.packet_id == name)).first()
    if row is None:
        received, urgent = _received(sent)
        made = insert(t.packets).values(
            key=secrets.token_hex(8),
            packet_id=name,
            team=team,
            received_at=received,
            urgent=urgent,
            double=False,
            version=1,
        )
        packet, key = tx.conn.execute(made.returning(t.packets.c.id, t.packets.c.key)).one()
        tx.log("packet_added", f"packet:{key}", team=team)
    else:
        packet, key = row.id, row.key
    known = select(t.screenings.c.id).where(t.screenings.c.packet == packet, t.screenings.c.sha256 == sha256)
    if tx.conn.execute(known).first():
        return row is None, False
    values = {"packet": packet, "sha256": sha256, "body": body.decode(), "brief": canonical(_brief(screening))}
    values["created_at"] = now()
    added = tx.conn.execute(insert(t.screenings).values(**values).returning(t.screenings.c.id)).scalar_one()
    tx.conn.execute(update(t.packets).where(t.packets.c.id == packet).values(screening=added))
    tx.log("screening_added", f"packet:{key}", screening=added, sha256=sha256)
    return row is None, row is not None


def _brief(screening: Mapping[str, Any]) -> dict[str, Any]:
    """What the queue shows: the request, how many criteria of each status, flags, pages that were not read."""
    statuses = [result["status"] for result in screening["criteria"]]
    return {
        "request": screening["request"],
        "statuses": {status: statuses.count(status) for status in STATUSES},
        "flags": [flag["kind"] for flag in screening["flags"]],
        "pages": sum(document["pages"] for document in screening["documents"]),
    }


def _received(packet: Packet | None) -> tuple[str, bool]:
    """`received` and `urgent` of request.json when the submitting system says them; else the time of the ingest."""
    try:
        given = json.loads(packet.request.read_text(encoding="utf-8-sig")) if packet and packet.request else {}
        received = str(given.get("received") or "")[:32]
        return received or now(), given.get("urgent") is True
    except (OSError, ValueError, AttributeError):
        return now(), False


def _take_in(store: Store, document: Document, path: Path | None) -> bool:
    """Copy a document and make its pages; False when that was done before. Without its file it has no pictures."""
    sha256, made_with = document.sha256, MADE_WITH if path else WITHOUT
    with store.read() as conn:
        row = conn.execute(select(t.sources.c.made_with).where(t.sources.c.sha256 == sha256)).first()
    if row is not None and row.made_with in (MADE_WITH, made_with):
        return False
    pictures = dict(render(path, document.pages)) if path else {}
    blobs = {n: store.blobs.put(picture) for n, picture in pictures.items() if picture}
    size = store.blobs.path(store.blobs.put(path.read_bytes())).stat().st_size if path else 0
    pages = [_page(page, blobs.get(page.number)) for page in document.pages]
    values = {"size": size, "kind": Path(document.file).suffix.lower().lstrip(".")[:8], "made_with": made_with}
    with store.write("ingest") as tx:
        if row is None:
            tx.conn.execute(insert(t.sources).values(sha256=sha256, **values))
        else:
            tx.conn.execute(t.pages.delete().where(t.pages.c.source == sha256))
            tx.conn.execute(update(t.sources).where(t.sources.c.sha256 == sha256).values(**values))
        if pages:
            tx.conn.execute(insert(t.pages), [{"source": sha256, **page} for page in pages])
        tx.log("document_added", f"document:{sha256}", pages=len(pages))
    return True


def _page(page: Page, picture: str | None) -> dict[str, Any]:
    return {
        "number": page.number,
        "width": round(page.width, 2),
        "height": round(page.height, 2),
        "picture": picture,
        "text": page.text,
        "words": canonical(words_of(page)),
        "how": "unread" if not page.readable else "picture" if page.ocr else "text",
        "reason": page.reason,
    }


def words_of(page: Page) -> list[list[float]]:
    """The printed words of a page: [start, end, x0, top, x1, bottom] each, in the order of its text."""
    found: list[list[float]] = []
    start: int | None = None
    for at, char in enumerate(page.text + " "):
        printed = at < len(page.text) and not char.isspace() and not np.isnan(page.boxes[at, 0])
        if printed and start is None:
            start = at
        elif not printed and start is not None:
            boxes = page.boxes[start:at]
            low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
            found.append([start, at, *(round(float(v), 1) for v in (*low, *high))])
            start = None
    return found
