"""Reviews: who holds a packet, the blind second review, adjudication, and what came out of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from pipeline.store import decisions
from pipeline.store import schema as t
from pipeline.store.access import Viewer, visible
from pipeline.store.database import Transaction, now, stamp
from pipeline.store.decisions import Refused, Sent, Stale, State, events_of, fold

HOLD = timedelta(hours=8)
"""A claim that is not worked on for so long may be taken by another reviewer."""
STANDARD, URGENT = timedelta(days=7), timedelta(hours=72)
"""Time to decide from the receipt of a request (CMS-0057-F)."""
KINDS = ("first", "second", "adjudication")


@dataclass(frozen=True, slots=True)
class Held:
    """One review of the current screening."""

    id: int
    kind: str
    state: str
    reviewer: int
    name: str
    claimed_at: str
    ends_at: str
    finished_at: str | None

    @property
    def lapsed(self) -> bool:
        return self.state == "open" and self.ends_at < now()


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet that the viewer may see, with its current screening and who reviews it.

    `body` is the screening; a list of packets leaves it out (None) and shows `brief`.
    """

    id: int
    key: str
    packet_id: str
    team: str
    received_at: str
    urgent: bool
    double: bool
    version: int
    screening: int
    sha256: str
    brief: Mapping[str, Any]
    body: Mapping[str, Any] | None
    held: tuple[Held, ...]

    def held_as(self, kind: str) -> Held | None:
        return next((h for h in self.held if h.kind == kind), None)

    @property
    def due_at(self) -> datetime:
        return _moment(self.received_at) + (URGENT if self.urgent else STANDARD)


def _moment(text: str) -> datetime:
    """A time as request.json may say it: a date, or a date and time; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def packets_of(conn: Connection, viewer: Viewer, key: str | None = None) -> list[Packet]:
    """The packets the viewer may see (or the one with this key, if it is among them), with their reviews."""
    columns: list[Any] = [t.packets, t.screenings.c.sha256, t.screenings.c.brief]
    query = (
        select(*columns, *([t.screenings.c.body] if key is not None else []))
        .join(t.screenings, t.screenings.c.id == t.packets.c.screening)
        .where(visible(viewer))
        .order_by(t.packets.c.received_at, t.packets.c.packet_id)
    )
    if key is not None:
        query = query.where(t.packets.c.key == key)
    rows = conn.execute(query).all()
    held: dict[int, list[Held]] = {}
    reviews = (
        select(t.reviews, t.accounts.c.name)
        .join(t.accounts, t.accounts.c.id == t.reviews.c.reviewer)
        .where(t.reviews.c.state != "released")
    )
    if key is not None:
        reviews = reviews.where(t.reviews.c.packet.in_([row.id for row in rows]))
    for r in conn.execute(reviews):
        one = Held(r.id, r.kind, r.state, r.reviewer, r.name, r.claimed_at, r.ends_at, r.finished_at)
        held.setdefault(r.screening, []).append(one)
    return [_packet(row, held.get(row.screening, [])) for row in rows]


def _packet(row: Row[Any], held: Sequence[Held]) -> Packet:
    names = ("id", "key", "packet_id", "team", "received_at", "urgent", "double", "version", "screening", "sha256")
    body = row._mapping.get("body")
    values: list[Any] = [getattr(row, name) for name in names]
    rest: list[Any] = [json.loads(row.brief), json.loads(body) if body else None, tuple(held)]
    return Packet(*values, *rest)


def results_of(conn: Connection, packet: Packet) -> Sequence[Mapping[str, Any]]:
    """The screening's criteria, in policy order."""
    body = packet.body
    if body is None:
        row = conn.execute(select(t.screenings.c.body).where(t.screenings.c.id == packet.screening)).scalar_one()
        body = json.loads(row)
    return list(body["criteria"])


def find_packet(conn: Connection, viewer: Viewer, key: str) -> Packet | None:
    return next(iter(packets_of(conn, viewer, key)), None)


def differing(conn: Connection, packet: Packet) -> list[str]:
    """The criteria on which the two finished reviews came to another status."""
    first, second = packet.held_as("first"), packet.held_as("second")
    if first is None or second is None:
        return []
    one, two = states(conn, packet, first), states(conn, packet, second)
    return [name for name in one if one[name].status != two[name].status]


def stage(conn: Connection, packet: Packet) -> str:
    """Where the packet stands: open, review, second, adjudicate or done."""
    first, second, third = (packet.held_as(kind) for kind in KINDS)
    if first is None:
        return "open"
    if first.state != "done":
        return "review"
    if not packet.double:
        return "done"
    if second is None or second.state != "done":
        return "second"
    if not differing(conn, packet):
        return "done"
    return "done" if third is not None and third.state == "done" else "adjudicate"


def claimable(conn: Connection, packet: Packet, viewer: Viewer) -> str | None:
    """What the viewer may take on: first, second, adjudication; None when there is nothing for this viewer."""
    mine = {h.kind for h in packet.held if h.reviewer == viewer.id}
    for kind in KINDS[: 2 if packet.double else 1]:
        held = packet.held_as(kind)
        if (held is None or held.lapsed) and not mine - {kind}:
            return kind
    done = packet.double and all((h := packet.held_as(k)) and h.state == "done" for k in KINDS[:2])
    third = packet.held_as("adjudication")
    if done and not mine and viewer.at_least("lead") and (third is None or third.lapsed) and differing(conn, packet):
        return "adjudication"
    return None


def claim(tx: Transaction, packet: Packet, viewer: Viewer) -> Held:
    """Take the packet; the viewer's own released review goes on where it stopped. Raises Refused."""
    kind = claimable(tx.conn, packet, viewer)
    if kind is None:
        raise Refused("Somebody else has this packet, or there is nothing left to review in it.")
    lapsed = packet.held_as(kind)
    if lapsed is not None:
        tx.conn.execute(update(t.reviews).where(t.reviews.c.id == lapsed.id).values(state="released"))
        tx.log("claim_lapsed", f"packet:{packet.key}", review=lapsed.id)
    moment = datetime.now(UTC)
    times = {"state": "open", "claimed_at": stamp(moment), "ends_at": stamp(moment + HOLD)}
    own = tx.conn.execute(
        select(t.reviews.c.id).where(
            t.reviews.c.screening == packet.screening, t.reviews.c.kind == kind, t.reviews.c.reviewer == viewer.id
        )
    ).first()
    try:
        with tx.conn.begin_nested():
            if own is not None:
                tx.conn.execute(update(t.reviews).where(t.reviews.c.id == own.id).values(**times))
                review = own.id
            else:
                values = {"packet": packet.id, "screening": packet.screening, "reviewer": viewer.id, "kind": kind}
                made = insert(t.reviews).values(**values, **times, version=1).returning(t.reviews.c.id)
                review = tx.conn.execute(made).scalar_one()
    except IntegrityError:
        raise Refused("Somebody else took this packet a moment ago.") from None
    tx.log("claimed", f"packet:{packet.key}", review=review, kind=kind)
    return Held(review, kind, "open", viewer.id, viewer.name, times["claimed_at"], times["ends_at"], None)


def own_review(packet: Packet, viewer: Viewer) -> Held | None:
    """The viewer's own review of the packet, open before done."""
    mine = sorted((h for h in packet.held if h.reviewer == viewer.id), key=lambda h: (h.state != "open", h.id))
    return mine[0] if mine else None


def release(tx: Transaction, packet: Packet, viewer: Viewer) -> None:
    """Give the packet back; what was decided stays recorded. Raises Refused."""
    mine = own_review(packet, viewer)
    if mine is None or mine.state != "open":
        raise Refused("You do not hold this packet.")
    tx.conn.execute(update(t.reviews).where(t.reviews.c.id == mine.id).values(state="released"))
    tx.log("released", f"packet:{packet.key}", review=mine.id)


def states(conn: Connection, packet: Packet, held: Held) -> dict[str, State]:
    """Every criterion's state in one review, in policy order. An adjudication starts from what both agreed on."""
    events = events_of(conn, held.id)
    agreed: dict[str, State] = {}
    if held.kind == "adjudication":
        first, second = packet.held_as("first"), packet.held_as("second")
        if first is not None and second is not None:
            one, two = states(conn, packet, first), states(conn, packet, second)
            agreed = {name: one[name] for name in one if one[name].status == two[name].status}
    found: dict[str, State] = {}
    for result in results_of(conn, packet):
        start = decisions.suggested(result)
        same = agreed.get(start.criterion)
        if same is not None:
            start = replace(same, action="agreed", number=0, undoable=False)
        found[start.criterion] = fold(start, events.get(start.criterion, []))
    return found


def decide(tx: Transaction, packet: Packet, viewer: Viewer, sent: Sent) -> None:
    """Append a decision to the viewer's open review. Raises Refused or Stale; then nothing is written."""
    mine = own_review(packet, viewer)
    if mine is None or mine.state != "open":
        raise Refused("You do not hold this packet: claim it first.")
    state = states(tx.conn, packet, mine).get(sent.criterion)
    if state is None:
        raise Refused("There is no such criterion here.")
    decisions.append(tx, mine.id, viewer.id, packet.key, state, sent)
    ends = stamp(datetime.now(UTC) + HOLD)
    tx.conn.execute(update(t.reviews).where(t.reviews.c.id == mine.id).values(ends_at=ends))


def change_packet(
    tx: Transaction, packet: Packet, version: int, team: str, received_at: str, urgent: bool, double: bool
) -> None:
    """A lead's settings of a packet. Raises Stale when they were changed in between, Refused for a bad date."""
    try:
        datetime.fromisoformat(received_at)
    except ValueError:
        raise Refused("Write the date of receipt as YYYY-MM-DD.") from None
    values = {"team": team, "received_at": received_at, "urgent": urgent, "double": double, "version": version + 1}
    changed = tx.conn.execute(
        update(t.packets).where(t.packets.c.id == packet.id, t.packets.c.version == version).values(**values)
    )
    if changed.rowcount != 1:
        raise Stale
    tx.log("packet_changed", f"packet:{packet.key}", **values)
