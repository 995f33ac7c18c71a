"""What the pages show: a dataclass each, made of the store, without a word of HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, select

from pipeline.store import reviews
from pipeline.store import schema as t
from pipeline.store.access import Viewer
from pipeline.store.decisions import State, needs_reason, suggested
from pipeline.store.reviews import Held, Packet

STATUS_WORDS = {"met": "Met", "not_met": "Not met", "insufficient": "Not documented", "conflicting": "Conflicting"}
STATUS_SIGNS = {"met": "✓", "not_met": "✕", "insufficient": "?", "conflicting": "≠"}
STAGE_WORDS = {
    "open": "To review",
    "review": "In review",
    "second": "Second review",
    "adjudicate": "To adjudicate",
    "done": "Finished",
}
PHASE_WORDS = {"trial": "trial", "implant": "permanent pump", "out_of_scope": "out of scope", "unknown": "not clear"}
FLAG_WORDS = {
    "foreign_patient_page": "Another patient’s page",
    "medical_director_exception": "For the medical director",
    "out_of_scope": "Out of scope",
    "unreadable_page": "Could not be read",
    "request_unclear": "Request unclear",
}
KEYS: Sequence[tuple[str, str, str]] = (
    ("j", "next", "next criterion"),
    ("k", "previous", "previous criterion"),
    ("c", "confirm", "confirm the suggestion and move on"),
    ("r", "reject", "reject the suggestion, with a reason"),
    ("e", "correct", "correct to another status, with a reason"),
    ("u", "undo", "undo the last step on this criterion"),
    ("m", "note", "write a note"),
    ("]", "evidence", "show the next excerpt"),
    ("[", "evidence-back", "show the excerpt before"),
    ("a", "add", "select words on the page (arrows, Shift+arrows, Enter)"),
    ("n", "page", "next page"),
    ("p", "page-back", "page before"),
    ("g", "jump", "jump to a page"),
    ("/", "search", "search in the record"),
    ("t", "talk", "ask about the record"),
    ("h", "highlights", "hide or show the highlights"),
    ("+", "zoom-in", "larger pages"),
    ("-", "zoom-out", "smaller pages"),
    ("?", "help", "this help"),
)
"""Key, action, words: the help panel, the page's module and the tests are made of this table."""


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
class PacketView:
    packet: Packet
    mine: Held | None
    can_claim: str | None
    stage: str
    left: str
    late: bool
    title: str
    criteria: tuple[CriterionView, ...]
    documents: tuple[tuple[Mapping[str, Any], tuple[PageView, ...]], ...]
    worksheets: int

    @property
    def decided(self) -> int:
        return sum(c.state.decided for c in self.criteria)

    @property
    def editable(self) -> bool:
        return self.mine is not None and self.mine.state == "open"

    def page_of(self, document_id: str, page: int) -> str:
        for document, pages in self.documents:
            if document["document_id"] == document_id and page <= len(pages):
                return pages[page - 1].anchor
        return ""

    def unread(self) -> list[PageView]:
        return [page for _, pages in self.documents for page in pages if page.how == "unread"]


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
    mine = reviews.own_review(packet, viewer)
    stage = reviews.stage(conn, packet)
    states = _states(conn, packet, mine, stage)
    others = _others(conn, packet, mine)
    title, asks = _policy(packet.body["policy"] if packet.body else "")
    results = reviews.results_of(conn, packet)
    criteria = tuple(
        CriterionView(
            r, asks.get(r["id"], ""), states[r["id"]], needs_reason(states[r["id"]], "confirm"),
            tuple((name, found[r["id"]]) for name, found in others),
        )
        for r in results
    )  # fmt: skip
    left, late = time_left(packet.due_at)
    claim = reviews.claimable(conn, packet, viewer)
    documents = documents_of(conn, packet)
    sheets = len(reviews.worksheets_of(conn, packet)) if stage == "done" else 0
    return PacketView(packet, mine, claim, stage, left, late, title, criteria, documents, sheets)


def _states(conn: Connection, packet: Packet, mine: Held | None, stage: str) -> dict[str, State]:
    """The viewer's own states; of a finished packet what came out of it; otherwise the suggestions alone."""
    if mine is not None and not (stage == "done" and mine.state == "done"):
        return reviews.states(conn, packet, mine)
    if stage == "done":
        return {name: state for name, (state, _) in reviews.outcome(conn, packet).items()}
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
