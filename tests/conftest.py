"""What holds for every test: nothing leaves this machine."""

from __future__ import annotations

import socket
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
