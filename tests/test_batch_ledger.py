"""The ledger: one holder per packet, tries, leases, and what makes a result stale. SQLite, and PostgreSQL where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.ledger import MOST_LOSSES, Ended, Entry, Ledger
from pipeline.packets import Problem
from pipeline.runs import Run, alive, this_run


def never(packet_id: str, output: str) -> bool:
    return False


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL of our own on a socket; skipped where the server is not installed."""
    tools = next(
        (p for p in ["/usr/local/bin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))] if Path(p, "initdb").exists()),
        None,
    )
    pytest.importorskip("psycopg")
    if tools is None:
        pytest.skip("no PostgreSQL server here")
    home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    shutil.chown(home, "nobody") if os.getuid() == 0 else None
    user = {"user": "nobody"} if os.getuid() == 0 else {}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": home}
    made = subprocess.run([f"{tools}/initdb", "-D", f"{home}/data", "-U", "t", "-A", "trust"], **quiet, **user, check=False)
    if made.returncode:
        pytest.skip("PostgreSQL cannot be set up here")
    server = subprocess.Popen([f"{tools}/postgres", "-D", f"{home}/data", "-k", str(home), "-h", "", "-F"], **quiet, **user)
    for _ in range(100):
        if (home / ".s.PGSQL.5432").exists():
            break
        threading.Event().wait(0.1)
    yield f"postgresql+psycopg://t@/postgres?host={home}"
    server.terminate()
    server.wait()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    return f"sqlite:///{tmp_path}/l.sqlite" if request.param == "sqlite" else request.getfixturevalue("postgres")


@pytest.fixture
def ledger(url, tmp_path):
    found = Ledger(url, str(tmp_path), this_run(), "batch")
    assert found.begin() is None
    yield found
    found.end()
    found.close()


def entries(n: int, fingerprint: str = "f") -> list[Entry]:
    return [Entry(f"p{i}", i, fingerprint) for i in range(n)]


def finish(ledger, packet_id, screened=True, publish=lambda: None):
    return ledger.finish(Ended(packet_id, screened, 3, 0.1, "sha" if screened else ""), publish)[0]


def test_packets_are_claimed_once_in_their_order_and_counted(ledger):
    ledger.enter(entries(3), never)
    assert [ledger.claim() for _ in range(4)] == [("p0", 1), ("p1", 1), ("p2", 1), None]
    assert finish(ledger, "p1") and not finish(ledger, "p1")
    counts = ledger.counts()
    assert (counts.running, counts.screened, counts.pages) == (2, 1, 3)


def test_a_try_that_failed_comes_last_and_is_counted(ledger):
    ledger.enter(entries(2), never)
    assert ledger.claim() == ("p0", 1)
    ledger.give_back("p0")
    assert [ledger.claim(), ledger.claim()] == [("p1", 1), ("p0", 2)]


def test_many_claimers_never_get_the_same_packet(ledger, url, tmp_path):
    ledger.enter(entries(60), never)
    got: list[str] = []

    def take() -> None:
        mine = Ledger(url, str(tmp_path), this_run(), "batch")
        while claimed := mine.claim():
            got.append(claimed[0])
        mine.close()

    threads = [threading.Thread(target=take) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(got) == sorted(f"p{i}" for i in range(60))


def test_an_unchanged_result_stands_and_a_changed_one_waits_again(ledger):
    ledger.enter(entries(3), never)
    for _ in range(3):
        finish(ledger, ledger.claim()[0])
    ledger.enter([Entry("p0", 0, "f"), Entry("p1", 1, "other"), Entry("p2", 2, "f")], lambda p, sha: p == "p2" and sha == "sha")
    assert ledger.counts().screened == 1
    assert [ledger.claim(), ledger.claim(), ledger.claim()] == [("p1", 1), ("p2", 1), None]


def test_files_are_put_in_place_only_by_the_run_that_holds_the_packet(ledger, url, tmp_path):
    ledger.enter(entries(1), never)
    ledger.claim()
    other = Ledger(url, str(tmp_path), this_run(), "batch")
    published: list[int] = []
    assert not finish(other, "p0", publish=lambda: published.append(1)) and not published
    assert finish(ledger, "p0", publish=lambda: published.append(2)) and published == [2]
    other.close()


def test_files_that_cannot_be_put_in_place_leave_the_packet_unfinished(ledger):
    ledger.enter(entries(1), never)
    ledger.claim()

    def full() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError):
        finish(ledger, "p0", publish=full)
    assert ledger.counts().running == 1


def test_what_a_dead_run_held_is_taken_over_without_counting_as_a_try(ledger, url, tmp_path):
    ledger.enter(entries(2), never)
    gone = Ledger(url, str(tmp_path), replace(this_run(), process="999999999:1"), "batch")
    gone.begin()
    assert gone.claim() == ("p0", 1)
    gone.close()
    ledger.renew()
    assert [ledger.claim(), ledger.claim()] == [("p0", 1), ("p1", 1)]
    assert ledger.suspects() == []


def test_a_packet_that_runs_keep_ending_with_is_suspected(ledger, url, tmp_path):
    ledger.enter(entries(1), never)
    for n in range(MOST_LOSSES):
        gone = Ledger(url, str(tmp_path), Run(f"gone{n}{tmp_path}", this_run().machine, "999999999:1"), "batch")
        gone.begin()
        assert gone.claim() == ("p0", 1)
        gone.close()
        ledger.renew()
    assert ledger.suspects() == ["p0"]


def test_a_live_run_keeps_its_packets_whatever_the_clock_says():
    here = this_run()
    assert alive(here, lease=False)
    assert not alive(replace(here, process=here.process.split(":")[0] + ":1"), lease=True)
    elsewhere = replace(here, machine="another")
    assert alive(elsewhere, lease=True) and not alive(elsewhere, lease=False)


def test_ending_frees_what_is_held_as_if_never_claimed(ledger, url, tmp_path):
    ledger.enter(entries(1), never)
    ledger.claim()
    ledger.end()
    assert ledger.claim() == ("p0", 1)


def test_another_batch_is_refused_while_a_run_lives(ledger, url, tmp_path):
    other = Ledger(url, str(tmp_path), this_run(), "other batch")
    assert other.begin() == "batch"
    ledger.end()
    assert other.begin() is None
    other.end()
    other.close()


def test_packets_taken_out_of_the_folder_are_forgotten(ledger):
    ledger.enter(entries(3), never)
    ledger.forget({"p0", "p2"})
    assert ledger.counts().waiting == 2


def test_results_come_in_order_with_their_problems(ledger):
    ledger.enter(entries(2), never)
    ledger.claim(), ledger.claim()
    ledger.finish(Ended("p1", False, problems=(Problem("p1", "x.pdf", "empty file"),)), lambda: None)
    finish(ledger, "p0")
    assert list(ledger.results()) == [
        ("p0", "done", True, ()),
        ("p1", "failed", False, (Problem("p1", "x.pdf", "empty file"),)),
    ]
