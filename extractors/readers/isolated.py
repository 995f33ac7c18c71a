"""Reading in a child process, so that a hostile file costs its own process and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from extractors.document import Page
from extractors.errors import UnreadableFile
from extractors.lifeline import die_with
from extractors.readers import Limits, open_reader

START_SECONDS = 60.0
"""What a child may take to start on a busy machine; it says READY when it has."""
GRACE_SECONDS = 5.0
"""What opening the file may take, and a page beyond its own time."""
READY = ""
MOST_CRASHES = 3
"""A file on which the reader dies more often than this is given up; the pages read so far stay."""


def pages_isolated(path: Path, limits: Limits, warnings: list[str]) -> Iterator[Page | str]:
    """Pages and warnings about a file as they come, read in a spawned child with bounded memory, processor time and
    wall clock (`limits`). A last warning is added to `warnings`.

    When the child dies or runs out of time, the page it was at is reported as unreadable and a new child goes on
    with the next one. Raises UnreadableFile as `read_document` does, and when not even one page could be read.
    """
    deadline = time.monotonic() + limits.document_seconds
    first, readable = 1, 0
    said: set[str] = set()
    for _ in range(MOST_CRASHES + 1):
        for item in _child(path, limits, first, deadline):
            if item is None:
                return
            if isinstance(item, tuple):
                raise UnreadableFile(*item)
            if isinstance(item, Page):
                first, readable = item.number + 1, readable + item.readable
            elif item in said:
                continue
            else:
                said.add(item)
            yield item
        reason = "reading stopped: too much memory or time"
        if time.monotonic() > deadline:
            break
        nothing = np.empty((0, 4), dtype=np.float32)
        yield Page(first, "", nothing, 612.0, 792.0, readable=False, reason=reason)
        first += 1
    if not readable:
        raise UnreadableFile(path.name, "the reader ran out of memory or time on it")
    warnings.append(f"reading stopped at page {first}: too much memory or time")


def _child(path: Path, limits: Limits, first: int, deadline: float) -> Iterator[Page | str | tuple[str, str] | None]:
    """What one child sends; None when it is done, file and reason when it cannot. Ends early when it dies or stalls."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_read, args=(path, limits, first, there, os.getpid()), daemon=True)
    process.start()
    there.close()
    wait = START_SECONDS
    try:
        while True:
            patience = min(wait, deadline - time.monotonic())
            if patience <= 0 or not here.poll(patience):
                return
            item = here.recv()
            wait = 2 * limits.page_seconds + GRACE_SECONDS  # a page is tried as it is and repaired
            if item == READY:
                continue
            yield item
            if item is None or isinstance(item, tuple):
                return
    except EOFError:
        return
    finally:
        here.close()
        process.kill()
        process.join()


def _read(path: Path, limits: Limits, first: int, out: Connection, parent: int) -> None:
    """The child: lower its limits, read, send."""
    import resource

    die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    seconds = int(limits.document_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    out.send(READY)
    try:
        reader, warnings = open_reader(path, limits)
        for warning in warnings:
            out.send(warning)
        for item in reader(path, limits, first):
            out.send(item)
        out.send(None)
    except UnreadableFile as problem:
        out.send((problem.file, problem.reason))
    except MemoryError:
        os._exit(1)  # the parent reports it; a traceback would need memory too
