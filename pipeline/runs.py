"""Who is at work: a run is one process on one machine, and whether it lives is asked of the machine, not of a clock."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """A run by name, the machine it is on and its process there."""

    name: str
    machine: str
    process: str


def this_run() -> Run:
    """A new run of this process."""
    return Run(uuid.uuid4().hex, _machine(), f"{os.getpid()}:{_started(os.getpid())}")


def alive(run: Run, lease: bool) -> bool:
    """Whether a run lives. Only of a run on another machine, which cannot be asked, is its lease the sign."""
    if run.machine != _machine():
        return lease
    pid, _, started = run.process.partition(":")
    return _started(int(pid)) == started != ""


def _machine() -> str:
    """This boot of this machine, and the process numbers that are valid here (a container has its own)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def _started(pid: int) -> str:
    """When a process started, so that its number is not mistaken for that of a later one; empty if it is gone."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if after_name[0] in "ZX" else after_name[19]
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
    try:
        os.kill(pid, 0)
        return "running"
    except OSError:
        return ""
