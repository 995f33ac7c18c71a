"""The second factor: a code after the password, a square to set it up, and a page for one's own account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from pipeline.store import access, factors
from pipeline.web.pages import page
from pipeline.web.passwords import hash_password, right_password, unfit
from pipeline.web.security import COOKIE, session_of, set_cookie, viewer_of

router = APIRouter()


@router.get("/factor")
def factor_page(request: Request) -> Response:
    return _factor_page(request, "")


@router.post("/factor")
def factor(request: Request, code: Annotated[str, Form()] = "") -> Response:
    """A right code lets a half signed-in person in; it confirms a secret that was just made."""
    store, viewer = request.app.state.store, session_of(request)
    subject = f"code:{viewer.id}"
    with store.write(viewer.name) as tx:
        wait = access.wait_for(tx.conn, subject)
        right = wait <= 0 and factors.check(tx, viewer.id, code[:20])
        if right:
            access.succeeded(tx, subject)
            access.end_session(tx, request.cookies[COOKIE])
            secret = access.start_session(tx, viewer.id, "second factor")
        elif wait <= 0:
            access.failed(tx, (subject,))
    if not right:
        late = f"Too many attempts. Try again in {int(wait) + 1} seconds."
        return _factor_page(request, late if wait > 0 else "That is not the code of now.", 429 if wait > 0 else 401)
    response = RedirectResponse("/", 303)
    set_cookie(response, secret)
    return response


def _factor_page(request: Request, problem: str, status: int = 200) -> Response:
    store, viewer = request.app.state.store, session_of(request)
    with store.read() as conn:
        secret = factors.shared_secret(conn, store.audit_key, viewer.id)
        if secret is None and not viewer.pending:
            raise HTTPException(404)
    side, square = _square(factors.address(secret, viewer.name)) if secret else (0, "")
    values = {"problem": problem, "secret": secret, "side": side, "square": square, "csrf": viewer.csrf}
    return page(request, "factor.html", status, **values)


def _square(text: str) -> tuple[int, str]:
    """A QR code as the modules of its side and the data of an SVG path, with the quiet zone it needs."""
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    side: int = code.getModuleCount()
    dark = (f"M{x + 4} {y + 4}h1v1h-1z" for y in range(side) for x in range(side) if code.isDark(y, x))
    return side + 8, "".join(dark)


@router.get("/you")
def you(request: Request) -> Response:
    return _you(request, "")


@router.post("/you/factor")
def new_factor(request: Request) -> Response:
    """Make a secret for who has none yet; the next page shows it and asks for a first code."""
    viewer = viewer_of(request)
    with request.app.state.store.write(viewer.name) as tx:
        if factors.enrolled(tx.conn, viewer.id):
            raise HTTPException(422)
        factors.begin(tx, viewer.id)
    return RedirectResponse("/factor", 303)


@router.post("/you/password")
def new_password(
    request: Request, current: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
) -> Response:
    """Another password, with the current one; all sessions end, this one begins anew."""
    store, viewer = request.app.state.store, viewer_of(request)
    subject = f"name:{viewer.name}"
    with store.read() as conn:
        account = access.find_account(conn, viewer.name)
        wait = access.wait_for(conn, subject)
    hashed = str(account["password"]) if account and account["password"] else None
    if wait > 0:
        return _you(request, f"Too many attempts. Try again in {int(wait) + 1} seconds.", 429)
    if not right_password(hashed, current[:1000]):
        with store.write(viewer.name) as tx:
            access.failed(tx, (subject,))
        return _you(request, "That is not your current password.", 401)
    if problem := unfit(viewer.name, password):
        return _you(request, problem, 422)
    fresh = hash_password(password)
    with store.write(viewer.name) as tx:
        access.set_password(tx, viewer.id, fresh)
        secret = access.start_session(tx, viewer.id, "new password")
    response = _you(request, "", done="Your password is changed; other sessions are ended.")
    set_cookie(response, secret)
    return response


def _you(request: Request, problem: str, status: int = 200, done: str = "") -> Response:
    viewer = viewer_of(request)
    with request.app.state.store.read() as conn:
        account = next(a for a in access.accounts(conn) if a["id"] == viewer.id)
    return page(request, "you.html", status, account=account, problem=problem, done=done)
