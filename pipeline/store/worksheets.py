"""What comes of reviews: closing and opening them again, a packet's outcome, and its worksheets, frozen one by one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from pipeline.store import schema as t
from pipeline.store.access import Viewer
from pipeline.store.audit import canonical, head
from pipeline.store.database import Transaction, now, stamp
from pipeline.store.decisions import Refused, State
from pipeline.store.reviews import HOLD, KINDS, Packet, find_packet, own_review, stage, states


def finish(tx: Transaction, packet: Packet, viewer: Viewer) -> None:
    """Close the viewer's review; when the packet is thereby done, freeze its worksheet. Raises Refused."""
    mine = own_review(packet, viewer)
    if mine is None or mine.state != "open":
        raise Refused("You do not hold this packet.")
    left = [s.criterion for s in states(tx.conn, packet, mine).values() if not s.decided]
    if left:
        raise Refused(f"{len(left)} to decide: {', '.join(left[:6])}{' ...' if len(left) > 6 else ''}")
    tx.conn.execute(update(t.reviews).where(t.reviews.c.id == mine.id).values(state="done", finished_at=now()))
    tx.log("review_finished", f"packet:{packet.key}", review=mine.id, kind=mine.kind)
    fresh = find_packet(tx.conn, viewer, packet.key)
    if fresh is not None and stage(tx.conn, fresh) == "done":
        _freeze(tx, fresh, viewer)


def reopen(tx: Transaction, packet: Packet, viewer: Viewer, reason: str) -> None:
    """Open the viewer's finished review again (a lead: any); the next worksheet is another version. Raises Refused."""
    mine = own_review(packet, viewer)
    last = mine or (max(packet.held, key=lambda h: h.id) if packet.held and viewer.at_least("lead") else None)
    if last is None or last.state != "done":
        raise Refused("There is no finished review of yours to open again.")
    if not reason.strip():
        raise Refused("Say why the review is opened again.")
    if last.kind != "adjudication" and packet.held_as("adjudication") is not None:
        raise Refused("This packet was adjudicated: the adjudication must be opened again.")
    values = {"state": "open", "finished_at": None, "ends_at": stamp(datetime.now(UTC) + HOLD)}
    tx.conn.execute(update(t.reviews).where(t.reviews.c.id == last.id).values(**values))
    tx.log("reopened", f"packet:{packet.key}", review=last.id, reason_sha256=_sha256(reason))


def outcome(conn: Connection, packet: Packet) -> dict[str, tuple[State, tuple[str, ...]]]:
    """Of a packet that is done: each criterion's final state, and the names of those who decided it."""
    first, second, third = (packet.held_as(kind) for kind in KINDS)
    if first is None:
        return {}
    if third is not None and third.state == "done":
        found = states(conn, packet, third)
        both = (first.name, second.name if second else "")
        return {name: (s, both if s.action == "agreed" else (third.name,)) for name, s in found.items()}
    names = (first.name, second.name) if packet.double and second is not None else (first.name,)
    return {name: (s, names) for name, s in states(conn, packet, first).items()}


def _freeze(tx: Transaction, packet: Packet, viewer: Viewer) -> None:
    """Write the worksheet's content as it is now, with its hash and the head of the audit log."""
    version = len(worksheets_of(tx.conn, packet)) + 1
    seq, hashed = head(tx.conn)
    body = canonical(
        {
            "packet_id": packet.packet_id,
            "version": version,
            "screening_sha256": packet.sha256,
            "received_at": packet.received_at,
            "urgent": packet.urgent,
            "reviews": [[h.kind, h.name, h.claimed_at, h.finished_at] for h in packet.held],
            "audit": {"seq": seq, "hash": hashed},
            "criteria": [_frozen(s, names) for s, names in outcome(tx.conn, packet).values()],
        }
    )
    values = {"packet": packet.id, "screening": packet.screening, "version": version, "body": body}
    tx.conn.execute(insert(t.worksheets).values(**values, sha256=_sha256(body), reviewer=viewer.id, created_at=now()))
    tx.log("worksheet_frozen", f"packet:{packet.key}", version=version, sha256=_sha256(body))


def _frozen(state: State, names: tuple[str, ...]) -> dict[str, Any]:
    plain = {
        name: getattr(state, name) for name in ("criterion", "suggested", "status", "action", "reason", "note", "at")
    }
    excerpts = [
        {
            name: getattr(e, name)
            for name in ("document_id", "page", "start", "end", "quote", "stance", "origin", "dropped")
        }
        for e in state.excerpts
    ]
    return {**plain, "by": list(names), "excerpts": excerpts}


def worksheets_of(conn: Connection, packet: Packet) -> list[Mapping[str, Any]]:
    """The frozen worksheets of a packet, oldest first, with the name of who finished each."""
    rows = conn.execute(
        select(t.worksheets, t.accounts.c.name)
        .join(t.accounts, t.accounts.c.id == t.worksheets.c.reviewer)
        .where(t.worksheets.c.packet == packet.id)
        .order_by(t.worksheets.c.version)
    )
    return [dict(row._mapping) for row in rows]


def finished(conn: Connection) -> list[dict[str, Any]]:
    """The content of each packet's last worksheet, in order of packet_id."""
    rows = conn.execute(select(t.worksheets.c.packet, t.worksheets.c.body).order_by(t.worksheets.c.version))
    last = {row.packet: json.loads(row.body) for row in rows}
    return sorted(last.values(), key=lambda body: str(body["packet_id"]))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
