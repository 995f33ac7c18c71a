"""The engine for a site that runs Ray: actors that are given a packet's name and paths. The door to Ray.

The supervisor and its ledger stay where they are and stay the truth; the records and the workspace must be at the
same paths on every node (a shared file system). An actor that dies, or is killed for its time, is replaced.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from extractors.errors import UserError
from pipeline.batch.task import BatchLimits, Event, Lost, Read, Result, Settings, Task

CORES = 0.5
"""Cores that an actor asks Ray for. With whole ones, actors that take them all starve every other task, for ever."""
START_SECONDS = 300.0


@dataclass(slots=True)
class Actor:
    """One actor, what it is at and since when; `future` is its answer, or its start."""

    handle: Any
    future: Any
    task: Task | None = None
    ready: bool = False
    since: float = field(default_factory=time.monotonic)


class RayActors:
    """Up to `jobs` actors on the cluster that RAY_ADDRESS names, or else on the one that runs on this machine."""

    def __init__(self, settings: Settings, jobs: int, limits: BatchLimits = BatchLimits()) -> None:
        try:
            import ray
        except ImportError:
            raise UserError("--engine ray: install chartproof[ray]") from None
        self.ray, self.settings, self.limits = ray, settings, limits
        root = str(Path(__file__).parents[1])
        try:
            ray.init(
                address="auto",
                log_to_driver=False,  # what a library prints could quote a record
                configure_logging=False,
                runtime_env={"env_vars": {"PYTHONPATH": root, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}},
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UserError(
                f"--engine ray: no cluster can be reached ({type(error).__name__}); start one with `ray start --head`, "
                "or name one in RAY_ADDRESS"
            ) from None
        self._actors = [self._spawn() for _ in range(jobs)]

    def free(self) -> int:
        return sum(actor.ready and actor.task is None for actor in self._actors)

    def start(self, task: Task) -> None:
        actor = next(actor for actor in self._actors if actor.ready and actor.task is None)
        actor.task, actor.since = task, time.monotonic()
        actor.future = actor.handle.screen.remote(task)

    def events(self, timeout: float) -> list[Event]:
        busy = [actor for actor in self._actors if actor.task is not None or not actor.ready]
        if not busy:
            time.sleep(timeout)
            return []
        ended, _ = self.ray.wait([actor.future for actor in busy], num_returns=1, timeout=timeout)
        found: list[Event] = []
        for actor in busy:
            if actor.future in ended:
                self._answer(actor, found)
            elif self._late(actor):
                self._replace(actor, f"it took more than {time.monotonic() - actor.since:.0f} s", found)
        return found

    def close(self) -> None:
        for actor in self._actors:
            self.ray.kill(actor.handle)
        self._actors = []
        self.ray.shutdown()

    def _spawn(self) -> Actor:
        # a lost actor's packet is tried again by the ledger, so Ray itself must not
        kind = self.ray.remote(num_cpus=CORES, max_restarts=0, max_task_retries=0)(Remote)
        handle = kind.remote(self.settings)
        return Actor(handle, handle.warm.remote())  # type: ignore[attr-defined]  # Ray makes it of the method at run time

    def _answer(self, actor: Actor, found: list[Event]) -> None:
        try:
            result = self.ray.get(actor.future)
        except self.ray.exceptions.RayError as error:
            if actor.task is None:
                raise UserError(f"--engine ray: an actor cannot start ({type(error).__name__}); see Ray's own logs") from None
            self._replace(actor, f"its actor was lost ({type(error).__name__})", found)
            return
        if actor.task is not None:
            found += [Read(actor.task.packet.packet_id, result.pages), result] if isinstance(result, Result) else [result]
        actor.task, actor.ready = None, True

    def _late(self, actor: Actor) -> bool:
        most = self.limits.packet_seconds if actor.ready else START_SECONDS
        return time.monotonic() - actor.since > most

    def _replace(self, actor: Actor, reason: str, found: list[Event]) -> None:
        self.ray.kill(actor.handle)
        self._actors.remove(actor)
        if actor.task is not None:
            found.append(Lost(actor.task.packet.packet_id, reason))
        self._actors.append(self._spawn())


class Remote:
    """What runs in an actor: a screener with staging of its own, so that no two write the same file."""

    def __init__(self, settings: Settings) -> None:
        import os
        import socket

        from pipeline.batch.work import Screener

        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._screener = Screener(replace(settings, staging=settings.staging / self._name))

    def warm(self) -> None:
        self._screener.warm()

    def screen(self, task: Task) -> Result | Lost:
        result = self._screener.screen(task, lambda progress: None)
        if isinstance(result, Result):
            result = replace(result, files=tuple(f"{self._name}/{name}" for name in result.files))
        return result
