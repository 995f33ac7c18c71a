"""Recognition in processes of its own: the engines load once in each, and a hostile page costs only itself.

`Recogniser` fits the `recognise` argument of `read_document`. The parent process never decodes a picture; a page
that takes too long, too much memory or crashes its process is reported as unreadable, and the next
page gets a fresh process.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import IO

from extractors.document import Page
from extractors.lifeline import die_with
from extractors.readers import ocr_store as store
from extractors.readers.ocr import Reading

LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class PageLimits:
    """What one page may take: wall seconds (the first page of a process loads the engines too) and address space."""

    seconds: float = 120.0
    memory_bytes: int = 4_000_000_000


class Worker:
    """One child process, started when first needed and again after it was lost.

    `starter` is a thread that stays for as long as the process may: the process ends with it (`lifeline`).
    """

    def __init__(self, limits: PageLimits, starter: ThreadPoolExecutor) -> None:
        self.limits, self.starter = limits, starter
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, request: dict[str, object]) -> bytes | None:
        """The page as `store.encode` writes it, or None when the process was lost or took too long."""
        child = self.process if self.process and self.process.poll() is None else self.starter.submit(self._start).result()
        assert child.stdin and child.stdout
        timer = threading.Timer(self.limits.seconds, child.kill)
        timer.start()
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
            reply = _receive(child.stdout)
        except OSError:
            reply = None
        finally:
            timer.cancel()
        if reply is None:
            self.close()
        return reply

    def _start(self) -> subprocess.Popen[bytes]:
        root = str(Path(__file__).parents[2])
        paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "extractors.readers.ocr_worker", str(self.limits.memory_bytes), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the engines' messages could quote a record
            env=os.environ | {"PYTHONPATH": paths, "OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"},
        )
        return self.process

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


class Recogniser:
    """Recognises pages of documents with `jobs` processes; the result does not depend on their number.

    With a `cache` folder, each page of the same bytes is recognised once. Use as a context manager, or
    close it: it holds processes of about 0.7 GB each.
    """

    def __init__(
        self, jobs: int = 1, cache: Path | None = None, reading: Reading = Reading(), limits: PageLimits = PageLimits()
    ) -> None:
        self.cache, self.reading, self.limits = cache, reading, limits
        self.idle: SimpleQueue[Worker] = SimpleQueue()
        self.starter = ThreadPoolExecutor(1, thread_name_prefix="recognition")
        self.workers = [Worker(limits, self.starter) for _ in range(max(1, jobs))]
        for worker in self.workers:
            self.idle.put(worker)

    def __call__(self, path: Path, pages: Iterable[Page]) -> list[Page]:
        """The given pages with the text of their pictures; a page that had better text before is left out."""
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        with ThreadPoolExecutor(len(self.workers)) as threads:
            found = threads.map(lambda page: self._recognise(path, sha256, page), pages)
            return [page for page in found if page is not None]

    def _recognise(self, path: Path, sha256: str, page: Page) -> Page | None:
        name = store.key(sha256, page.number, self.reading)
        result = store.load(self.cache, name) if self.cache else None
        if result is None:
            worker = self.idle.get()
            try:
                data = worker.ask({"path": str(path.absolute()), "page": page.number, "reading": asdict(self.reading)})
            finally:
                self.idle.put(worker)
            if data is None:
                return _failed(page, f"recognition took more than {self.limits.seconds:.0f} s or the memory allowed")
            result = store.decode(data)
            if self.cache and not (result.reason or "").startswith(FAILED):
                store.save(self.cache, name, data)
        if not result.readable and page.text:
            return None  # what the sender's own text layer says is better than nothing
        return result

    def close(self) -> None:
        """End all processes."""
        for worker in self.workers:
            worker.close()
        self.starter.shutdown()

    def __enter__(self) -> Recogniser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


FAILED = "the picture cannot be shown"


def _failed(page: Page, reason: str) -> Page:
    return replace(page, readable=bool(page.text), ocr=page.ocr, reason=reason)


def _receive(stream: IO[bytes]) -> bytes | None:
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    data = stream.read(LENGTH.unpack(head)[0])
    return data if len(data) == LENGTH.unpack(head)[0] else None


def serve(requests: IO[bytes], replies: IO[bytes]) -> None:
    """Answer one request a line until the stream ends. Runs in the child."""
    import numpy as np

    from extractors.readers.ocr import recognise_page
    from extractors.readers.scan import page_picture

    for line in requests:
        request = json.loads(line)
        number = request["page"]
        try:
            picture, width, height = page_picture(Path(request["path"]), number)
            page = recognise_page(picture, width, height, number, Reading(**request["reading"]))
        except (OSError, ValueError):
            nothing = np.empty((0, 4), dtype=np.float32)
            page = Page(number, "", nothing, 612.0, 792.0, ocr=True, readable=False, reason=FAILED)
        data = store.encode(page)
        replies.write(LENGTH.pack(len(data)) + data)
        replies.flush()


def main() -> None:
    """The child process: ends with its parent, bounds its memory, keeps stdout for replies, and serves."""
    import resource

    memory, parent = map(int, sys.argv[1:])
    die_with(parent)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the replies
    serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
