"""What holds for every test, nothing leaves this machine, and what several need: a browser, a packet to talk about."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = ("127.", "::1", "localhost", "0.0.0.0")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to another machine fails: the software works offline, and the tests prove it."""
    connect, own = socket.socket.connect, socket.gethostname()

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and self.type == socket.SOCK_STREAM:
            host = str(address[0])
            if not host.startswith(HERE) and host not in (own, socket.gethostbyname(own)):
                raise OSError(f"the tests have no network: {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser; the test is skipped where Playwright is not installed."""
    from browsing import CHROMIUM, FLAGS

    with pytest.importorskip("playwright.sync_api").sync_playwright() as started:
        found = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Holds the one packet of `made_chat`."""
    from made_chat import write_workspace

    return write_workspace(tmp_path)


@pytest.fixture
def packet(workspace: Path) -> Any:
    """That packet, opened for questions."""
    from pipeline.chat.packet import open_packet

    return open_packet(workspace, "p1")
