"""Decisions: events appended per criterion, and the state they fold to. Nothing is ever replaced."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError

from extractors.markup import pieces
from pipeline.store import schema as t
from pipeline.store.audit import canonical
from pipeline.store.database import Transaction, now

STATUSES = ("met", "not_met", "insufficient", "conflicting")
DECIDING = ("confirm", "reject", "correct")
ACTIONS = (*DECIDING, "add", "move", "drop", "note", "undo")
STANCES = ("supports", "contradicts", "context")
MOST_SECONDS = 3_600.0

Json = Mapping[str, Any]


class Refused(Exception):
    """A decision that the rules do not allow; `why` is for the reviewer and holds no words of the record."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Stale(Exception):
    """Somebody decided the criterion in between: what was sent is not saved, and the fresh state must be shown."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """An excerpt as the reviewer has it now. `id`: s<n> suggested, a<number> added; `origin` is who put it so.

    `doubtful` holds the offsets in the quote of words that were read with little confidence.
    """

    id: str
    document_id: str
    page: int
    start: int
    end: int
    quote: str
    boxes: tuple[tuple[float, ...], ...]
    stance: str
    origin: str = "suggested"
    finding: str = ""
    date: str | None = None
    dropped: bool = False
    doubtful: tuple[tuple[int, int], ...] = ()

    def pieces(self) -> tuple[tuple[str, bool], ...]:
        """The quote in pieces, and whether each was read with little confidence."""
        return pieces(self.quote, self.doubtful)


@dataclass(frozen=True, slots=True)
class State:
    """Where a criterion stands in one review. `number` is that of its last event: send it with the next one."""

    criterion: str
    suggested: str
    status: str | None = None
    action: str | None = None
    reason: str = ""
    note: str = ""
    excerpts: tuple[Quoted, ...] = ()
    number: int = 0
    by: int | None = None
    at: str | None = None
    undoable: bool = False

    @property
    def decided(self) -> bool:
        return self.status is not None

    def deciding(self) -> tuple[str, ...]:
        """The ids of the excerpts that must have been in view before the suggestion may be confirmed."""
        return tuple(e.id for e in self.excerpts if e.stance != "context" and not e.dropped)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a reviewer sends about a criterion. `number` is the last event the reviewer had seen."""

    criterion: str
    number: int
    action: str
    status: str | None = None
    reason: str = ""
    note: str = ""
    excerpt: str | None = None
    added: Quoted | None = None
    seen: tuple[str, ...] = ()
    seconds: float = 0.0


def suggested(result: Json) -> State:
    """The state before any event: what the screening says of a criterion."""
    excerpts = tuple(
        Quoted(
            f"s{n}",
            e["document_id"],
            e["page"],
            e["start"],
            e["end"],
            e["quote"],
            tuple(tuple(box) for box in e["boxes"]),
            e["stance"],
            finding=e.get("finding", ""),
            date=e.get("date"),
            doubtful=tuple((a, b) for a, b in e.get("doubtful", ())),
        )
        for n, e in enumerate(result["evidence"])
    )
    return State(result["id"], result["status"], excerpts=excerpts)


def fold(start: State, events: Iterable[Row[Any]]) -> State:
    """The state after the events, in their order; an undo takes back the last event that still stands."""
    events = list(events)
    standing: list[Row[Any]] = []
    for event in events:
        if event.action == "undo":
            standing = standing[:-1]
        else:
            standing.append(event)
    state = start
    for event in standing:
        state = _apply(state, event)
    return replace(state, number=events[-1].number if events else 0, undoable=bool(standing))


def _apply(state: State, event: Row[Any]) -> State:
    body = json.loads(event.body)
    excerpts = state.excerpts
    if event.action == "note":
        return replace(state, note=body["note"])
    if event.action == "add":
        excerpts = (*excerpts, _quoted(body["excerpt"], f"a{event.number}", "added by the reviewer"))
    elif event.action == "move":
        moved = _quoted(body["excerpt"], body["of"], "moved by the reviewer")
        excerpts = tuple(replace(moved, finding=e.finding, date=e.date) if e.id == body["of"] else e for e in excerpts)
    elif event.action == "drop":
        excerpts = tuple(replace(e, dropped=not e.dropped) if e.id == body["of"] else e for e in excerpts)
    if event.action in DECIDING:
        return replace(
            state, status=event.status, action=event.action, reason=event.reason, by=event.reviewer, at=event.at
        )
    return replace(state, excerpts=excerpts)


def _quoted(body: Json, name: str, origin: str) -> Quoted:
    boxes = tuple(tuple(box) for box in body["boxes"])
    place = (body["document_id"], body["page"], body["start"], body["end"], body["quote"])
    return Quoted(name, *place, boxes, body["stance"], origin)


def events_of(conn: Connection, review: int) -> dict[str, list[Row[Any]]]:
    """The events of a review, by criterion, in their order."""
    found: dict[str, list[Row[Any]]] = {}
    rows = conn.execute(select(t.decisions).where(t.decisions.c.review == review).order_by(t.decisions.c.number))
    for row in rows:
        found.setdefault(row.criterion, []).append(row)
    return found


def append(tx: Transaction, review: int, reviewer: int, packet_key: str, state: State, sent: Sent) -> None:
    """Check what was sent against the rules and append it. Raises Refused or Stale; then nothing is written."""
    if sent.number != state.number:
        raise Stale
    status = _allowed(state, sent)
    body: dict[str, object] = {"seen": sorted(sent.seen)}
    if sent.action == "note":
        body["note"] = sent.note
    if sent.excerpt is not None:
        body["of"] = sent.excerpt
    if sent.added is not None:
        body["excerpt"] = {
            name: getattr(sent.added, name)
            for name in ("document_id", "page", "start", "end", "quote", "boxes", "stance")
        }
    values = {
        "review": review,
        "criterion": sent.criterion,
        "number": state.number + 1,
        "action": sent.action,
        "status": status,
        "reason": sent.reason,
        "body": canonical(body),
        "seconds": min(max(sent.seconds, 0.0), MOST_SECONDS),
        "reviewer": reviewer,
        "at": now(),
    }
    try:
        with tx.conn.begin_nested():
            tx.conn.execute(insert(t.decisions).values(**values))
    except IntegrityError:
        raise Stale from None
    tx.log(
        "decision",
        f"packet:{packet_key}",
        review=review,
        criterion=sent.criterion,
        number=state.number + 1,
        action=sent.action,
        status=status,
        seconds=round(sent.seconds, 1),
        seen=sorted(sent.seen),
        content=hashlib.sha256(canonical([values["body"], sent.reason]).encode()).hexdigest(),
    )


def needs_reason(state: State, action: str) -> bool:
    """A conflict, a rejection and another status than the suggested one are decided with a typed reason."""
    return action in ("reject", "correct") or (action == "confirm" and state.suggested == "conflicting")


def _allowed(state: State, sent: Sent) -> str | None:
    """The status that the event gives, None for one that decides nothing. Raises Refused."""
    if sent.action not in ACTIONS:
        raise Refused("There is no such action.")
    if sent.action == "undo" and not state.undoable:
        raise Refused("There is nothing to undo here.")
    if sent.action in ("move", "drop") and sent.excerpt not in {e.id for e in state.excerpts}:
        raise Refused("This excerpt is not there any more.")
    if sent.action in ("add", "move") and sent.added is None:
        raise Refused("Select the words first.")
    if sent.action not in DECIDING:
        return None
    if needs_reason(state, sent.action) and not sent.reason.strip():
        raise Refused("Say why, in a few words: this one is kept with its reason.")
    return _decided(state, sent)


def _decided(state: State, sent: Sent) -> str:
    if sent.action == "confirm":
        unseen = [e for e in state.deciding() if e not in sent.seen]
        if unseen:
            raise Refused(f"Look at the evidence first: {len(unseen)} of {len(state.deciding())} not yet in view.")
        return state.suggested
    if sent.action == "reject":
        if state.suggested == "insufficient":
            raise Refused("Nothing was suggested that could be rejected: correct the status instead.")
        return "insufficient"
    if sent.status not in STATUSES:
        raise Refused("Choose a status.")
    if sent.status == state.suggested:
        raise Refused("That is the suggested status: confirm it instead.")
    return sent.status


def quote_words(document_id: str, page: Json, start: int, end: int, stance: str, name: str = "new") -> Quoted:
    """An excerpt of whole words between two offsets of a stored page. Raises Refused where there are none."""
    words: Sequence[Sequence[float]] = json.loads(page["words"])
    inside = [w for w in words if w[0] < end and w[1] > start]
    if not inside or stance not in STANCES:
        raise Refused("No words are there to quote.")
    low, high = int(inside[0][0]), int(inside[-1][1])
    lines: list[list[Sequence[float]]] = [[]]
    for word in inside:
        if lines[-1] and "\n" in page["text"][int(lines[-1][-1][1]) : int(word[0])]:
            lines.append([])
        lines[-1].append(word)
    boxes = tuple(
        (min(w[2] for w in line), min(w[3] for w in line), max(w[4] for w in line), max(w[5] for w in line))
        for line in lines
    )
    return Quoted(name, document_id, page["number"], low, high, page["text"][low:high], boxes, stance)
