"""The engine of one machine: spawned worker processes, watched and killed when they take too much."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from extractors.errors import UserError
from extractors.lifeline import die_with
from pipeline.batch.task import BatchLimits, Event, Lost, Progress, Read, Result, Settings, Task

MOST_FALSE_STARTS = 5
"""Workers that may die in a row before they have loaded their models."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
Message = Progress | Result | Lost | None


@dataclass(slots=True)
class Worker:
    """One process and what it is at. `heard` is when it last said something, `since` when its packet began."""

    process: BaseProcess
    pipe: Connection
    ready: bool = False
    task: Task | None = None
    since: float = 0.0
    heard: float = field(default_factory=time.monotonic)
    pages: int = 0
    reading: bool = True
    finished: int = 0


class Processes:
    """Up to `jobs` workers, each started once and given one packet after the other."""

    def __init__(self, settings: Settings, jobs: int, limits: BatchLimits = BatchLimits()) -> None:
        self.settings, self.limits = settings, limits
        self._context = multiprocessing.get_context("spawn")
        self._threads = max(1, len(os.sched_getaffinity(0)) // jobs)
        self._false_starts = 0
        self._leaving: list[Worker] = []
        self._workers = [self._spawn() for _ in range(jobs)]

    def free(self) -> int:
        return sum(worker.ready and worker.task is None for worker in self._workers)

    def start(self, task: Task) -> None:
        worker = next(worker for worker in self._workers if worker.ready and worker.task is None)
        worker.task, worker.pages, worker.reading = task, 0, True
        worker.since = worker.heard = time.monotonic()
        with suppress(OSError):  # it has just died, which `events` will see
            worker.pipe.send(task)

    def events(self, timeout: float) -> list[Event]:
        wait([worker.pipe for worker in self._workers], timeout)
        found: list[Event] = []
        for worker in list(self._workers):
            alive = self._hear(worker, found)
            reason = None if alive else _death(worker.process)
            if alive and worker.task is not None:
                reason = self._overdrawn(worker)
            if reason:
                self._replace(worker, reason, found)
            elif worker.task is None and self._worn(worker):
                self._retire(worker)
        self._leaving = [worker for worker in self._leaving if worker.process.is_alive()]
        return found

    def close(self) -> None:
        for worker in self._workers + self._leaving:
            _kill(worker)
        self._workers, self._leaving = [], []

    def _spawn(self) -> Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(target=serve, args=(self.settings, self.limits, there, os.getpid()))
        with _threads_each(self._threads):
            process.start()
        there.close()
        return Worker(process, here)

    def _hear(self, worker: Worker, found: list[Event]) -> bool:
        """Take in all that a worker has said; False when it is dead."""
        try:
            while worker.pipe.poll():
                self._take(worker, worker.pipe.recv(), found)
        except (EOFError, OSError):
            return False
        return worker.process.is_alive() or worker.pipe.poll()

    def _take(self, worker: Worker, message: Message, found: list[Event]) -> None:
        worker.heard = time.monotonic()
        if message is None:
            worker.ready, self._false_starts = True, 0
        elif isinstance(message, Progress):
            worker.pages, worker.reading = worker.pages + message.pages, message.reading
            if worker.task is not None and message.pages:
                found.append(Read(worker.task.packet.packet_id, message.pages))
        else:
            found.append(message)
            worker.task, worker.finished = None, worker.finished + 1

    def _overdrawn(self, worker: Worker) -> str | None:
        """Why a worker must be killed, if it must."""
        now, limits = time.monotonic(), self.limits
        if worker.reading and now - worker.heard > limits.page_seconds:
            return f"a page took more than {limits.page_seconds:g} s"
        most = limits.packet_seconds + limits.seconds_a_page * worker.pages
        if now - worker.since > most:
            return f"it took more than {most:g} s"
        if _resident(worker.process.pid) > limits.memory_bytes:
            return f"it needed more than {limits.memory_bytes // 1_000_000} MB of memory"
        return None

    def _replace(self, worker: Worker, reason: str, found: list[Event]) -> None:
        _kill(worker)
        self._workers.remove(worker)
        if worker.task is not None:
            found.append(Lost(worker.task.packet.packet_id, reason))
        elif not worker.ready:
            self._false_starts += 1
            if self._false_starts >= MOST_FALSE_STARTS:
                raise UserError(f"the workers cannot start: {reason}; see what they printed above")
        self._workers.append(self._spawn())

    def _worn(self, worker: Worker) -> bool:
        if not worker.ready or not worker.finished:
            return False
        return (
            worker.finished >= self.limits.recycle_packets
            or _resident(worker.process.pid) > self.limits.recycle_bytes
        )

    def _retire(self, worker: Worker) -> None:
        """Let a worker go that has done its share: what leaks in a library leaves with it."""
        worker.pipe.close()
        self._workers.remove(worker)
        self._leaving.append(worker)
        self._workers.append(self._spawn())


@contextmanager
def _threads_each(threads: int) -> Iterator[None]:
    """A process started within uses so many cores: libraries that bring threads read this when they are loaded."""
    wanted = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads)) | {"OMP_THREAD_LIMIT": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _kill(worker: Worker) -> None:
    """Kill a worker and whatever it has started: they are one process group."""
    try:
        os.killpg(worker.process.pid or 0, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        worker.process.kill()
    worker.process.join()
    worker.pipe.close()


def _death(process: BaseProcess) -> str:
    process.join(1.0)
    code = process.exitcode
    if code is not None and code < 0:
        return f"the process that read it was ended by {signal.Signals(-code).name}"
    return f"the process that read it ended with status {code}"


def _resident(pid: int | None) -> int:
    """Resident memory of a process in bytes; 0 where that cannot be told."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0


def serve(settings: Settings, limits: BatchLimits, pipe: Connection, supervisor: int) -> None:
    """A worker's life: load once, then one packet after the other until the supervisor closes the pipe."""
    import resource

    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    die_with(supervisor)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from pipeline.batch.work import Screener

    staging = settings.staging / str(os.getpid())
    screener = Screener(replace(settings, staging=staging))
    screener.warm()
    _quiet()
    pipe.send(None)
    while True:
        try:
            task: Task = pipe.recv()
        except EOFError:
            screener.close()
            return
        result = screener.screen(task, pipe.send)
        if isinstance(result, Result):
            result = replace(result, files=tuple(f"{os.getpid()}/{name}" for name in result.files))
        pipe.send(result)


def _quiet() -> None:
    """Whatever a library prints from here on could quote a record."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
