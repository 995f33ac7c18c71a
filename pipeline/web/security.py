"""What holds for every route: response headers, who is signed in, and that a change comes from our own page."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.store import Store, access
from pipeline.store.access import Viewer
from pipeline.web.oidc import Provider

COOKIE = "__Host-sid"
PUBLIC = frozenset({"/healthz", "/login", "/setup/{secret}", "/oidc/start", "/oidc/back"})
"""Routes that need no session; every other one does."""
HALF = frozenset({"/factor", "/logout"})
"""What a session that waits for the second factor may do."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Strict-Transport-Security": "max-age=31536000",
    "Cache-Control": "no-store, private",
}
MOST_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Settings:
    """Which names the server answers to (a stranger's name for our address is refused), and how people come in.

    `tls`: a proxy before the server speaks it. `factor`: a password alone lets nobody in. `provider`: whom people may
    sign in with instead.
    """

    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    tls: bool = False
    factor: bool = False
    provider: Provider | None = None


class Headers:
    """Sets the headers on every response, static files and errors included, and refuses foreign hosts and long bodies."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        asked = dict(scope["headers"])
        host = asked.get(b"host", b"").decode("latin-1").rsplit(":", 1)[0]
        size = asked.get(b"content-length", b"0").decode("latin-1")
        chunked = b"transfer-encoding" in asked
        if host not in self.settings.hosts:
            await _refuse(sent, 400)
        elif chunked or not size.isdigit() or int(size) > MOST_BYTES:
            await _refuse(sent, 413)
        else:
            await self.app(scope, receive, sent)


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b""})


class SignIn(Exception):
    """Nobody is signed in; a page goes to the sign-in page, anything else gets 401."""


async def guard(request: Request) -> None:
    """Runs before every route: deny unless the route is public or a session stands behind the request."""
    store: Store = request.app.state.store
    unsafe = request.method not in ("GET", "HEAD")
    if unsafe and request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403)
    request.state.viewer = request.state.session = None
    secret, path = request.cookies.get(COOKIE), request.scope["route"].path
    if secret:
        session = request.state.session = await run_in_threadpool(_session, store, secret)
        request.state.viewer = session if session and not session.pending else None
    if path in PUBLIC:
        return
    session = request.state.session if path in HALF else request.state.viewer
    if session is None:
        raise SignIn
    if unsafe:
        given = request.headers.get("x-csrf-token") or str((await request.form()).get("csrf", ""))
        if not hmac.compare_digest(given.encode(), session.csrf.encode()):
            raise HTTPException(403)


def _session(store: Store, secret: str) -> Viewer | None:
    with store.read() as conn:
        found = access.find_session(conn, secret)
    if found is None:
        return None
    viewer, old = found
    if old:
        with store.write(viewer.name) as tx:
            access.touch_session(tx, secret)
    return viewer


def viewer_of(request: Request) -> Viewer:
    viewer: Viewer = request.state.viewer
    return viewer


def session_of(request: Request) -> Viewer:
    """Whoever the session belongs to, on the pages that one may open that waits for the second factor."""
    session: Viewer = request.state.session
    return session


def need(request: Request, role: str) -> Viewer:
    """The viewer, if of this role or above; otherwise the page does not exist, and the attempt is logged."""
    viewer = viewer_of(request)
    if not viewer.at_least(role):
        with request.app.state.store.write(viewer.name) as tx:
            tx.log("refused", "route", path=request.scope["route"].path)
        raise HTTPException(404)
    return viewer


def address_of(request: Request) -> str:
    """How this server is reached, without a slash at the end; its host was checked."""
    settings: Settings = request.app.state.settings
    return f"{'https' if settings.tls else request.url.scheme}://{request.headers['host']}"


def set_cookie(response: Any, secret: str) -> None:
    response.set_cookie(COOKIE, secret, path="/", secure=True, httponly=True, samesite="strict")
