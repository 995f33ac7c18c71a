"""Page pictures, made in a process of their own: PDFium is not thread-safe, and a hostile page may take it down."""

from __future__ import annotations

import io
import multiprocessing
import resource
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from extractors.document import Page

MEMORY, PAGE_SECONDS, START_SECONDS = 2_000_000_000, 60.0, 120.0
GREYS = 16
"""Grey levels kept: letters stay smooth, and a page takes some 40 kB."""
MOST_DEATHS = 5
"""Workers that may die, one after the other, without a single picture: then it is not the pages' fault."""


def render(path: Path, pages: Sequence[Page]) -> Iterator[tuple[int, bytes | None]]:
    """The number and picture (PNG) of each page, None for one that has none; the worker is replaced when it dies."""
    waiting = [(page.number, page.width, page.height) for page in pages]
    deaths = 0
    while waiting and deaths < MOST_DEATHS:
        done = 0
        for number, picture in _child(path, waiting):
            done += 1
            yield number, picture
        if done < len(waiting):  # the page it was at is to blame: it stays without picture, the next goes on
            yield waiting[done][0], None
            deaths = 0 if done else deaths + 1
            done += 1
        waiting = waiting[done:]
    yield from ((number, None) for number, _, _ in waiting)


def _child(path: Path, waiting: Sequence[tuple[int, float, float]]) -> Iterator[tuple[int, bytes | None]]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_render, args=(path, list(waiting), there), daemon=True)
    process.start()
    there.close()
    patience = PAGE_SECONDS + START_SECONDS
    try:
        for _ in waiting:
            if not here.poll(patience):
                return
            yield here.recv()
            patience = PAGE_SECONDS
    except EOFError:
        return
    finally:
        here.close()
        process.kill()
        process.join()


def _render(path: Path, waiting: Sequence[tuple[int, float, float]], out: Connection) -> None:
    """The child: lower its limits, render, send."""
    import numpy as np

    from pipeline.pictures import page_picture

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number, width, height in waiting:
        picture = page_picture(path, Page(number, "", np.empty((0, 4), np.float32), width, height))
        data = None
        if picture is not None:
            buffer = io.BytesIO()
            picture.quantize(GREYS).save(buffer, format="PNG", compress_level=6)
            data = buffer.getvalue()
        out.send((number, data))
