"""The application: its routes, its guard, and what a reader sees when something is wrong."""

from __future__ import annotations

import secrets
import sys
import traceback
from pathlib import Path

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from pipeline.store import Store
from pipeline.web import access_routes, chat_routes, factor_routes, oidc_routes, review_routes, worksheet_routes
from pipeline.web.pages import page
from pipeline.web.security import Headers, Settings, SignIn, guard

STATIC = Path(__file__).parent / "static"
TITLES = {403: "Not allowed", 404: "Not found", 405: "Not found", 422: "Not understood"}


def create_app(store: Store, settings: Settings | None = None, talks: chat_routes.Talks | None = None) -> FastAPI:
    """The application over a store; `talks` adds the conversation with a record. No documentation routes, no debug pages."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(guard)])
    app.state.store, app.state.static, app.state.talks = store, STATIC, talks
    app.state.settings = settings or Settings()
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_api_route("/healthz", _healthz, methods=["GET"])
    app.include_router(access_routes.router)
    app.include_router(factor_routes.router)
    app.include_router(oidc_routes.router)
    app.include_router(chat_routes.router)
    app.include_router(review_routes.router)
    app.include_router(worksheet_routes.router)
    app.add_exception_handler(SignIn, _sign_in)
    app.add_exception_handler(StarletteHTTPException, _told)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(Exception, _bug)
    app.add_middleware(Headers, settings=app.state.settings)
    return app


def _healthz() -> Response:
    return PlainTextResponse("ready")


def _sign_in(request: Request, _error: Exception) -> Response:
    if request.headers.get("hx-request"):
        return PlainTextResponse("Sign in again.", 401, {"HX-Redirect": "/login"})
    return RedirectResponse("/login", 303) if request.method == "GET" else PlainTextResponse("Sign in again.", 401)


def _told(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException | StarletteHTTPException) else 500
    title = TITLES.get(status, "Something is wrong")
    return page(request, "error.html", status, title=title, detail="The page is not there, or it is not for you.")


def _not_understood(request: Request, _error: Exception) -> Response:
    # the error itself holds what was typed: it is neither shown nor logged
    return page(request, "error.html", 422, title=TITLES[422], detail="What was sent is not what this page expects.")


def _bug(request: Request, error: Exception) -> Response:
    """Type and place of the fault go to the log, under a number that the reader sees; words of a record go nowhere."""
    number = secrets.token_hex(4)
    last = traceback.extract_tb(error.__traceback__)[-1]
    print(f"fault {number}: {type(error).__name__} at {Path(last.filename).name}:{last.lineno}", file=sys.stderr)
    return page(request, "error.html", 500, title="A fault in chartproof", detail=f"Tell whoever runs it: {number}.")
