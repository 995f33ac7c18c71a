"""The Ray engine on a real cluster of one node: same bytes, and an actor that is killed loses nothing."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from test_faults import command, events, finished, records, results, until

from pipeline.batch.intake import Options, screen_all
from pipeline.packets import find_packets

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra `ray` is not installed"),
]
PACKETS = 4
START = "from ray.scripts.scripts import main; main()"
PORTS = ("port", "dashboard-agent-grpc-port", "dashboard-agent-listen-port", "metrics-export-port", "runtime-env-agent-port")


@pytest.fixture
def cluster(monkeypatch):
    """A node of our own, away from any other on this machine. With its ports named, Ray waits for none to be told."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in PORTS]
        [one.bind(("127.0.0.1", 0)) for one in sockets]
        ports = [one.getsockname()[1] for one in sockets]
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # the names of its sockets must be short
    for name, value in {"RAY_ADDRESS": f"127.0.0.1:{ports[0]}", "RAY_AUTH_MODE": "disabled", "RAY_TMPDIR": folder}.items():
        monkeypatch.setenv(name, value)
    arguments = [sys.executable, "-c", START, "start", "--head", "--block", "--disable-usage-stats", "--include-dashboard=false"]
    arguments += ["--node-ip-address=127.0.0.1", "--num-cpus=1", "--object-store-memory=100000000", f"--temp-dir={folder}"]
    arguments += [f"--{name}={port}" for name, port in zip(PORTS, ports, strict=True)]
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    node = subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert node.stdout
    told = []
    for line in node.stdout:
        told.append(line)
        if "Ray runtime started" in line:
            break
    else:
        pytest.fail(f"no cluster: {''.join(told)[-2000:]}")
    yield
    node.terminate()
    node.wait(60)


def test_actors_give_the_same_bytes_though_one_is_killed(cluster, tmp_path):
    made = records(tmp_path / "records", PACKETS)
    screen_all(find_packets(made), tmp_path / "here", Options(engine="here"))
    run = command(made, tmp_path / "ray", "--engine", "ray")
    until(lambda: run.poll() is not None or finished(tmp_path / "ray") >= 1)
    actors = _actors()
    assert actors and run.poll() is None
    os.kill(actors[0], signal.SIGKILL)
    told, errors = run.communicate(timeout=300)
    assert run.returncode == 0, errors
    assert results(tmp_path / "ray") == results(tmp_path / "here")
    ended = [line["packet"] for line in events(tmp_path / "ray", "ended")]
    assert len(ended) == len(set(ended)) == PACKETS
    assert [line["reason"] for line in events(tmp_path / "ray", "tried")] in ([], ["its actor was lost (ActorDiedError)"])


def test_without_a_cluster_the_user_is_told_how_to_start_one(monkeypatch, tmp_path):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    run = command(records(tmp_path / "records", 1), tmp_path / "w", "--engine", "ray")
    _, errors = run.communicate(timeout=300)
    assert run.returncode == 2 and "ray start --head" in errors and "Traceback" not in errors


def _actors() -> list[int]:
    return [int(p.parent.name) for p in Path("/proc").glob("[0-9]*/cmdline") if b"ray::Remote" in _read(p)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has just ended
        return b""
