"""Coming in: the second factor, and an identity provider that runs here."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from oidc_provider import CLIENT, SECRET, Provider
from served import served

from extractors.errors import UserError
from pipeline.store import Store, access, factors, open_store
from pipeline.web import oidc
from pipeline.web.app import create_app
from pipeline.web.passwords import hash_password
from pipeline.web.security import COOKIE, Settings

PASSWORD = "four quiet herons wade"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store")
    with opened.write("test") as tx:
        access.add_account(tx, "ann", "admin", ["default"], hash_password(PASSWORD))
    yield opened
    opened.close()


def client(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="https://localhost", follow_redirects=False)


def token(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


def actions(store: Store) -> list[str]:
    with store.read() as conn:
        return list(conn.exec_driver_sql("SELECT action FROM audit ORDER BY seq").scalars())


def test_codes_are_those_of_rfc_6238() -> None:
    secret = b"12345678901234567890"  # the vectors of its appendix B, the last six digits
    for moment, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert factors.code_at(secret, moment // 30) == code


def test_where_a_second_factor_is_asked_a_password_alone_opens_nothing(store: Store) -> None:
    ann = client(create_app(store, Settings(factor=True)))
    answer = ann.post("/login", data={"name": "ann", "password": PASSWORD})
    assert answer.headers["location"] == "/factor"
    assert ann.get("/").headers["location"] == "/login" and ann.get("/people").status_code == 303
    shown = ann.get("/factor").text
    key = re.search(r"<code>([A-Z2-7]{32})</code>", shown)
    assert key and "<path" in shown
    half = ann.cookies[COOKIE]
    secret, step = base64.b32decode(key[1]), int(time.time()) // 30
    wrong = ann.post("/factor", data={"code": "000000", "csrf": token(shown)})
    assert wrong.status_code == 401
    code = factors.code_at(secret, step)
    assert ann.post("/factor", data={"code": code, "csrf": token(shown)}).headers["location"] == "/"
    assert ann.cookies[COOKIE] != half and ann.get("/people").status_code == 200
    again = client(ann.app)
    again.post("/login", data={"name": "ann", "password": PASSWORD})
    shown = again.get("/factor").text
    assert key[1] not in shown  # shown once only
    assert again.post("/factor", data={"code": code, "csrf": token(shown)}).status_code == 401  # a code is good once
    late = factors.code_at(secret, step + 1)
    assert again.post("/factor", data={"code": late, "csrf": token(shown)}).status_code == 303
    assert {"half_signed_in", "factor_added"} <= set(actions(store))
    with store.read() as conn:
        assert key[1] not in str(conn.exec_driver_sql("SELECT * FROM accounts").all())


def test_guessing_codes_is_slowed(store: Store) -> None:
    ann = client(create_app(store, Settings(factor=True)))
    ann.post("/login", data={"name": "ann", "password": PASSWORD})
    csrf = token(ann.get("/factor").text)
    assert [ann.post("/factor", data={"code": "1", "csrf": csrf}).status_code for _ in range(7)][-1] == 429


def test_a_factor_is_set_up_freely_and_a_new_password_link_takes_it_away(store: Store) -> None:
    app = create_app(store)
    ann = client(app)
    ann.post("/login", data={"name": "ann", "password": PASSWORD})
    csrf = token(ann.get("/you").text)
    assert ann.post("/you/factor", data={"csrf": csrf}).headers["location"] == "/factor"
    key = re.search(r"<code>([A-Z2-7]{32})</code>", ann.get("/factor").text)
    assert key
    code = factors.code_at(base64.b32decode(key[1]), int(time.time()) // 30)
    assert ann.post("/factor", data={"code": code, "csrf": csrf}).status_code == 303
    csrf = token(ann.get("/you").text)
    assert ann.post("/you/factor", data={"csrf": csrf}).status_code == 422  # the one in use is not replaced so
    link = re.search(r"/setup/([\w-]+)", ann.post("/people/1/link", data={"csrf": csrf}).text)
    assert link
    other = client(app)
    fresh = "five loud magpies argue"
    assert other.post(f"/setup/{link[1]}", data={"name": "ann", "password": fresh}).headers["location"] == "/"
    assert ann.get("/").status_code == 303  # sessions of the old password are ended
    assert client(app).post("/login", data={"name": "ann", "password": PASSWORD}).status_code == 401
    assert client(app).post("/login", data={"name": "ann", "password": fresh}).headers["location"] == "/"


def test_a_password_is_changed_with_the_current_one(store: Store) -> None:
    app = create_app(store)
    ann, elsewhere = client(app), client(app)
    for one in (ann, elsewhere):
        one.post("/login", data={"name": "ann", "password": PASSWORD})
    csrf, fresh = token(ann.get("/you").text), "five loud magpies argue"
    assert ann.post("/you/password", data={"csrf": csrf, "current": "x", "password": fresh}).status_code == 401
    short = ann.post("/you/password", data={"csrf": csrf, "current": PASSWORD, "password": "ann"})
    assert short.status_code == 422
    assert ann.post("/you/password", data={"csrf": csrf, "current": PASSWORD, "password": fresh}).status_code == 200
    assert ann.get("/").status_code == 200 and elsewhere.get("/").status_code == 303


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made: list[Provider] = []

    def make(address: str) -> Any:
        made.append(Provider(address))
        return made[0].app

    with served(make, "127.0.0.1"):
        yield made[0]


@pytest.fixture
def app(store: Store, provider: Provider) -> FastAPI:
    provider.claims, provider.spoil, provider.signer = {"sub": "4711", "name": "Olga"}, {}, provider.key
    return create_app(store, Settings(provider=oidc.checked(provider.issuer, CLIENT, SECRET, "Clinic", "")))


def come_in(found: TestClient, path: str = "/oidc/start") -> Any:
    """As a browser does: to the provider, and back with what it gave."""
    import httpx

    there = found.get(path)
    assert there.status_code == 303
    back = httpx.get(there.headers["location"])
    return found.get(back.headers["location"].replace("https://localhost", ""))


def test_a_person_of_the_provider_comes_in_once_a_link_made_the_account(app: FastAPI, store: Store) -> None:
    stranger = client(app)
    assert "Sign in with Clinic" in stranger.get("/login").text
    assert come_in(stranger).status_code == 401 and stranger.get("/").status_code == 303
    with store.write("ann") as tx:
        link = access.make_link(tx, "reviewer", ["default"])
    olga = client(app)
    assert come_in(olga, f"/oidc/start?link={link}").status_code == 200
    assert "Olga" in olga.get("/").text
    later = client(app)
    assert come_in(later).status_code == 200 and later.get("/you").status_code == 200
    assert come_in(client(app), f"/oidc/start?link={link}").status_code == 401  # the link is spent


@pytest.mark.parametrize(
    "spoil", [{"nonce": "other"}, {"aud": "another client"}, {"iss": "https://evil.example"}, {"exp": 1}, "key"]
)
def test_a_token_that_is_not_ours_opens_nothing(app: FastAPI, store: Store, provider: Provider, spoil: Any) -> None:
    with store.write("t") as tx:
        access.add_account(tx, "Olga", "lead", ["default"], subject=f"{provider.issuer} 4711")
    assert come_in(client(app)).status_code == 200
    if spoil == "key":
        from joserfc import jwk

        provider.signer = jwk.RSAKey.generate_key(2048, {"kid": "one"})
    else:
        provider.spoil = spoil
    assert come_in(client(app)).status_code == 401


def test_an_attempt_belongs_to_one_browser_and_a_code_to_one_attempt(app: FastAPI, store: Store) -> None:
    import httpx

    victim, thief = client(app), client(app)
    back = httpx.get(thief.get("/oidc/start").headers["location"]).headers["location"]
    assert victim.get(back).status_code == 401  # the thief's code does not sign the victim in
    victim.get("/oidc/start")
    assert victim.get(back).status_code == 401
    assert "sign_in_failed" in actions(store)


def test_how_strongly_a_person_signed_in_is_checked(store: Store, provider: Provider) -> None:
    provider.claims, provider.spoil, provider.signer = {"sub": "4711", "name": "Olga"}, {}, provider.key
    with store.write("t") as tx:
        access.add_account(tx, "Olga", "lead", ["default"], subject=f"{provider.issuer} 4711")
    strict = create_app(store, Settings(provider=oidc.checked(provider.issuer, CLIENT, SECRET, "", "mfa")))
    assert come_in(client(strict)).status_code == 401
    provider.claims = {**provider.claims, "amr": ["pwd", "mfa"]}
    assert come_in(client(strict)).status_code == 200


def test_a_provider_without_tls_is_refused_and_one_that_is_away_is_told(store: Store) -> None:
    with pytest.raises(UserError, match="https://"):
        oidc.checked("http://login.example", CLIENT, SECRET, "", "")
    away = oidc.checked("http://127.0.0.1:9", CLIENT, SECRET, "", "")
    answer = client(create_app(store, Settings(provider=away))).get("/oidc/start")
    assert answer.status_code == 401 and "does not answer" in answer.text
