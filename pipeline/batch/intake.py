"""Many packets into one workspace, unattended: what is done is kept, what failed is told, and the same call goes on."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from extractors.errors import UserError
from extractors.rules import own_texts
from pipeline.batch.entering import Entering
from pipeline.batch.supervisor import Supervisor, Watch, stopping_on_signals
from pipeline.batch.tables import write_tables
from pipeline.batch.task import BatchLimits, Engine, Settings
from pipeline.ledger import Counts, Ledger, LedgerStopped, sqlite_url
from pipeline.logs import end_log, log, write_log
from pipeline.packets import Packet, Problem
from pipeline.runs import this_run

__all__ = ["ENGINES", "BatchLimits", "Options", "Outcome", "screen_all"]

ENGINES = ("processes", "here", "ray")


@dataclass(frozen=True, slots=True)
class Options:
    """How a batch is run. `jobs` is the number of packets at work at once; `retry` tries again what was given up."""

    policy: str = "LA.CP.MP.173"
    jobs: int = 1
    engine: str = "processes"
    ledger: str | None = None
    ocr: bool = True
    retry: bool = False
    limits: BatchLimits = BatchLimits()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run leaves: counts over the whole batch, problems in its order, why it stopped early if it did."""

    counts: Counts
    pages_read: int
    seconds: float
    problems: tuple[Problem, ...]
    stopped: str | None


def screen_all(
    packets: Sequence[Packet],
    workspace: Path,
    options: Options = Options(),
    watch: Watch = lambda counts, pages: None,
) -> Outcome:
    """Screen packets into the workspace, and write its tables in their order.

    Packets whose files, policy and program are as they were keep their result. Raises UserError when the
    workspace cannot be written or another run is busy there with other packets or another policy.
    """
    started = time.monotonic()
    for name in ("screenings", "worksheets", "staging"):
        _folder(workspace / name)
    run = this_run()
    staging = workspace / "staging" / run.name
    handler = write_log(workspace / "log.jsonl")
    ledger = Ledger(options.ledger or sqlite_url(workspace), str(workspace.resolve()), run, _batch(packets, options))
    try:
        if ledger.begin() is not None:
            raise UserError(f"{workspace}: another run is at work in it on other packets or another policy; wait for it")
        ledger.renew()
        _clear(workspace / "staging", ledger.runs())
        _folder(staging)
        log("run begins", run=run.name, jobs=options.jobs, engine=options.engine, total=len(packets), policy=options.policy)
        ledger.forget({packet.packet_id for packet in packets})
        settings = Settings(options.policy, staging, workspace / "cache" / "ocr", options.ocr, own_texts())
        supervisor = Supervisor(
            {p.packet_id: p for p in packets},
            workspace,
            staging,
            ledger,
            lambda: _engine(settings, options, len(packets)),
            options.limits,
            options.jobs,
            watch,
        )
        _work(supervisor, Entering(ledger, packets, workspace, options.policy, options.ocr, options.retry))
        _clear(workspace / "staging", ledger.runs())
        return _outcome(supervisor, started)
    finally:
        _leave(ledger)
        shutil.rmtree(staging, ignore_errors=True)
        end_log(handler)


def _clear(staging: Path, runs: frozenset[str]) -> None:
    """Take away what runs that were killed have left: it is of no use, and holds text of records."""
    for folder in staging.iterdir():
        if folder.name not in runs:
            shutil.rmtree(folder, ignore_errors=True)


def _work(supervisor: Supervisor, entering: Entering) -> None:
    entering.start()
    try:
        with stopping_on_signals(supervisor.stop):
            supervisor.work(entering)
    finally:
        entering.stop()
        supervisor.close()


def _outcome(supervisor: Supervisor, started: float) -> Outcome:
    stopped, counts = supervisor.stopped, Counts()
    problems: tuple[Problem, ...] = ()
    try:
        supervisor.ledger.end()  # what was at work waits again, and is told as not screened
        counts = supervisor.ledger.counts()
        problems = write_tables(supervisor.ledger, supervisor.workspace)
    except (LedgerStopped, OSError):
        if stopped is None:
            raise
    if stopped and counts.total and counts.ended == counts.total:
        stopped = None
    seconds = time.monotonic() - started
    log("run ends", reason=stopped, screened=counts.screened, failed=counts.failed, total=counts.total,
        pages=supervisor.pages, seconds=round(seconds, 1))  # fmt: skip
    return Outcome(counts, supervisor.pages, seconds, problems, stopped)


def _leave(ledger: Ledger) -> None:
    with suppress(LedgerStopped):  # the next run sees that this process is gone and frees what it held
        ledger.end()
    ledger.close()


def _batch(packets: Sequence[Packet], options: Options) -> str:
    """Runs on the same folder with the same policy share their work; its packets may have become more."""
    paths = [str(path.resolve().parent) for packet in packets for _, path in packet.files[:1]]
    place = os.path.commonpath(paths) if paths else ""
    return hashlib.sha256(f"{place}\0{options.policy}\0{options.ocr}".encode("utf-8", "surrogateescape")).hexdigest()


def _engine(settings: Settings, options: Options, most: int) -> Engine:
    jobs = min(options.jobs, most)
    if options.engine == "here":
        from pipeline.batch.here import Here

        return Here(settings)
    if options.engine == "ray":
        from pipeline.ray_engine import RayActors

        return RayActors(settings, jobs, options.limits)
    from pipeline.batch.processes import Processes

    return Processes(settings, jobs, options.limits)


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be made ({error.strerror}); choose another --out") from None
    return path
