"""What a night's run survives: killed workers, a killed run, SIGTERM, poison, time and memory limits, a full disk.

Real workers on real files throughout; undisturbed bytes are the measure.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from made_packets import FORM, NOTE, write_pdf

from criteria.policy import policy_folder
from pipeline.batch.intake import BatchLimits, Options, screen_all
from pipeline.batch.processes import Processes
from pipeline.batch.task import Lost, Settings, Task
from pipeline.packets import find_packets

ROOT = Path(__file__).parents[1]
PACKETS = 10


def records(folder: Path, n: int = PACKETS, pages: int = 2) -> Path:
    for i in range(n):
        packet = folder / f"p{i:02d}"
        packet.mkdir(parents=True)
        (packet / "form.txt").write_text(FORM)
        write_pdf(packet / "note.pdf", *[[*NOTE, f"Note {i}, sheet {k}."] for k in range(pages)])
    return folder


def command(records: Path, workspace: Path, *more: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-m", "pipeline", "screen", str(records), "--out", str(workspace), "--jobs", "2", "--json", *more]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(arguments, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def results(workspace: Path) -> dict[str, bytes]:
    files = [*workspace.glob("screenings/*"), *workspace.glob("worksheets/*"), *workspace.glob("*.csv")]
    return {str(p.relative_to(workspace)): p.read_bytes() for p in files}


def events(workspace: Path, name: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (workspace / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if line["event"] == name]


def until(condition, seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def finished(workspace: Path) -> int:
    return len(list(workspace.glob("screenings/*.json")))


def workers_of(pid: int) -> list[int]:
    """The worker processes of a run: its children, less the one that tracks shared resources."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += map(int, (task / "children").read_text().split())
    return [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    made = records(folder / "records")
    outcome = screen_all(find_packets(made), folder / "w", Options(jobs=1))
    assert (outcome.counts.screened, outcome.stopped) == (PACKETS, None)
    return made, results(folder / "w")


def test_two_workers_give_the_bytes_of_one(undisturbed, tmp_path):
    made, expected = undisturbed
    screen_all(find_packets(made), tmp_path, Options(jobs=2))
    assert results(tmp_path) == expected


def test_workers_killed_at_random_moments_lose_nothing(undisturbed, tmp_path):
    made, expected = undisturbed
    run = command(made, tmp_path)
    chance = random.Random(7)
    for _ in range(4):
        until(lambda: run.poll() is not None or workers_of(run.pid))
        time.sleep(chance.uniform(0.0, 2.0))
        if run.poll() is None and (victims := workers_of(run.pid)):
            os.kill(chance.choice(victims), signal.SIGKILL)
    assert run.wait(240) == 0
    assert results(tmp_path) == expected
    ended = [line["packet"] for line in events(tmp_path, "ended")]
    assert len(ended) == len(set(ended)) == PACKETS


def test_everything_killed_and_the_same_command_goes_on(undisturbed, tmp_path):
    made, expected = undisturbed
    run = command(made, tmp_path)
    until(lambda: finished(tmp_path) >= 3)
    run.kill()
    run.wait()
    done = finished(tmp_path)
    again = command(made, tmp_path)
    assert again.wait(240) == 0
    assert results(tmp_path) == expected
    ended = [line["packet"] for line in events(tmp_path, "ended")]
    assert len(ended) <= PACKETS + 2 and done >= 3  # at most the two at work were done again
    assert not any((tmp_path / "staging").iterdir())  # nor does anything of the killed run lie about


def test_sigterm_ends_cleanly_and_says_what_is_left(tmp_path):
    made = records(tmp_path / "records", 30)
    run = command(made, tmp_path / "w")
    until(lambda: finished(tmp_path / "w") >= 2)
    run.terminate()
    out, err = run.communicate(timeout=120)
    told = json.loads(out)
    assert run.returncode == 1 and "SIGTERM" in err
    assert 2 <= told["screened"] < 30 and told["screened"] == finished(tmp_path / "w")
    with (tmp_path / "w" / "problems.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 30 - told["screened"]
    assert not any((tmp_path / "w" / "staging").iterdir())


def test_two_runs_at_once_share_the_work_and_do_nothing_twice(undisturbed, tmp_path):
    made, expected = undisturbed
    runs = [command(made, tmp_path) for _ in range(2)]
    assert [run.wait(240) for run in runs] == [0, 0]
    assert results(tmp_path) == expected
    ended = [line["packet"] for line in events(tmp_path, "ended")]
    assert len(ended) == len(set(ended)) == PACKETS


def test_of_two_runs_at_once_one_is_killed_and_the_other_loses_workers(undisturbed, tmp_path):
    made, expected = undisturbed
    lost, left = (command(made, tmp_path) for _ in range(2))
    until(lambda: finished(tmp_path) >= 2)
    lost.kill()
    lost.wait()
    if victims := workers_of(left.pid):
        os.kill(victims[0], signal.SIGKILL)
    assert left.wait(240) == 0
    assert results(tmp_path) == expected
    ended = [line["packet"] for line in events(tmp_path, "ended")]
    assert set(ended) == {f"p{i:02d}" for i in range(PACKETS)} and len(ended) <= PACKETS + 2
    assert not any((tmp_path / "staging").iterdir())


def test_another_policy_program_or_rules_of_ones_own_redo_every_packet_and_a_new_packet_is_done_alone(tmp_path, monkeypatch):
    made, workspace = records(tmp_path / "records", 2), tmp_path / "w"
    policy = tmp_path / "policy"
    shutil.copytree(policy_folder("LA.CP.MP.173"), policy)

    def pages_read() -> int:
        return screen_all(find_packets(made), workspace, Options(policy=str(policy), engine="here")).pages_read

    every = pages_read()
    assert every > 0 and pages_read() == 0
    text = (policy / "policy.yaml").read_text()
    (policy / "policy.yaml").write_text(text.replace("revision:", "# looked at again\nrevision:", 1))
    assert (pages_read(), pages_read()) == (every, 0)
    monkeypatch.setattr("pipeline.batch.fingerprint.software", lambda: "another program")
    assert (pages_read(), pages_read()) == (every, 0)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "opioids.yaml").write_text("{}\n")
    monkeypatch.setenv("CHARTPROOF_RULES", str(tmp_path / "own"))
    assert (pages_read(), pages_read()) == (every, 0)
    records(tmp_path / "more", 3)
    shutil.move(tmp_path / "more" / "p02", made / "p02")
    assert (pages_read(), pages_read()) == (every // 2, 0)


def test_a_second_call_does_nothing_and_a_changed_document_is_done_alone(tmp_path):
    made = records(tmp_path / "records", 3)
    packets, workspace = find_packets(made), tmp_path / "w"
    screen_all(packets, workspace, Options(engine="here"))
    before = {p: p.stat().st_mtime_ns for p in workspace.glob("screenings/*")}
    assert screen_all(packets, workspace, Options(engine="here")).pages_read == 0
    assert {p: p.stat().st_mtime_ns for p in workspace.glob("screenings/*")} == before
    (made / "p01" / "form.txt").write_text(FORM + "Seen again.\n")
    screen_all(packets, workspace, Options(engine="here"))
    changed = [p.stem for p in workspace.glob("screenings/*") if p.stat().st_mtime_ns != before[p]]
    assert changed == ["p01"]
    (workspace / "screenings" / "p02.json").write_text("{}")
    screen_all(packets, workspace, Options(engine="here"))
    assert json.loads((workspace / "screenings" / "p02.json").read_text())["packet_id"] == "p02"


def test_a_packet_that_can_no_longer_be_read_loses_its_old_result(tmp_path):
    made = records(tmp_path / "records", 2)
    for name in ("form.txt", "note.pdf"):
        screen_all(find_packets(made), tmp_path / "w", Options(engine="here"))
        (made / "p00" / name).write_bytes(b"")
    outcome = screen_all(find_packets(made), tmp_path / "w", Options(engine="here"))
    assert (outcome.counts.screened, outcome.counts.failed) == (1, 1)
    assert [p.stem for p in (tmp_path / "w" / "screenings").iterdir()] == ["p01"]


def _lost(limits: BatchLimits, tmp_path: Path, pages: int = 300) -> str:
    made = records(tmp_path / "records", 1, pages)
    engine = Processes(Settings("LA.CP.MP.173", tmp_path / "staging"), 1, limits)
    try:
        until(lambda: engine.events(0.1) == [] and engine.free())
        engine.start(Task(find_packets(made)[0]))
        found: list[object] = []
        until(lambda: found.extend(engine.events(0.1)) or any(isinstance(e, Lost) for e in found))
        until(lambda: engine.events(0.1) == [] and engine.free())  # another worker has taken its place
        return next(e.reason for e in found if isinstance(e, Lost))
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (BatchLimits(page_seconds=0.0), "a page took more than"),
        (BatchLimits(packet_seconds=0.3, seconds_a_page=0.0), "it took more than"),
        (BatchLimits(memory_bytes=50_000_000, recycle_bytes=10**12), "MB of memory"),
    ],
)
def test_a_worker_that_takes_too_much_is_killed_and_replaced(limits, told, tmp_path):
    assert told in _lost(limits, tmp_path)


def test_a_poison_packet_is_given_up_after_three_tries_and_the_others_are_screened(tmp_path):
    made = records(tmp_path / "records", 3)
    write_pdf(made / "p01" / "long.pdf", *[NOTE] * 1500)
    limits = BatchLimits(packet_seconds=2.0, seconds_a_page=0.0, grace_seconds=1.0)
    outcome = screen_all(find_packets(made), tmp_path / "w", Options(jobs=1, limits=limits))
    assert (outcome.counts.screened, outcome.counts.failed) == (2, 1)
    assert [(p.packet_id, p.problem) for p in outcome.problems] == [("p01", "given up after 3 tries: it took more than 2 s")]
    again = screen_all(find_packets(made), tmp_path / "w", Options(jobs=1, limits=limits))
    assert (again.counts.failed, again.pages_read) == (1, 0)


def test_a_worn_worker_is_replaced(tmp_path):
    made = records(tmp_path / "records", 4)
    engine = Processes(Settings("LA.CP.MP.173", tmp_path / "staging"), 1, replace(BatchLimits(), recycle_packets=1))
    try:
        until(lambda: engine.events(0.1) == [] and engine.free())
        first = [worker.process.pid for worker in engine._workers]
        engine.start(Task(find_packets(made)[0]))
        until(lambda: engine.events(0.1) == [] and engine.free() and [worker.process.pid for worker in engine._workers] != first)
    finally:
        engine.close()


def test_a_full_disk_stops_the_run_cleanly_and_space_lets_it_go_on(undisturbed, tmp_path):
    """The limit on file sizes stands in for the disk: writing fails in the ledger, the log or a result alike."""
    made, expected = undisturbed
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000));"
        "from pipeline.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    arguments = ["screen", str(made), "--out", str(tmp_path), "--engine", "here", "--quiet"]
    run = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
                         capture_output=True, text=True, timeout=240, check=False)  # fmt: skip
    assert run.returncode == 1 and "disk is full" in run.stderr and "Traceback" not in run.stderr
    screen_all(find_packets(made), tmp_path, Options(engine="here"))
    assert results(tmp_path) == expected


def test_too_little_room_stops_before_anything_is_begun(tmp_path):
    made = records(tmp_path / "records", 1)
    limits = BatchLimits(disk_bytes=2**62)
    outcome = screen_all(find_packets(made), tmp_path / "w", Options(engine="here", limits=limits))
    assert outcome.stopped and "MB of disk are free" in outcome.stopped and outcome.counts.screened == 0


def test_called_off_the_main_thread_it_works_too(tmp_path):
    made = records(tmp_path / "records", 1)
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.append(screen_all(find_packets(made), tmp_path / "w", Options(engine="here"))))
    thread.start()
    thread.join()
    assert got and got[0].counts.screened == 1  # type: ignore[attr-defined]
