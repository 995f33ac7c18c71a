"""The conversation with a packet's record on its page: verified statements as server-sent events, one thread a reviewer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from extractors.errors import UserError
from pipeline.chat.packet import PacketView, view_of
from pipeline.store.reviews import Packet
from pipeline.web import views
from pipeline.web.review_routes import packet_or_404
from pipeline.web.security import viewer_of

router = APIRouter()
MOST_CHARACTERS, MOST_OPEN = 500, 8


@dataclass(frozen=True, slots=True)
class Talks:
    """Where the pages of packets are kept, what answers, and the views that stay open; `key` encrypts what is remembered."""

    workspace: Path
    model: Any = None
    key: bytes | None = None
    views: dict[str, PacketView] = field(default_factory=dict)

    def conversation(self, packet: Packet) -> Any:
        """The conversation over a packet as the page shows it; its memory lies beside the packet's pages."""
        from pipeline.chat.graph import Conversation
        from pipeline.record import folder_of

        view = self.views.get(packet.sha256)
        if view is None:
            view = view_of(self.workspace, packet.packet_id, packet.body or {})
            while len(self.views) >= MOST_OPEN:
                self.views.pop(next(iter(self.views)))
            self.views[packet.sha256] = view
        return Conversation(view, self.model, folder_of(self.workspace, packet.packet_id) / "chat.sqlite", self.key)


@router.post("/packets/{key}/chat/ask")
def ask(request: Request, key: str, q: Annotated[str, Form(max_length=MOST_CHARACTERS)]) -> Response:
    """Events: `reading`, then of each statement `says` (its words, none where excerpts stand alone) and `citation` for each excerpt, and `end`; or `problem`."""
    talks, packet, thread = _opened(request, key)
    _log(request, "chat_asked", key)
    return StreamingResponse(_events(talks, packet, thread, q), media_type="text/event-stream")


@router.get("/packets/{key}/chat/turns")
def turns(request: Request, key: str) -> Response:
    """What this reviewer asked before, and the answers."""
    talks, packet, thread = _opened(request, key)
    try:
        with talks.conversation(packet) as talk:
            told = talk.turns(thread)
    except UserError:
        told = []
    parts = [[{**part, "citations": [_placed(c, packet) for c in part["citations"]]} for part in turn["told"]] for turn in told]
    return JSONResponse([{"q": turn["q"], "told": part} for turn, part in zip(told, parts, strict=True)])


@router.post("/packets/{key}/chat/forget")
def forget(request: Request, key: str) -> Response:
    talks, packet, thread = _opened(request, key)
    _log(request, "chat_forgotten", key)
    with talks.conversation(packet) as talk:
        talk.forget(thread)
    return Response(status_code=204)


def _opened(request: Request, key: str) -> tuple[Talks, Packet, str]:
    """The packet, if the viewer may see it, and the viewer's own thread."""
    viewer = viewer_of(request)
    talks: Talks | None = request.app.state.talks
    if talks is None:
        raise HTTPException(404)
    with request.app.state.store.read() as conn:
        return talks, packet_or_404(conn, viewer, key), f"reviewer-{viewer.id}"


def _log(request: Request, action: str, key: str) -> None:
    """What was asked is logged without its words."""
    with request.app.state.store.write(viewer_of(request).name) as tx:
        tx.log(action, f"packet:{key}")


def _events(talks: Talks, packet: Packet, thread: str, q: str) -> Iterator[str]:
    yield _event("reading", {})
    try:
        with talks.conversation(packet) as talk:
            told = talk.ask(q, thread)
    except UserError:
        yield _event("problem", {"says": "The pages of this packet are not in the workspace; screen it again."})
        return
    for part in told["told"]:
        yield _event("says", {"says": part["says"]})
        for citation in part["citations"]:
            yield _event("citation", _placed(citation, packet))
    yield _event("end", {"status": told["status"]})


def _placed(citation: dict[str, Any], packet: Packet) -> dict[str, Any]:
    return {**citation, "place": views.anchor(packet, citation["document_id"], citation["page"])}


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
