"""The supervisor: gives packets of the ledger to an engine's workers and puts in the ledger how each ended."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.batch.entering import Entering
from pipeline.batch.task import FULL, BatchLimits, Engine, Lost, Read, Result, Task
from pipeline.ledger import Counts, Ended, Ledger, LedgerStopped
from pipeline.logs import log
from pipeline.packets import Packet, Problem

RENEW_SECONDS = 10.0
LOOK_SECONDS = 1.0
DISK_FULL = "the disk is full"
FOLDERS = ("screenings", "worksheets", "records")
Watch = Callable[[Counts, int], None]
"""Told the counts of the batch and the pages read since the last time."""


class Supervisor:
    """One run over one batch. `stopped` says why it ended before all was done, None when all was."""

    def __init__(
        self,
        packets: Mapping[str, Packet],
        workspace: Path,
        staging: Path,
        ledger: Ledger,
        make_engine: Callable[[], Engine],
        limits: BatchLimits,
        jobs: int,
        watch: Watch,
    ) -> None:
        self.packets, self.workspace, self.ledger = packets, workspace, ledger
        self.limits, self.jobs, self.watch = limits, jobs, watch
        self._staging, self._make_engine = staging, make_engine
        self._engine: Engine | None = None
        self.stopped: str | None = None
        self.pages = 0
        self._at_work: dict[str, int] = {}
        self._ready: tuple[str, int] | None = None
        self._renewed = self._looked = 0.0
        self._unreported = 0
        self._stop_at: float | None = None
        self._counts = Counts()

    def work(self, entering: Entering) -> None:
        """Until every packet of the batch has ended, here or in another run, or the run is stopped."""
        while True:
            self._look(entering)
            if self.stopped is None:
                self._give_out()
            elif not self._at_work or self.stopped == DISK_FULL or time.monotonic() > (self._stop_at or 0.0):
                return
            self._listen(0.2, entering)
            if not self._at_work and self._ready is None and not entering.is_alive():
                if entering.error is not None:
                    raise entering.error
                self._counts = self.ledger.counts()
                if not self._counts.waiting and not self._counts.running:
                    return
                self._listen(0.3 if self._counts.running else 0.0, entering)  # what is left is with another run

    def stop(self, reason: str) -> None:
        """Claim nothing more; packets at work may be finished within the time of grace. A second call ends them."""
        self._stop_at = 0.0 if self.stopped else time.monotonic() + self.limits.grace_seconds
        self.stopped = self.stopped or reason

    def _look(self, entering: Entering) -> None:
        """Now and then: renew the lease, see to the disk, tell how far things are."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        if shutil.disk_usage(self.workspace).free < self.limits.disk_bytes and self.stopped is None:
            self.stop(f"less than {self.limits.disk_bytes // 1_000_000} MB of disk are free")
        with self._or_stop():
            if now - self._renewed > RENEW_SECONDS:
                self._renewed = now
                self.ledger.renew()
                for packet_id in self.ledger.suspects():
                    self._give_up(packet_id, "runs ended, one after the other, while it was being read")
            self._counts = self.ledger.counts()
        self.watch(self._counts, self._unreported)
        self._unreported = 0

    def _listen(self, seconds: float, entering: Entering) -> None:
        if self._engine is not None:
            for event in self._engine.events(seconds):
                self._take(event)
        else:
            entering.join(min(seconds, 0.02)) if entering.is_alive() else time.sleep(seconds)

    def _give_out(self) -> None:
        """A packet to every free worker: as many are claimed as are worked on, so that none waits in vain."""
        with self._or_stop():
            while self.stopped is None and (self._engine is None or self._engine.free()):
                claimed, self._ready = self._ready or self.ledger.claim(), None
                if claimed is None:
                    return
                if self._engine is None:  # workers are started for work only: a run with nothing to do is over at once
                    self._engine, self._ready = self._make_engine(), claimed
                else:
                    self._start(self._engine, *claimed)

    def close(self) -> None:
        """End every worker."""
        if self._engine is not None:
            self._engine.close()

    def _start(self, engine: Engine, packet_id: str, attempt: int) -> None:
        packet = self.packets.get(packet_id)
        if packet is None:  # entered by another run on a folder that has grown since
            self.ledger.give_back(packet_id)
            return
        self._at_work[packet_id] = attempt
        # where fewer packets are left than there are workers, the pages of each are shared out instead
        helpers = max(1, self.jobs // max(1, len(self.packets) - self._counts.ended))
        engine.start(Task(packet, attempt, helpers))

    def _take(self, event: Result | Lost | Read) -> None:
        if isinstance(event, Read):
            self.pages += event.pages
            self._unreported += event.pages
            return
        attempt = self._at_work.pop(event.packet_id)
        with self._or_stop():
            if isinstance(event, Result):
                self._end(event)
            elif event.disk_full:
                self.stop(DISK_FULL)
            elif attempt < self.limits.tries:
                log("tried", packet=event.packet_id, attempt=attempt, reason=event.reason)
                self.ledger.give_back(event.packet_id)
            else:
                log("given up", packet=event.packet_id, attempt=attempt, reason=event.reason)
                self._give_up(event.packet_id, f"given up after {attempt} tries: {event.reason}", claimed=True)

    def _end(self, result: Result) -> None:
        ended = Ended(result.packet_id, result.screened, result.pages, result.seconds, result.output, result.problems)
        more = self.stopped is None and self._ready is None and self._engine is not None and self._engine.free() > 0
        ours, claimed = self.ledger.finish(ended, lambda: self._publish(result), more)
        self._ready = self._ready or claimed
        log("ended" if ours else "ended elsewhere", packet=result.packet_id, screened=result.screened,
            pages=result.pages, seconds=round(result.seconds, 3))  # fmt: skip

    def _give_up(self, packet_id: str, reason: str, claimed: bool = False) -> None:
        ended = Ended(packet_id, False, problems=(Problem(packet_id, "", reason),))
        if claimed or self.ledger.claim_one(packet_id):
            self.ledger.finish(ended, lambda: self._withdraw(packet_id))

    def _publish(self, result: Result) -> None:
        if not result.screened:
            self._withdraw(result.packet_id)
        for name in result.files:
            target = self.workspace / _below_workspace(Path(name))
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self._staging / name, target)

    def _withdraw(self, packet_id: str) -> None:
        """What an earlier run made of the packet is no longer true of it."""
        (self.workspace / "screenings" / f"{packet_id}.json").unlink(missing_ok=True)
        (self.workspace / "worksheets" / f"{packet_id}.html").unlink(missing_ok=True)
        from pipeline.record import forget  # brings numpy, which a run that begins has no need of

        forget(self.workspace, packet_id)

    @contextmanager
    def _or_stop(self) -> Iterator[None]:
        """A ledger or a disk that takes no more stops the run; packets at work are then let go."""
        try:
            yield
        except LedgerStopped as error:
            self.stop(DISK_FULL if error.full else str(error))
        except OSError as error:
            self.stop(DISK_FULL if error.errno in FULL else f"the workspace cannot be written: {error.strerror}")


@contextmanager
def stopping_on_signals(stop: Callable[[str], None]) -> Iterator[None]:
    """SIGTERM and Ctrl-C stop the run; where another part of the program is the main thread, that one decides."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(name, lambda number, _: stop(f"stopped by {signal.Signals(number).name}")) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


def _below_workspace(name: Path) -> Path:
    """"4711/screenings/p-01.json" in staging is "screenings/p-01.json" in the workspace."""
    first = next(i for i, part in enumerate(name.parts) if part in FOLDERS)
    return Path(*name.parts[first:])
