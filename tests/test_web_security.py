"""Every route: headers, sign-in, the token against forged requests, and that nobody sees another team's packet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from made_reviews import write_workspace
from sqlalchemy import text

from pipeline.store import Store, access, open_store, reviews
from pipeline.store.access import Viewer
from pipeline.store.database import stamp
from pipeline.store.ingest import ingest
from pipeline.web import access_routes, chat_routes, factor_routes, oidc_routes, review_routes, worksheet_routes
from pipeline.web.app import create_app
from pipeline.web.passwords import hash_password
from pipeline.web.security import COOKIE, HEADERS, PUBLIC

PASSWORD = "four quiet herons wade"
ROUTES = sorted(
    {
        (method, route.path)
        for module in (access_routes, chat_routes, factor_routes, oidc_routes, review_routes, worksheet_routes)
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("web")
    opened = open_store(folder / "store")
    ingest(opened, write_workspace(folder))
    with opened.write("test") as tx:
        for name, role, team in (("ann", "reviewer", "default"), ("eve", "admin", "other")):
            access.add_account(tx, name, role, [team], hash_password(PASSWORD))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(store: Store) -> FastAPI:
    return create_app(store)


def client(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="https://localhost", follow_redirects=False, raise_server_exceptions=False)


def signed_in(app: FastAPI, name: str) -> TestClient:
    found = client(app)
    assert found.post("/login", data={"name": name, "password": PASSWORD}).status_code == 303
    return found


def csrf(found: TestClient) -> str:
    match = re.search(r'name="csrf" value="([^"]+)"', found.get("/").text)
    assert match
    return match[1]


def filled(path: str, store: Store) -> str:
    with store.read() as conn:
        key = conn.exec_driver_sql("SELECT key FROM packets").scalar_one()
    values = {"key": key, "what": "claim", "criterion": "I.B.1", "position": "0", "number": "1", "account": "1",
              "secret": "nothing"}  # fmt: skip
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda m: values.get(m[1], "1"), path)


def test_the_table_of_routes_is_not_empty() -> None:
    assert len(ROUTES) > 15


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_sets_the_headers_and_is_shut_to_strangers(
    app: FastAPI, store: Store, method: str, path: str
) -> None:
    answer = client(app).request(method, filled(path, store))
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    if path not in PUBLIC:
        assert answer.status_code in (303, 401)
        assert answer.status_code == 401 or answer.headers["location"] == "/login"


@pytest.mark.parametrize(("method", "path"), [r for r in ROUTES if r[0] == "POST" and r[1] not in PUBLIC])
def test_every_change_needs_the_token_and_comes_from_our_own_page(
    app: FastAPI, store: Store, method: str, path: str
) -> None:
    ann = signed_in(app, "ann")
    assert ann.post(filled(path, store)).status_code == 403
    forged = {"Sec-Fetch-Site": "cross-site", "X-CSRF-Token": csrf(ann)}
    assert ann.post(filled(path, store), headers=forged).status_code == 403


@pytest.mark.parametrize(("method", "path"), [r for r in ROUTES if "{key}" in r[1]])
def test_another_teams_packet_does_not_exist(app: FastAPI, store: Store, method: str, path: str) -> None:
    eve = signed_in(app, "eve")
    data = {"action": "confirm", "number": "0", "version": "1", "received_at": "2026-01-01", "team": "x", "q": "pain"}
    answer = eve.request(method, filled(path, store), data=data if method == "POST" else None,
                         headers={"X-CSRF-Token": csrf(eve)})  # fmt: skip
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/people", "/audit", "/agreement"])
def test_a_reviewer_sees_no_page_of_other_roles(app: FastAPI, path: str) -> None:
    assert signed_in(app, "ann").get(path).status_code == 404
    assert signed_in(app, "eve").get(path).status_code == 200


def test_the_cookie_and_the_session(app: FastAPI, store: Store) -> None:
    answer = client(app).post("/login", data={"name": "ann", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=") and "HttpOnly" in cookie and "Secure" in cookie
    assert "samesite=strict" in cookie.lower() and "Path=/" in cookie and "Domain" not in cookie
    ann = signed_in(app, "ann")
    old = ann.cookies[COOKIE]
    assert ann.post("/logout", headers={"X-CSRF-Token": csrf(ann)}).status_code == 303
    ann.cookies.set(COOKIE, old)
    assert ann.get("/").status_code == 303
    with store.read() as conn:
        assert old not in str(conn.exec_driver_sql("SELECT * FROM sessions").all())


def test_a_session_falls_idle_and_ends(app: FastAPI, store: Store) -> None:
    for column, age in (("seen_at", access.IDLE), ("ends_at", timedelta(0))):
        ann = signed_in(app, "ann")
        assert ann.get("/").status_code == 200
        past = stamp(datetime.now(UTC) - age - timedelta(seconds=1))
        with store.write("clock") as tx:
            tx.conn.execute(text(f"UPDATE sessions SET {column} = :past"), {"past": past})
        assert ann.get("/").status_code == 303


def test_foreign_hosts_long_bodies_and_guessing_are_refused(app: FastAPI) -> None:
    assert client(app).get("/healthz").text == "ready"
    assert client(app).get("/healthz", headers={"Host": "evil.example"}).status_code == 400
    assert client(app).post("/login", content=b"x" * 300_000).status_code == 413
    guess = client(app)
    codes = [guess.post("/login", data={"name": "nobody", "password": "x"}).status_code for _ in range(7)]
    assert codes[0] == 401 and codes[-1] == 429


def test_a_fault_tells_no_words_of_the_record(app: FastAPI, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    viewer = Viewer(1, "ann", "reviewer")
    with store.read() as conn:
        assert len(reviews.packets_of(conn, viewer)) == 1
    answer = client(app).get("/static/../../store/database.py")
    assert answer.status_code in (303, 404) and "import" not in answer.text
