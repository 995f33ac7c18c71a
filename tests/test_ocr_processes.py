"""Recognition in several processes: a packet's pages shared out among them, and none that outlives its run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import ocr_pages
import pytest

from pipeline.batch.intake import Options, screen_all
from pipeline.packets import find_packets

ROOT = Path(__file__).parents[1]
LIFELINE = """
import ctypes, subprocess, sys, time
if sys.argv[1] == "child":
    from extractors import lifeline
    if sys.argv[3] == "look":
        ctypes.CDLL = lambda _: object()  # as where the system has no such signal
    lifeline.die_with(int(sys.argv[2]))
    print("ready", flush=True)
else:
    import os
    child = subprocess.Popen([sys.executable, __file__, "child", str(os.getpid()), sys.argv[2]], stdout=subprocess.PIPE)
    child.stdout.readline()
    print(child.pid, flush=True)
time.sleep(300)
"""
RECOGNISING = """
import sys, time
from pathlib import Path
from extractors.readers import read_document
from extractors.readers.ocr_worker import Recogniser
recogniser = Recogniser()
read_document(Path(sys.argv[1]), recognise=recogniser)
print(recogniser.workers[0].process.pid, flush=True)
time.sleep(300)
"""
pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes through /proc")


def until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    """Whether a process has ended; its parent may still have to be told."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def started(script: Path, text: str, *arguments: str) -> tuple[subprocess.Popen[str], int]:
    """A program, and the child that it says it has started."""
    script.write_text(text)
    program = subprocess.Popen(
        [sys.executable, str(script), *arguments], env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    assert program.stdout
    return program, int(program.stdout.readline())


def killed(program: subprocess.Popen[str]) -> None:
    program.kill()
    program.communicate()


@pytest.mark.parametrize("way", ["signal", "look"])
def test_a_child_ends_when_its_parent_was_killed(way: str, tmp_path: Path) -> None:
    program, child = started(tmp_path / "program.py", LIFELINE, "parent", way)
    assert not gone(child)
    killed(program)
    until(lambda: gone(child), 30)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread of the child looks, and a stopped one cannot")
def test_recognition_at_work_ends_when_its_run_was_killed(tmp_path: Path) -> None:
    scan = ocr_pages.save_pdf(ocr_pages.page(), tmp_path / "scan.pdf")
    program, child = started(tmp_path / "program.py", RECOGNISING, str(scan))
    os.kill(child, signal.SIGSTOP)  # as deep in a page: it hears of nothing, the closed pipe included
    killed(program)
    until(lambda: gone(child), 30)


def recognisers() -> Iterator[tuple[int, int]]:
    """(process, its parent) of every recognition process that has used processor time for a page."""
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_bytes()
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, NotADirectoryError, ProcessLookupError, PermissionError):
            continue
        if b"extractors.readers.ocr_worker" in command and int(fields[11]) > os.sysconf("SC_CLK_TCK"):
            yield int(folder.name), int(fields[1])


def screened(records: Path, workspace: Path, jobs: int) -> tuple[dict[str, bytes], set[tuple[int, int]]]:
    """What a run writes, and the recognition processes seen meanwhile."""
    seen: set[tuple[int, int]] = set()
    over = threading.Event()
    before = set(recognisers())

    def watch() -> None:
        while not over.wait(0.05):
            seen.update(recognisers())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        outcome = screen_all(find_packets(records), workspace, Options(jobs=jobs))
    finally:
        over.set()
        watcher.join()
    assert (outcome.counts.screened, outcome.problems) == (1, ())
    return {p.name: p.read_bytes() for p in workspace.glob("[sw]*/*")}, seen - before


def test_the_pages_of_one_packet_are_recognised_in_several_processes_to_the_same_bytes(tmp_path: Path) -> None:
    pages = [ocr_pages.page((*ocr_pages.LINES, f"Sheet {n}: pain score {n}/10.")) for n in range(1, 6)]
    (tmp_path / "records" / "one").mkdir(parents=True)
    pages[0].save(tmp_path / "records" / "one" / "scan.pdf", resolution=200, save_all=True, append_images=pages[1:])
    alone, by_one = screened(tmp_path / "records", tmp_path / "w1", jobs=1)
    shared, by_two = screened(tmp_path / "records", tmp_path / "w2", jobs=2)
    assert len(by_one) == 1
    assert len(by_two) == 2
    assert len({parent for _, parent in by_two}) == 1, "two workers, not two processes of one"
    assert set(shared) == set(alone) and shared == alone
    assert b"Sheet 5" in b"".join(path.read_bytes() for path in (tmp_path / "w2").glob("cache/ocr/*/*.json"))
