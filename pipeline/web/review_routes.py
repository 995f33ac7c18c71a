"""The queue, the packet's page, decisions, and the finished worksheet."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from sqlalchemy import Connection, select
from starlette.responses import JSONResponse, RedirectResponse, Response

from pipeline.store import Transaction, agreement, reviews, worksheets
from pipeline.store import schema as t
from pipeline.store.access import Viewer
from pipeline.store.decisions import Refused, Sent, Stale, quote_words
from pipeline.store.reviews import Packet
from pipeline.web import views
from pipeline.web.pages import page
from pipeline.web.security import need, viewer_of
from pipeline.web.words import STAGE_WORDS

router = APIRouter()
MOST_HITS = 100


def packet_or_404(conn: Connection, viewer: Viewer, key: str) -> Packet:
    """The packet, if the viewer may see it; nobody learns whether another one exists."""
    found = reviews.find_packet(conn, viewer, key)
    if found is None:
        raise HTTPException(404)
    return found


@router.get("/")
def queue(request: Request, state: str = "all") -> Response:
    with request.app.state.store.read() as conn:
        rows = views.queue_rows(conn, viewer_of(request), state, "")
    return page(request, "queue.html", rows=rows, state=state, stages=STAGE_WORDS)


@router.post("/queue")
def queue_search(request: Request, q: Annotated[str, Form()] = "", state: Annotated[str, Form()] = "all") -> Response:
    """Found rows; posted, so that what is searched for stands in no address or log."""
    with request.app.state.store.read() as conn:
        rows = views.queue_rows(conn, viewer_of(request), state, q)
    return page(request, "_queue_rows.html", rows=rows)


@router.get("/packets/{key}")
def packet_page(request: Request, key: str) -> Response:
    viewer = viewer_of(request)
    with request.app.state.store.write(viewer.name) as tx:
        packet = packet_or_404(tx.conn, viewer, key)
        tx.log("packet_opened", f"packet:{key}")
    with request.app.state.store.read() as conn:
        view = views.packet_view(conn, viewer, packet)
    return page(request, "packet.html", view=view, talks=request.app.state.talks is not None)


@router.post("/packets/{key}/{what}")
def packet_step(request: Request, key: str, what: str, reason: Annotated[str, Form()] = "") -> Response:
    """claim, release, finish or reopen."""
    viewer = viewer_of(request)
    try:
        with request.app.state.store.write(viewer.name) as tx:
            packet = packet_or_404(tx.conn, viewer, key)
            _step(tx, packet, viewer, what, reason)
    except Refused as refused:
        return page(request, "error.html", 409, title="Not possible", detail=refused.why)
    target = f"/packets/{key}/worksheet" if what == "finish" else "/" if what == "release" else f"/packets/{key}"
    return RedirectResponse(target, 303)


def _step(tx: Transaction, packet: Packet, viewer: Viewer, what: str, reason: str) -> None:
    if what == "claim":
        reviews.claim(tx, packet, viewer)
    elif what == "release":
        reviews.release(tx, packet, viewer)
    elif what == "finish":
        worksheets.finish(tx, packet, viewer)
    elif what == "reopen":
        worksheets.reopen(tx, packet, viewer, reason)
    else:
        raise HTTPException(404)


@router.post("/packets/{key}/settings/save")
def settings(
    request: Request,
    key: str,
    version: Annotated[int, Form()],
    received_at: Annotated[str, Form()],
    team: Annotated[str, Form()],
    urgent: Annotated[bool, Form()] = False,
    double: Annotated[bool, Form()] = False,
) -> Response:
    viewer = need(request, "lead")
    try:
        with request.app.state.store.write(viewer.name) as tx:
            packet = packet_or_404(tx.conn, viewer, key)
            reviews.change_packet(tx, packet, version, team.strip()[:40] or packet.team, received_at, urgent, double)
    except (Refused, Stale) as problem:
        detail = problem.why if isinstance(problem, Refused) else "Somebody changed these settings a moment ago."
        return page(request, "error.html", 409, title="Not saved", detail=detail)
    return RedirectResponse(f"/packets/{key}", 303)


@router.post("/packets/{key}/decide/{criterion}")
def decide(
    request: Request,
    key: str,
    criterion: str,
    action: Annotated[str, Form()],
    number: Annotated[int, Form()],
    status: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
    seconds: Annotated[float, Form()] = 0.0,
    of: Annotated[str, Form()] = "",
    place: Annotated[str, Form()] = "",
) -> Response:
    """Append one event; the answer is the criterion drawn anew (409: somebody was faster, 422: a rule forbids it)."""
    viewer, problem, code = viewer_of(request), "", 200
    store = request.app.state.store
    try:
        with store.write(viewer.name) as tx:
            packet = packet_or_404(tx.conn, viewer, key)
            added = _placed(tx.conn, packet, place) if place else None
            sent = Sent(
                criterion, number, action, status or None, reason.strip()[:4000], note.strip()[:4000], of or None, added,
                tuple(part for part in seen.split(",") if part)[:200], seconds,
            )  # fmt: skip
            reviews.decide(tx, packet, viewer, sent)
    except Refused as refused:
        problem, code = refused.why, 422
    except Stale:
        problem, code = "This criterion was decided in another window. Here is how it stands; yours is not saved.", 409
    with store.read() as conn:
        criteria = views.criteria_view(conn, viewer, packet, reviews.stage(conn, packet))
    one = next((c for c in criteria.rows if c.result["id"] == criterion), None)
    if one is None:
        raise HTTPException(404)
    draft = {"reason": reason, "note": note} if problem else {"reason": "", "note": ""}
    return page(request, "_decided.html", code, criteria=criteria, c=one, problem=problem, draft=draft)


def _placed(conn: Connection, packet: Packet, place: str) -> Any:
    """The excerpt that a reviewer selected: "document position, page, start, end, stance"."""
    parts = place.split(",")
    if len(parts) != 5 or not all(part.isdigit() and len(part) < 9 for part in parts[:4]):
        raise Refused("Select the words first.")
    position, number, start, end = (int(part) for part in parts[:4])
    found = views.find_page(conn, packet, position, number)
    if found is None:
        raise Refused("There is no such page.")
    return quote_words(found[0], found[1], start, end, parts[4])


@router.get("/packets/{key}/pages/{position}/{number}.png")
def picture(request: Request, key: str, position: int, number: int) -> Response:
    store = request.app.state.store
    with store.read() as conn:
        found = views.find_page(conn, packet_or_404(conn, viewer_of(request), key), position, number)
    if found is None or found[1]["picture"] is None:
        raise HTTPException(404)
    return Response(store.blobs.read(found[1]["picture"]), media_type="image/png")


@router.get("/packets/{key}/pages/{position}/{number}.json")
def page_words(request: Request, key: str, position: int, number: int) -> Response:
    """The words of a page: [start, end, x0, top, x1, bottom, text] each."""
    with request.app.state.store.read() as conn:
        found = views.find_page(conn, packet_or_404(conn, viewer_of(request), key), position, number)
    if found is None:
        raise HTTPException(404)
    text = found[1]["text"]
    return JSONResponse([[*w, text[int(w[0]) : int(w[1])]] for w in json.loads(found[1]["words"])])


@router.get("/packets/{key}/pages/{position}/{number}.html")
def transcript(request: Request, key: str, position: int, number: int) -> Response:
    """The text of a page, for who cannot see its picture."""
    with request.app.state.store.read() as conn:
        found = views.find_page(conn, packet_or_404(conn, viewer_of(request), key), position, number)
    if found is None:
        raise HTTPException(404)
    return page(request, "_transcript.html", text=found[1]["text"], reason=found[1]["reason"])


@router.post("/packets/{key}/search/words")
def search(request: Request, key: str, q: Annotated[str, Form()] = "") -> Response:
    """Where the words stand in the record. Posted: what is searched for may name a person."""
    wanted = " ".join(q.lower().split())[:200]
    hits: list[dict[str, Any]] = []
    with request.app.state.store.read() as conn:
        packet = packet_or_404(conn, viewer_of(request), key)
        documents = packet.body["documents"] if packet.body else []
        for position, document in enumerate(documents):
            query = select(t.pages).where(t.pages.c.source == document["sha256"]).order_by(t.pages.c.number)
            for row in conn.execute(query) if len(wanted) > 1 else ():
                hits += _hits(dict(row._mapping), position, document["document_id"], wanted)
    return page(request, "_hits.html", hits=hits[:MOST_HITS], count=len(hits), wanted=wanted)


def _hits(stored: dict[str, Any], position: int, document_id: str, wanted: str) -> list[dict[str, Any]]:
    text, low = stored["text"], "".join(" " if c.isspace() else c for c in stored["text"].lower())
    found: list[dict[str, Any]] = []
    at = low.find(wanted)
    while at >= 0 and len(found) < MOST_HITS:
        end = at + len(wanted)
        found.append(
            {
                "anchor": f"p-{position}-{stored['number']}", "document_id": document_id, "page": stored["number"],
                "start": at, "end": end, "before": text[max(0, at - 40) : at], "hit": text[at:end],
                "after": text[end : end + 40],
            }
        )  # fmt: skip
        at = low.find(wanted, end)
    return found


@router.get("/agreement")
def agreement_page(request: Request) -> Response:
    viewer = need(request, "lead")
    with request.app.state.store.read() as conn:
        rows = agreement.agreement(conn, viewer)
    return page(request, "agreement.html", rows=rows)
