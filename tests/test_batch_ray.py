"""The Ray engine on a real local cluster: same bytes, and an actor that is killed loses nothing. Slow: asked for by name."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from test_faults import PACKETS, events, finished, records, results

from pipeline.batch import Options, screen_all
from pipeline.packets import find_packets

pytestmark = pytest.mark.skipif("CHARTPROOF_RAY" not in os.environ, reason="starts a Ray cluster; set CHARTPROOF_RAY=1")


def test_actors_give_the_same_bytes_though_one_is_killed(tmp_path):
    pytest.importorskip("ray")
    packets = find_packets(records(tmp_path / "records"))
    screen_all(packets, tmp_path / "here", Options(engine="here"))
    killed: list[int] = []

    def kill_one() -> None:
        while not killed and finished(tmp_path / "ray") < PACKETS:
            if finished(tmp_path / "ray") >= 2:
                for actor in (p for p in Path("/proc").glob("[0-9]*/cmdline") if b"ray::Remote" in p.read_bytes()):
                    killed.append(int(actor.parent.name))
                    os.kill(killed[-1], signal.SIGKILL)
                    return
            time.sleep(0.01)

    thread = threading.Thread(target=kill_one)
    (tmp_path / "ray" / "screenings").mkdir(parents=True)
    thread.start()
    outcome = screen_all(packets, tmp_path / "ray", Options(engine="ray", jobs=2))
    thread.join()
    assert killed and (outcome.counts.screened, outcome.stopped) == (PACKETS, None)
    assert results(tmp_path / "ray") == results(tmp_path / "here")
    ended = [line["packet"] for line in events(tmp_path / "ray", "ended")]
    assert len(ended) == len(set(ended)) == PACKETS
