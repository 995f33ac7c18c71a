"""Many reviewers at once, and a server that is killed while it saves: nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import httpx
from made_reviews import write_workspace
from served import served

from pipeline.store import access, audit, open_store
from pipeline.store.ingest import ingest
from pipeline.web.app import create_app

ROOT = Path(__file__).parent.parent


def benchmark() -> Any:
    spec = spec_from_file_location("review_benchmark", ROOT / "benchmarks" / "review.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_fifty_reviewers_at_once_lose_nothing(tmp_path: Path) -> None:
    bench = benchmark()
    store = open_store(tmp_path / "store")
    ingest(store, write_workspace(tmp_path, packets=5, criteria=10, pages=1))
    cookies = [bench.session(store, f"reviewer {n}") for n in range(5)]
    readers = [bench.session(store, f"reader {n}") for n in range(45)]
    with served(lambda _: create_app(store)) as address:

        async def all_at_once() -> dict[str, list]:
            told, _ = await asyncio.gather(
                bench.crowd(address, cookies, 4), asyncio.gather(*(look(address, c) for c in readers))
            )
            return told

        told = asyncio.run(all_at_once())
    assert told["errors"] == [] and len(told["acknowledged"]) >= 5
    assert set(told["acknowledged"]) <= bench.kept(store)
    with store.read() as conn:
        assert audit.verify(conn, store.audit_key).bad is None
    store.close()


async def look(address: str, cookie: str) -> None:
    """A reader opens the queue and a packet."""
    async with httpx.AsyncClient(base_url=address, cookies={"__Host-sid": cookie}, timeout=60) as http:
        queue = await http.get("/")
        found = re.search(r'href="(/packets/\w+)"', queue.text)
        assert queue.status_code == 200 and found
        assert (await http.get(found[1])).status_code == 200


def test_a_server_killed_while_it_saves_has_kept_what_it_acknowledged(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path, criteria=40, pages=1)
    store = open_store(workspace / "review")
    ingest(store, workspace)
    bench = benchmark()
    cookie = bench.session(store, "ann")
    store.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pipeline", "review", str(workspace), "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    acknowledged: list[tuple[str, str, int]] = []
    enough = threading.Event()

    def decide() -> None:
        with httpx.Client(base_url=f"http://localhost:{port}", cookies={"__Host-sid": cookie}, timeout=60) as http:
            for _ in range(600):
                try:
                    queue = http.get("/").text
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            key = re.findall(r'href="/packets/(\w+)"', queue)[0]
            http.headers["X-CSRF-Token"] = re.findall(r'name="csrf" value="([^"]+)"', queue)[0]
            http.post(f"/packets/{key}/claim")
            try:
                for number in range(10_000):
                    for n in (3, 8, 13, 18):  # not documented: nothing has to be in view first
                        data = {"action": "undo" if number % 2 else "confirm", "number": str(number)}
                        if http.post(f"/packets/{key}/decide/I.B.{n}", data=data).status_code == 200:
                            acknowledged.append((key, f"I.B.{n}", number + 1))
                        if len(acknowledged) >= 6:
                            enough.set()
            except httpx.TransportError:
                return

    writer = threading.Thread(target=decide, daemon=True)
    writer.start()
    try:
        assert enough.wait(300)
    finally:
        os.kill(server.pid, signal.SIGKILL)  # in the middle of a request: the writer never pauses
        server.wait(20)
    writer.join(60)
    again = open_store(workspace / "review")
    assert set(acknowledged) <= bench.kept(again)
    with again.read() as conn:
        assert audit.verify(conn, again.audit_key).bad is None
        assert access.anyone(conn)
    again.close()
