"""The conversation in the packet's page: its routes, its memory, and the panel in a real browser."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from browsing import CHROMIUM, violations
from cryptography.fernet import Fernet
from fastapi.testclient import TestClient
from made_reviews import write_workspace

from extractors.errors import UserError
from pipeline.chat.graph import Conversation
from pipeline.chat.packet import open_packet
from pipeline.record import folder_of, forget
from pipeline.store import Store, access, open_store
from pipeline.store.ingest import ingest
from pipeline.web.app import create_app
from pipeline.web.chat_routes import Talks
from pipeline.web.passwords import hash_password

PASSWORD = "four quiet herons wade"
QUESTION = "is there an infection today?"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Path]]:
    folder = tmp_path_factory.mktemp("talk")
    workspace = write_workspace(folder)
    store = open_store(folder / "store")
    ingest(store, workspace)
    with store.write("test") as tx:
        for name, team in (("ann", "default"), ("bob", "default"), ("eve", "other")):
            access.add_account(tx, name, "reviewer", [team], hash_password(PASSWORD))
    yield store, workspace
    store.close()


def signed_in(store: Store, workspace: Path, name: str, key: bytes | None = None) -> tuple[TestClient, str, dict[str, str]]:
    client = TestClient(create_app(store, talks=Talks(workspace, key=key)), base_url="https://localhost")
    client.post("/login", data={"name": name, "password": PASSWORD})
    with store.read() as conn:
        from sqlalchemy import select

        from pipeline.store import schema as t

        packet = conn.execute(select(t.packets.c.key)).scalar_one()
    body = client.get("/").text
    token = body.split("X-CSRF-Token&#34;: &#34;")[-1].split("&#34;")[0] if "&#34;X-CSRF" in body else body.split('"X-CSRF-Token": "')[1].split('"')[0]
    return client, f"/packets/{packet}/chat", {"x-csrf-token": token}


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    blocks = [block.split("\n") for block in text.split("\n\n") if block]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_a_turn_is_streamed_as_verified_excerpts_and_remembered(made: tuple[Store, Path]) -> None:
    client, base, token = signed_in(*made, "ann")
    answer = client.post(f"{base}/ask", data={"q": QUESTION}, headers=token)
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events(answer.text)
    assert told[0][0] == "reading" and told[-1] == ("end", {"status": "answered"})
    quotes = [data["quote"] for name, data in told if name == "citation"]
    assert any("no active infection" in q for q in quotes) and all(data["place"] for name, data in told if name == "citation")
    assert [t["q"] for t in client.get(f"{base}/turns").json()] == [QUESTION]


def test_a_thread_is_its_reviewers_own_and_can_be_forgotten(made: tuple[Store, Path]) -> None:
    client, base, token = signed_in(*made, "bob")
    assert client.get(f"{base}/turns").json() == []
    client.post(f"{base}/ask", data={"q": QUESTION}, headers=token)
    assert len(client.get(f"{base}/turns").json()) == 1
    assert client.post(f"{base}/forget", headers=token).status_code == 204
    assert client.get(f"{base}/turns").json() == []


def test_nobody_asks_without_a_token_or_of_another_teams_packet(made: tuple[Store, Path]) -> None:
    client, base, _ = signed_in(*made, "ann")
    assert client.post(f"{base}/ask", data={"q": QUESTION}).status_code == 403
    client, base, token = signed_in(*made, "eve")
    assert client.post(f"{base}/ask", data={"q": QUESTION}, headers=token).status_code == 404
    assert client.get(f"{base}/turns").status_code == 404


def test_memory_is_encrypted_with_a_key_and_goes_with_the_packet(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path)
    memory = folder_of(workspace, "case-01") / "chat.sqlite"
    key = Fernet.generate_key()
    with Conversation(open_packet(workspace, "case-01"), None, memory, key) as talk:
        talk.ask("is there an infection, xylophone?")
        assert talk.turns()[0]["q"].endswith("xylophone?")
    kept = b"".join(f.read_bytes() for f in memory.parent.glob("chat.sqlite*"))
    assert b"xylophone" not in kept and b"infection" not in kept
    with pytest.raises(UserError, match="Fernet"):
        Conversation(open_packet(workspace, "case-01"), None, memory, b"short")
    forget(workspace, "case-01")
    assert not memory.exists()


def test_without_a_key_it_is_readable(tmp_path: Path) -> None:
    """The control of the test above: the same words do stand in a file that is not encrypted."""
    workspace = write_workspace(tmp_path)
    memory = folder_of(workspace, "case-01") / "chat.sqlite"
    with Conversation(open_packet(workspace, "case-01"), None, memory) as talk:
        talk.ask("is there an infection, xylophone?")
    assert b"xylophone" in b"".join(f.read_bytes() for f in memory.parent.glob("chat.sqlite*"))


def test_pages_that_are_gone_are_said(made: tuple[Store, Path], tmp_path: Path) -> None:
    shutil.copytree(made[1], tmp_path / "w")
    forget(tmp_path / "w", "case-01")
    client, base, token = signed_in(made[0], tmp_path / "w", "ann")
    assert events(client.post(f"{base}/ask", data={"q": QUESTION}, headers=token).text)[-1][0] == "problem"


@pytest.fixture(scope="module")
def address(made: tuple[Store, Path]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(made[0], talks=Talks(made[1])), port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://localhost:{port}"
    server.should_exit = True
    thread.join(10)


def at_packet(page: Any, address: str, name: str) -> None:
    """Sign in by the form and open the packet."""
    page.goto(f"{address}/login")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    page.click("text=case-01")
    page.wait_for_selector("html[data-ready=yes]")


@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here: apt-get install chromium")
def test_a_question_by_keyboard_opens_its_excerpt_on_the_page(browser: Any, address: str) -> None:
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    at_packet(page, address, "ann")
    page.keyboard.press("t")
    assert page.evaluate("document.activeElement.id") == "talk-q"
    page.keyboard.type(f"{QUESTION}")
    page.keyboard.press("Enter")
    last = page.locator(".talk-log .cited", has_text="no active infection").last
    last.wait_for()
    last.click()
    page.wait_for_selector(".choice rect", state="attached")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Escape")
    assert page.locator("#talk").is_hidden() or page.evaluate("document.activeElement.id") != "talk-q"
    assert wrong == []


def test_excerpts_are_streamed_beneath_their_statement(made: tuple[Store, Path]) -> None:
    client, base, token = signed_in(*made, "bob")
    told = [(name, data) for name, data in events(client.post(f"{base}/ask", data={"q": "are there contradictions?"}, headers=token).text) if name in ("says", "citation")]
    assert [name for name, _ in told] == ["says", "citation", "citation"] and ": " in told[0][1]["says"]
    (turn,) = client.get(f"{base}/turns").json()
    assert [(part["says"], len(part["citations"])) for part in turn["told"]] == [(told[0][1]["says"], 2)]
    client.post(f"{base}/forget", headers=token)


@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here: apt-get install chromium")
def test_a_question_asked_at_once_stands_after_the_turns_before_it(browser: Any, made: tuple[Store, Path], address: str) -> None:
    client, base, token = signed_in(*made, "bob")
    client.post(f"{base}/ask", data={"q": "are there contradictions?"}, headers=token)
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    at_packet(page, address, "bob")
    held: list[Any] = []
    page.route("**/chat/turns", lambda route: held.append(route))
    page.click("[data-do=talk]")
    page.fill("#talk-q", QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    held[0].continue_()
    page.locator(".talk-log .cited", has_text="no active infection").last.wait_for()
    page.locator(".talk-log", has_text="Reading the record").wait_for(state="detached")
    assert page.locator(".talk-log .asked").all_inner_texts() == ["are there contradictions?", QUESTION]
    assert page.locator(".talk-log .statement").first.locator(".cited").count() == 2
    assert page.evaluate("document.querySelector('#talk-log').lastElementChild.compareDocumentPosition(document.querySelectorAll('.asked')[1])") == 2


@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here: apt-get install chromium")
def test_the_open_panel_has_no_accessibility_violation(browser: Any, address: str) -> None:
    page = browser.new_context(viewport={"width": 1366, "height": 768}, bypass_csp=True).new_page()
    at_packet(page, address, "ann")
    page.click("[data-do=talk]")
    page.fill("#talk-q", QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector(".talk-log .cited")
    assert violations(page) == []
