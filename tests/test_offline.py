"""The tests' own promise, seen red: a connection to another machine fails."""

from __future__ import annotations

import socket

import pytest


def test_another_machine_cannot_be_reached():
    with socket.socket() as line, pytest.raises(OSError, match="no network"):
        line.connect(("192.0.2.1", 9))


def test_this_machine_can():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as line:
        assert line.getpeername() == server.getsockname()
