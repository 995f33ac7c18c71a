"""What the pages show: a dataclass each, made of the store, without a word of HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, select

from pipeline.store import reviews, worksheets
from pipeline.store import schema as t
from pipeline.store.access import Viewer
from pipeline.store.decisions import State, needs_reason, suggested
from pipeline.store.reviews import Held, Packet
from pipeline.web.words import STAGE_WORDS


@dataclass(frozen=True, slots=True)
class QueueRow:
    packet: Packet
    stage: str
    words: str
    mine: bool
    left: str
    late: bool
    reviewer: str
    decided: int | None
    """Of the viewer's own open review; another's progress is not shown."""

    @property
    def criteria(self) -> int:
        return sum(self.packet.brief["statuses"].values())


@dataclass(frozen=True, slots=True)
class PageView:
    """A page of the record. `anchor` is its place in the address; `index` counts through the whole packet."""

    document_id: str
    position: int
    number: int
    of: int
    width: float
    height: float
    how: str
    reason: str | None
    has_picture: bool
    foreign: bool
    source: str

    @property
    def anchor(self) -> str:
        return f"p-{self.position}-{self.number}"


@dataclass(frozen=True, slots=True)
class CriterionView:
    result: Mapping[str, Any]
    asks: str
    state: State
    reason_to_confirm: bool
    others: tuple[tuple[str, State], ...]


@dataclass(frozen=True, slots=True)
class CriteriaView:
    """The left side of a packet's page: a decision draws one of its rows anew, without the record's pages."""

    packet: Packet
    rows: tuple[CriterionView, ...]
    editable: bool

    @property
    def decided(self) -> int:
        return sum(c.state.decided for c in self.rows)

    @property
    def read(self) -> int:
        """Pages that could be read."""
        return int(self.packet.brief["pages"]) - list(self.packet.brief["flags"]).count("unreadable_page")

    def anchor(self, document_id: str, page: int) -> str:
        return anchor(self.packet, document_id, page)


@dataclass(frozen=True, slots=True)
class PacketView:
    packet: Packet
    can_claim: str | None
    stage: str
    left: str
    late: bool
    title: str
    criteria: CriteriaView
    documents: tuple[tuple[Mapping[str, Any], tuple[PageView, ...]], ...]
    worksheets: int

    def unread(self) -> list[PageView]:
        return [page for _, pages in self.documents for page in pages if page.how == "unread"]


def anchor(packet: Packet, document_id: str, page: int) -> str:
    """The place of a page in the packet's address; "" for a document that the packet does not have."""
    documents = packet.body["documents"] if packet.body else []
    position = next((n for n, d in enumerate(documents) if d["document_id"] == document_id), None)
    return "" if position is None else f"p-{position}-{page}"


def time_left(due: datetime) -> tuple[str, bool]:
    """Words for the time left, and whether it has run out."""
    seconds = (due - datetime.now(UTC)).total_seconds()
    hours = int(abs(seconds) // 3600)
    words = f"{hours // 24} d {hours % 24} h" if hours >= 24 else f"{hours} h {int(abs(seconds) % 3600 // 60)} min"
    return (f"{words} left", False) if seconds >= 0 else (f"{words} over", True)


def queue_rows(conn: Connection, viewer: Viewer, state: str, query: str) -> list[QueueRow]:
    """The viewer's packets, urgent and least time first; finished ones last."""
    rows = []
    for packet in reviews.packets_of(conn, viewer):
        stage = reviews.stage(conn, packet)
        own = reviews.own_review(packet, viewer)
        mine = own is not None and own.state == "open"
        left, late = time_left(packet.due_at)
        holder = next((h.name for h in packet.held if h.state == "open"), "")
        words = "Yours" if mine else STAGE_WORDS[stage]
        if query.strip().lower() in packet.packet_id.lower() and state in ("all", stage, "mine" if mine else ""):
            decided = sum(s.decided for s in reviews.states(conn, packet, own).values()) if mine and own else None
            rows.append(QueueRow(packet, stage, words, mine, left, late, holder, decided))
    return sorted(rows, key=lambda r: (r.stage == "done", r.packet.due_at, r.packet.packet_id))


def packet_view(conn: Connection, viewer: Viewer, packet: Packet) -> PacketView:
    stage = reviews.stage(conn, packet)
    title, _ = _policy(packet.body["policy"] if packet.body else "")
    left, late = time_left(packet.due_at)
    claim = reviews.claimable(conn, packet, viewer)
    sheets = len(worksheets.worksheets_of(conn, packet)) if stage == "done" else 0
    criteria, documents = criteria_view(conn, viewer, packet, stage), documents_of(conn, packet)
    return PacketView(packet, claim, stage, left, late, title, criteria, documents, sheets)


def criteria_view(conn: Connection, viewer: Viewer, packet: Packet, stage: str) -> CriteriaView:
    mine = reviews.own_review(packet, viewer)
    states, others = _states(conn, packet, mine, stage), _others(conn, packet, mine)
    _, asks = _policy(packet.body["policy"] if packet.body else "")
    rows = tuple(
        CriterionView(
            r, asks.get(r["id"], ""), states[r["id"]], needs_reason(states[r["id"]], "confirm"),
            tuple((name, found[r["id"]]) for name, found in others),
        )
        for r in reviews.results_of(conn, packet)
    )  # fmt: skip
    return CriteriaView(packet, rows, mine is not None and mine.state == "open")


def _states(conn: Connection, packet: Packet, mine: Held | None, stage: str) -> dict[str, State]:
    """The viewer's own states; of a finished packet what came out of it; otherwise the suggestions alone."""
    if mine is not None and not (stage == "done" and mine.state == "done"):
        return reviews.states(conn, packet, mine)
    if stage == "done":
        return {name: state for name, (state, _) in worksheets.outcome(conn, packet).items()}
    return {r["id"]: suggested(r) for r in reviews.results_of(conn, packet)}


def _others(conn: Connection, packet: Packet, mine: Held | None) -> list[tuple[str, dict[str, State]]]:
    """Both reviews, for whoever adjudicates; nobody else sees another's decisions before the packet is done."""
    if mine is None or mine.kind != "adjudication":
        return []
    return [(h.name, reviews.states(conn, packet, h)) for h in packet.held if h.kind != "adjudication"]


@cache
def _policy(name: str) -> tuple[str, dict[str, str]]:
    """A policy's title and what each criterion asks; read once, for a policy takes longer to load than a page to make."""
    from criteria.policy import load_policy
    from extractors.errors import UserError

    try:
        policy = load_policy(name)
    except UserError:
        return name, {}
    return policy.title, {c.id: c.asks for c in policy.criteria}


def documents_of(conn: Connection, packet: Packet) -> tuple[tuple[Mapping[str, Any], tuple[PageView, ...]], ...]:
    documents = packet.body["documents"] if packet.body else []
    flags = packet.body["flags"] if packet.body else []
    foreign = {(f["document_id"], f["page"]) for f in flags if f["kind"] == "foreign_patient_page"}
    columns = [c for c in t.pages.c if c.name not in ("text", "words")]
    wanted = [d["sha256"] for d in documents]
    rows: dict[str, list[Any]] = {}
    for row in conn.execute(select(*columns).where(t.pages.c.source.in_(wanted)).order_by(t.pages.c.number)):
        rows.setdefault(row.source, []).append(row)
    return tuple(
        (
            document,
            tuple(
                PageView(
                    document["document_id"], position, row.number, len(rows[document["sha256"]]), row.width, row.height,
                    row.how, row.reason, row.picture is not None, (document["document_id"], row.number) in foreign,
                    document["sha256"],
                )
                for row in rows.get(document["sha256"], [])
            ),
        )
        for position, document in enumerate(documents)
    )  # fmt: skip


def find_page(conn: Connection, packet: Packet, position: int, number: int) -> tuple[str, Mapping[str, Any]] | None:
    """The document_id and the stored page, if the packet has it."""
    documents = packet.body["documents"] if packet.body else []
    if not 0 <= position < len(documents):
        return None
    row = conn.execute(
        select(t.pages).where(t.pages.c.source == documents[position]["sha256"], t.pages.c.number == number)
    ).first()
    return (documents[position]["document_id"], dict(row._mapping)) if row else None
