"""Many packets, one after the other or in several processes: the files written are the same."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from criteria.policy import load_policy
from pipeline.outputs import summary_rows, write_screening, write_tables
from pipeline.packets import Packet
from pipeline.record import remember
from pipeline.run import OnPages, Problem, process
from pipeline.worksheet import write_worksheet

OnPacket = Callable[[], None]
HERE = Path(__file__).parent.parent
PACKAGES = ("extractors", "criteria", "pipeline")


@dataclass(frozen=True, slots=True)
class Done:
    """What is kept of a packet once its files are written."""

    packet_id: str
    screened: bool
    pages: int
    rows: tuple[tuple[str, ...], ...]
    problems: tuple[Problem, ...]


def screen_all(
    packets: Sequence[Packet],
    workspace: Path,
    policy: str,
    jobs: int = 1,
    on_packet: OnPacket = lambda: None,
    on_pages: OnPages = lambda pages: None,
) -> tuple[Done, ...]:
    """Screen packets into the workspace, in their order whatever the number of processes."""
    if jobs > 1 and len(packets) > 1:
        found = _in_processes(packets, workspace, policy, jobs, on_packet, on_pages)
    else:
        found = _one_by_one(packets, workspace, policy, on_packet, on_pages)
    done = tuple(found)
    write_tables(workspace, (row for d in done for row in d.rows), (p for d in done for p in d.problems))
    return done


def _one_by_one(
    packets: Sequence[Packet], workspace: Path, policy: str, on_packet: OnPacket, on_pages: OnPages
) -> Iterator[Done]:
    for packet in packets:
        yield screen_one(packet, workspace, policy, on_pages)
        on_packet()


def _in_processes(
    packets: Sequence[Packet], workspace: Path, policy: str, jobs: int, on_packet: OnPacket, on_pages: OnPages
) -> Iterator[Done]:
    """A process that dies takes the packets in flight with it: each of those is tried once more, alone."""
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(min(jobs, len(packets)), mp_context=context))
        futures: list[Future[Done]] = [pool.submit(screen_one, packet, workspace, policy) for packet in packets]
        for packet, future in zip(packets, futures, strict=True):
            try:
                done = future.result()
            except BrokenProcessPool:
                done = _alone(packet, workspace, policy)
            on_pages(done.pages)
            on_packet()
            yield done


def _alone(packet: Packet, workspace: Path, policy: str) -> Done:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(screen_one, packet, workspace, policy).result()
        except BrokenProcessPool:
            problem = Problem(
                packet.packet_id, "", "the process that read this packet died; look at its files one by one"
            )
            return Done(packet.packet_id, False, 0, (), (problem,))


def screen_one(packet: Packet, workspace: Path, policy: str, on_pages: OnPages = lambda pages: None) -> Done:
    """Screen one packet and write its files. Whatever goes wrong with it is its own problem."""
    try:
        done = process(packet, load_policy(policy), on_pages=on_pages)
        rows: tuple[tuple[str, ...], ...] = ()
        if done.screening is not None:
            write_screening(done.screening, workspace)
            remember(workspace, packet.packet_id, done.documents, dict(packet.files))
            write_worksheet(done.screening, done.documents, dict(packet.files), load_policy(policy), workspace)
            rows = tuple(summary_rows(done.screening))
        pages = sum(len(document.pages) for document in done.documents)
        return Done(packet.packet_id, done.screening is not None, pages, rows, done.problems)
    except Exception as error:  # one packet's fault must not stop the others; the place is told, never the text
        return Done(packet.packet_id, False, 0, (), (Problem(packet.packet_id, "", _told(error)),))


def _told(error: Exception) -> str:
    """Type and place of a bug; its message may hold words of the record."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).parent.is_relative_to(HERE)]
    ours = [f for f in frames if Path(f.filename).relative_to(HERE).parts[0] in PACKAGES]
    place = f" at {Path(ours[-1].filename).relative_to(HERE).as_posix()}:{ours[-1].lineno}" if ours else ""
    return f"internal error: {type(error).__name__}{place}; please report it"
