"""To the identity provider and back."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from pipeline.store import access
from pipeline.web.oidc import NotSignedIn, Person, Provider, derived
from pipeline.web.pages import page
from pipeline.web.security import address_of, set_cookie

router = APIRouter()
COOKIE, SECONDS = "__Host-oidc", 600


@router.get("/oidc/start")
def start(request: Request, link: str = "") -> Response:
    """To the provider. The attempt's secret stays in this browser; `link` is a one-time link that makes an account."""
    provider = _provider(request)
    secret = access.token()
    try:
        response = RedirectResponse(provider.start(f"{address_of(request)}/oidc/back", secret), 303)
    except NotSignedIn as problem:
        return _refused(request, problem.why, "The sign-in service does not answer. Try again later.")
    # Lax, not Strict: the provider sends the browser back, and a Strict cookie would not come with it
    values = f"{secret}.{link[:100]}"
    response.set_cookie(COOKIE, values, SECONDS, path="/", secure=True, httponly=True, samesite="lax")
    return response


@router.get("/oidc/back")
def back(request: Request, state: str = "", code: str = "") -> Response:
    """From the provider: only the browser that was sent there, with a code, and a person who has an account here."""
    provider = _provider(request)
    secret, _, link = request.cookies.get(COOKIE, "").partition(".")
    if not secret or not code or not hmac.compare_digest(state.encode(), derived(secret, "state").encode()):
        return _refused(request, "no attempt of this browser", "The sign-in was not begun here. Begin again.")
    try:
        person = provider.finish(f"{address_of(request)}/oidc/back", secret, code)
    except NotSignedIn as problem:
        return _refused(request, problem.why, "The sign-in service did not confirm who you are.")
    session = _session(request, person, link)
    if session is None:
        told = (
            "This name is taken, or the link was used."
            if link
            else "You have no account here: ask for a one-time link."
        )
        return _refused(request, "no account", told)
    # a page of ours that goes on by itself: a redirect would still count as coming from the provider's site
    response = page(request, "back.html")
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    set_cookie(response, session)
    return response


def _session(request: Request, person: Person, link: str) -> str | None:
    with request.app.state.store.write(person.name) as tx:
        if link:
            account = access.use_link(tx, link, person.name, subject=person.subject)
        else:
            found = access.find_subject(tx.conn, person.subject)
            account = int(str(found["id"])) if found else None
        return access.start_session(tx, account, "provider") if account else None


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.settings.provider
    if provider is None:
        raise HTTPException(404)
    return provider


def _refused(request: Request, why: str, told: str) -> Response:
    with request.app.state.store.write("nobody") as tx:
        tx.log("sign_in_failed", "provider", why=why)
    return page(request, "error.html", 401, title="Not signed in", detail=told)
