"""What passes between the supervisor and its workers: packets by name and path, counts, and file names."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from extractors.rules import Own
from pipeline.packets import Packet, Problem

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when a disk, or a user's part of it, is full."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What every packet of a run is screened with. `staging` is where workers write, on the workspace's disk.

    `rules` are the user's own (`extractors.rules.own_texts`): they go to the workers, which have no part in the context
    that they were given in.
    """

    policy: str
    staging: Path
    cache: Path | None = None
    ocr: bool = True
    rules: Own = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """What one packet may take before its worker is killed, and when a worker or a run is stopped.

    `page_seconds` may pass without a page having been read, `packet_seconds` (and `seconds_a_page` more for each
    page read) in all; `memory_bytes` is a worker's resident memory.
    """

    tries: int = 3
    page_seconds: float = 240.0
    packet_seconds: float = 900.0
    seconds_a_page: float = 10.0
    memory_bytes: int = 4_000_000_000
    recycle_packets: int = 500
    recycle_bytes: int = 1_500_000_000
    disk_bytes: int = 64_000_000
    grace_seconds: float = 25.0


@dataclass(frozen=True, slots=True)
class Task:
    """One packet for a worker. From the second try on, its files are read in processes of their own."""

    packet: Packet
    attempt: int = 1
    helpers: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """A worker is alive: pages read since the last time; `reading` is over once facts are looked for."""

    pages: int
    reading: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """A packet is done. `files` are paths below the staging folder and, alike, below the workspace."""

    packet_id: str
    screened: bool
    pages: int
    seconds: float
    problems: tuple[Problem, ...]
    files: tuple[str, ...] = ()
    output: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """A try that gave no result: the worker died or was killed (`reason`), or the disk is full."""

    packet_id: str
    reason: str
    disk_full: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """Pages of a packet at work were read."""

    packet_id: str
    pages: int


Event = Result | Lost | Read


class Engine(Protocol):
    """Where packets are worked on: processes of this machine, or another system's. It decides nothing."""

    def free(self) -> int:
        """How many more tasks can be started now."""

    def start(self, task: Task) -> None:
        """Work on a packet."""

    def events(self, timeout: float) -> list[Event]:
        """What has happened since the last call; waits up to `timeout` seconds for something."""

    def close(self) -> None:
        """End every worker at once, whatever it is doing."""
