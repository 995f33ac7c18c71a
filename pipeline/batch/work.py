"""What a worker does with one packet: read, find, screen, and leave the files, safe on disk, in staging."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from criteria.policy import Policy, load_policy
from extractors.document import Document, Page
from extractors.readers import Recognise, assemble, open_reader
from extractors.readers.isolated import pages_isolated
from extractors.readers.limits import Limits
from extractors.readers.ocr_worker import Recogniser
from pipeline.batch.fingerprint import sha256
from pipeline.batch.task import FULL, Lost, Progress, Result, Settings, Task
from pipeline.outputs import write_screening
from pipeline.packets import Problem
from pipeline.record import remember
from pipeline.run import ReadDocument, process
from pipeline.worksheet import write_worksheet

Tell = Callable[[Progress], None]
HERE = Path(__file__).parents[2]
PACKAGES = ("extractors", "criteria", "pipeline")


class Screener:
    """Holds what is loaded once: the policy, the readers' models, the recognition processes (when first needed)."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.policy: Policy = load_policy(settings.policy)
        self._recogniser: Recogniser | None = None

    def warm(self) -> None:
        """Load what every packet needs, so that the first is not slower than the others."""
        import numpy as np

        from extractors.clinical import concepts
        from extractors.find import find
        from extractors.request_facts import RequestHint

        text = "No active infection."
        page = Page(1, text, np.full((len(text), 4), np.nan, np.float32), 612.0, 792.0)
        find((Document("warm", "warm.txt", "", (page,)),), RequestHint("unknown", "unknown", None, None))
        concepts(text)  # what `find` asks only where the learned reader is not sure

    def screen(self, task: Task, tell: Tell) -> Result | Lost:
        """Screen one packet. Whatever goes wrong with it is its own problem; a full disk is not."""
        started = time.monotonic()
        packet = task.packet
        try:
            done = process(packet, self.policy, self._recognise(task, tell), read=_reading(task, tell))
            tell(Progress(0, reading=False))
            files: tuple[Path, ...] = ()
            if done.screening is not None:
                files = (
                    write_screening(done.screening, self.settings.staging),
                    write_worksheet(
                        done.screening, done.documents, dict(packet.files), self.policy, self.settings.staging
                    ),
                    *_kept(remember(self.settings.staging, packet.packet_id, done.documents, dict(packet.files))),
                )
            return Result(
                packet.packet_id,
                done.screening is not None,
                sum(len(d.pages) for d in done.documents),
                time.monotonic() - started,
                done.problems,
                tuple(path.relative_to(self.settings.staging).as_posix() for path in files),
                _settle(files),
            )
        except MemoryError:
            return Lost(packet.packet_id, "it needed more memory than allowed")
        except Exception as error:  # one packet's fault must not stop the others; the place is told, never the text
            if isinstance(error, OSError) and error.errno in FULL:
                return Lost(packet.packet_id, "the disk is full", disk_full=True)
            problem = Problem(packet.packet_id, "", told(error))
            return Result(packet.packet_id, False, 0, time.monotonic() - started, (problem,))

    def close(self) -> None:
        """End the recognition processes."""
        if self._recogniser is not None:
            self._recogniser.close()

    def _recognise(self, task: Task, tell: Tell) -> Recognise | None:
        """Recognition a few pages at a time, so that the supervisor hears of each few."""
        if not self.settings.ocr:
            return None
        few = 2 * task.helpers

        def recognise(path: Path, pages: list[Page]) -> Iterable[Page]:
            recogniser = self._recogniser_of(task.helpers)
            for at in range(0, len(pages), few):
                yield from recogniser(path, pages[at : at + few])
                tell(Progress(0))

        return recognise

    def _recogniser_of(self, processes: int) -> Recogniser:
        if self._recogniser is None or len(self._recogniser.workers) != processes:
            self.close()
            self._recogniser = Recogniser(processes, self.settings.cache)
        return self._recogniser


def _reading(task: Task, tell: Tell) -> ReadDocument:
    """Reads a document and tells of every page; in a process of its own when a try has failed before."""

    def read(path: Path, document_id: str, recognise: Recognise | None) -> Document:
        if task.attempt > 1:
            warnings: list[str] = []
            found = pages_isolated(path, Limits(), warnings)
        else:
            reader, warnings = open_reader(path, Limits())
            found = reader(path, Limits(), 1)
        return assemble(path, document_id, _told_of(found, tell), warnings, recognise)

    return read


def _told_of(found: Iterable[Page | str], tell: Tell) -> Iterator[Page | str]:
    for item in found:
        yield item
        if isinstance(item, Page):
            tell(Progress(1))


def _kept(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _settle(files: tuple[Path, ...]) -> str:
    """Put files on the disk for good; the SHA-256 of the first, the screening."""
    for path in files:
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    return next((sha256(path) for path in files), "")


def told(error: Exception) -> str:
    """Type and place of a bug; its message may hold words of the record."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).parent.is_relative_to(HERE)]
    ours = [f for f in frames if Path(f.filename).relative_to(HERE).parts[0] in PACKAGES]
    place = f" at {Path(ours[-1].filename).relative_to(HERE).as_posix()}:{ours[-1].lineno}" if ours else ""
    return f"internal error: {type(error).__name__}{place}; please report it"
