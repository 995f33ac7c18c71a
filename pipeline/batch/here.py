"""The engine without processes: packets are worked on here, one at a time, without limits. For looking at one closely."""

from __future__ import annotations

from pipeline.batch.task import Event, Progress, Read, Settings, Task
from pipeline.batch.work import Screener


class Here:
    """Works on a packet when asked for events."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._screener = Screener(settings)
        self._task: Task | None = None

    def free(self) -> int:
        return int(self._task is None)

    def start(self, task: Task) -> None:
        self._task = task

    def events(self, timeout: float) -> list[Event]:
        task, self._task = self._task, None
        if task is None:
            return []
        told: list[Progress] = []
        result = self._screener.screen(task, told.append)
        return [Read(task.packet.packet_id, sum(one.pages for one in told)), result]

    def close(self) -> None:
        self._screener.close()
