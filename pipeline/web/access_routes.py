"""Signing in and out, one-time links, and an admin's keeping of the accounts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from pipeline.store import Transaction, access, audit, factors
from pipeline.store import schema as t
from pipeline.web.pages import page
from pipeline.web.passwords import hash_password, right_password, unfit
from pipeline.web.security import COOKIE, address_of, need, session_of, set_cookie

router = APIRouter()


@router.get("/login")
def login_page(request: Request) -> Response:
    return page(request, "login.html", problem="", provider=_provider(request))


@router.post("/login")
def login(request: Request, name: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "") -> Response:
    store = request.app.state.store
    subjects = (f"name:{name.strip()[:200]}", f"address:{request.client.host if request.client else ''}")
    with store.read() as conn:
        wait = max(access.wait_for(conn, subject) for subject in subjects)
        account = access.find_account(conn, name)
    if wait > 0:
        problem = f"Too many attempts. Try again in {int(wait) + 1} seconds."
        return page(request, "login.html", 429, problem=problem, provider=_provider(request))
    hashed = str(account["password"]) if account and account["password"] and not account["disabled"] else None
    if not right_password(hashed, password[:1000]) or account is None:
        with store.write("nobody") as tx:
            access.failed(tx, subjects)
        problem = "Name and password do not fit together."
        return page(request, "login.html", 401, problem=problem, provider=_provider(request))
    with store.write(str(account["name"])) as tx:
        access.succeeded(tx, subjects[0])
        secret, half = _session(request, tx, int(str(account["id"])))
    return _in(secret, half)


def _provider(request: Request) -> str:
    """The identity provider's name, or nothing."""
    provider = request.app.state.settings.provider
    return provider.name if provider else ""


def _session(request: Request, tx: Transaction, account: int) -> tuple[str, bool]:
    """A session after a right password, and whether it waits for the second factor (and one may have to be made)."""
    enrolled = factors.enrolled(tx.conn, account)
    half = enrolled or request.app.state.settings.factor
    if half and not enrolled:
        factors.begin(tx, account)
    return access.start_session(tx, account, "password", pending=half), half


def _in(secret: str, half: bool) -> Response:
    response = RedirectResponse("/factor" if half else "/", 303)
    set_cookie(response, secret)
    return response


@router.post("/logout")
def logout(request: Request) -> Response:
    with request.app.state.store.write(session_of(request).name) as tx:
        access.end_session(tx, request.cookies[COOKIE])
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return response


@router.get("/setup/{secret}")
def setup_page(request: Request, secret: str) -> Response:
    with request.app.state.store.read() as conn:
        link = access.open_link(conn, secret)
    if link is None:
        raise HTTPException(404)
    return page(request, "setup.html", link=link, secret=secret, problem="", name=link["name"] or "",
                provider=_provider(request))  # fmt: skip


@router.post("/setup/{secret}")
def setup(
    request: Request,
    secret: str,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    store = request.app.state.store
    with store.read() as conn:
        link = access.open_link(conn, secret)
    if link is None:
        raise HTTPException(404)
    problem = unfit(name, password) if name.strip() else "Choose a name."
    account = None
    if not problem:
        hashed = hash_password(password)
        with store.write(name.strip()[:80]) as tx:
            account = access.use_link(tx, secret, name[:80], hashed)
            session, half = _session(request, tx, account) if account else ("", False)
        problem = "" if account else "This name is taken, or the link was used a moment ago."
    if account is None:
        return page(request, "setup.html", 422, link=link, secret=secret, problem=problem, name=name,
                    provider=_provider(request))  # fmt: skip
    return _in(session, half)


@router.get("/people")
def people(request: Request) -> Response:
    need(request, "admin")
    with request.app.state.store.read() as conn:
        found = access.accounts(conn)
    return page(request, "people.html", accounts=found, roles=access.ROLES, link="", whose="")


@router.post("/people/invite")
def invite(
    request: Request,
    role: Annotated[str, Form()],
    team: Annotated[str, Form()] = "default",
) -> Response:
    viewer = need(request, "admin")
    if role not in access.ROLES:
        raise HTTPException(422)
    teams = [part for part in team.replace(",", " ").split() if part][:20] or ["default"]
    with request.app.state.store.write(viewer.name) as tx:
        secret = access.make_link(tx, role, teams)
        found = access.accounts(tx.conn)
    link = f"{address_of(request)}/setup/{secret}"
    return page(request, "people.html", accounts=found, roles=access.ROLES, link=link, whose="")


@router.post("/people/{account}/link")
def new_password_link(request: Request, account: int) -> Response:
    """A one-time link for who forgot the password or lost the device of the second factor."""
    viewer = need(request, "admin")
    with request.app.state.store.write(viewer.name) as tx:
        found = access.accounts(tx.conn)
        whose = next((a for a in found if a["id"] == account), None)
        if whose is None:
            raise HTTPException(404)
        secret = access.make_link(tx, str(whose["role"]), [], str(whose["name"]), account)
    link = f"{address_of(request)}/setup/{secret}"
    return page(request, "people.html", accounts=found, roles=access.ROLES, link=link, whose=whose["name"])


@router.post("/people/{account}")
def change_person(
    request: Request,
    account: int,
    role: Annotated[str, Form()],
    team: Annotated[str, Form()] = "",
    disabled: Annotated[bool, Form()] = False,
) -> Response:
    viewer = need(request, "admin")
    if role not in access.ROLES or (account == viewer.id and (disabled or role != "admin")):
        raise HTTPException(422)
    with request.app.state.store.write(viewer.name) as tx:
        access.change_account(tx, account, role, disabled, team.replace(",", " ").split()[:20])
    return RedirectResponse("/people", 303)


@router.get("/audit")
def audit_page(request: Request, before: int = 0) -> Response:
    """The last events of the log, and whether it still verifies."""
    need(request, "admin")
    store = request.app.state.store
    query = t.audit.select().order_by(t.audit.c.seq.desc()).limit(200)
    with store.read() as conn:
        rows = [dict(r._mapping) for r in conn.execute(query.where(t.audit.c.seq < before) if before else query)]
        verdict = audit.verify(conn, store.audit_key)
    return page(request, "audit.html", rows=rows, verdict=verdict)
