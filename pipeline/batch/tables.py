"""summary.csv and problems.csv of a batch, from its ledger and its screenings, a packet at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pipeline.ledger import Ledger
from pipeline.outputs import PROBLEMS, SUMMARY, csv_text
from pipeline.packets import Problem

NOT_YET = "not screened yet: the run was stopped; run the same command again to go on"


def write_tables(ledger: Ledger, workspace: Path) -> tuple[Problem, ...]:
    """Write both tables; gives the problems told."""
    told: list[Problem] = []
    with _whole(workspace / "summary.csv") as summary, _whole(workspace / "problems.csv") as problems:
        summary.write(csv_text([SUMMARY]))
        problems.write(csv_text([PROBLEMS]))
        for packet_id, state, screened, found in ledger.results():
            found = found if state in ("done", "failed") else (Problem(packet_id, "", NOT_YET),)
            problems.write(csv_text((p.packet_id, p.file, p.problem) for p in found))
            told += found
            if screened and state == "done":
                summary.write(csv_text(_rows(workspace / "screenings" / f"{packet_id}.json")))
    return tuple(told)


def _rows(path: Path) -> Iterator[Sequence[str]]:
    """A row per criterion of a screening, with its first excerpt."""
    screening = json.loads(path.read_text(encoding="utf-8"))
    for result in screening["criteria"]:
        evidence = result["evidence"]
        place = (evidence[0]["document_id"], str(evidence[0]["page"]), evidence[0]["quote"]) if evidence else ("",) * 3
        packet_id, pathway = screening["packet_id"], screening["request"]["pathway"] or ""
        yield packet_id, pathway, result["id"], result["status"], str(len(evidence)), *place


@contextmanager
def _whole(path: Path) -> Iterator[TextIO]:
    """A file that appears whole or not at all, also when two runs write it at once."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
