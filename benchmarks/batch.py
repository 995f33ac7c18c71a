"""What the batch costs, as ratios within one run: the ledger a packet, two workers against one, long packets' memory.

    python benchmarks/batch.py ledger            milliseconds of processor time a packet, claim and end together
    python benchmarks/batch.py workers RECORDS   one worker against two, start-up apart
    python benchmarks/batch.py memory            peak memory of a 1,000-page packet against a 50-page one
    python benchmarks/batch.py damaged [N] --out FOLDER      N damaged files (1,800): how each one ended
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from pipeline.batch.intake import Options, screen_all
from pipeline.ledger import Ended, Entry, Ledger, sqlite_url
from pipeline.packets import find_packets
from pipeline.runs import this_run

LINES = [
    "Pain clinic note 03/20/2026. The patient has had chronic low back pain since a fusion in 2019.",
    "Post-laminectomy syndrome explains the pain. There is no active infection today.",
    "Morphine ER 30 mg twice daily and oxycodone 10 mg every 6 hours as needed.",
    "Physical therapy for twelve weeks gave no lasting relief; pain is 8 of 10 on most days.",
]


def ledger(args: argparse.Namespace) -> dict[str, object]:
    """Processor and wall milliseconds a packet, with nothing else to do."""
    with tempfile.TemporaryDirectory() as folder:
        book = Ledger(sqlite_url(Path(folder)), folder, this_run(), "b")
        book.begin()
        begun = time.process_time()
        for at in range(0, args.n, 32):
            book.enter([Entry(f"p{i}", i, "f") for i in range(at, min(at + 32, args.n))], lambda packet, output: False)
        entered = time.process_time()
        wall = time.perf_counter()
        claimed, done = book.claim(), 0
        while claimed:
            _, claimed = book.finish(Ended(claimed[0], True, 5, 1.0, "sha"), lambda: None, more=True)
            done += 1
        spent, waited = time.process_time() - entered, time.perf_counter() - wall
        book.end()
        book.close()
    return {"packets": done, "enter_cpu_ms": round(1e3 * (entered - begun) / done, 3),
            "cpu_ms": round(1e3 * spent / done, 3), "wall_ms": round(1e3 * waited / done, 3)}  # fmt: skip


def workers(args: argparse.Namespace) -> dict[str, object]:
    """Seconds a packet from the first packet's end to the last's: one worker on one core, two on two, each tried `times` times."""
    packets = find_packets(args.records)
    cores = sorted(os.sched_getaffinity(0))
    best: dict[int, float] = {}
    for _ in range(args.times):
        for jobs in (1, 2):
            os.sched_setaffinity(0, cores[:jobs])  # a worker alone on the machine would score on every core
            with tempfile.TemporaryDirectory() as folder:
                screen_all(packets, Path(folder), Options(jobs=jobs))
                lines = [json.loads(line) for line in (Path(folder) / "log.jsonl").read_text().splitlines()]
                ends = sorted(_clock(line["time"]) for line in lines if line["event"] == "ended")
                pace = (ends[-1] - ends[jobs - 1]) / (len(ends) - jobs)
                best[jobs] = min(best.get(jobs, pace), pace)
    return {"seconds_a_packet": best, "two_over_one": round(best[1] / best[2], 2)}


def _clock(stamp: str) -> float:
    hours, minutes, seconds = stamp.partition("T")[2].split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def memory(args: argparse.Namespace) -> dict[str, object]:
    """Peak resident megabytes of a fresh process for each packet."""
    peaks = {}
    for pages in (50, 1000):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            peaks[pages] = pool.apply(_peak, (pages,))
    return {"megabytes": peaks, "ratio": round(peaks[1000] / peaks[50], 2)}


def _peak(pages: int) -> int:
    from reportlab.pdfgen.canvas import Canvas

    folder = Path(tempfile.mkdtemp())
    canvas = Canvas(str(folder / "note.pdf"), pagesize=(612, 792))
    for page in range(pages):
        for n in range(40):
            canvas.drawString(54, 740 - 17 * n, f"{page}.{n} {LINES[n % 4]}")
        canvas.showPage()
    canvas.save()
    screen_all(find_packets(folder / "note.pdf"), folder / "w", Options(engine="here"))
    shutil.rmtree(folder)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def damaged(args: argparse.Namespace) -> dict[str, object]:
    """Every damaged file is a packet; each must end as a screening or as a named problem. Goes on where it was ended."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from damaged_files import write_damaged

    records, workspace = args.out / "records", args.out / "w"
    if not records.exists():
        write_damaged(records, args.n)
    packets = find_packets(records)
    outcome = screen_all(packets, workspace, Options(jobs=args.jobs))
    screened = {p.stem for p in (workspace / "screenings").iterdir()}
    told = {p.packet_id: p.problem for p in outcome.problems}
    bugs = sorted(name for name, problem in told.items() if "internal error" in problem or "given up" in problem)
    words = Counter(re.sub(r"\d+(\.\d+)?", "N", problem) for name, problem in told.items() if name not in screened)
    return {"files": len(packets), "screened": len(screened), "problems": len(told.keys() - screened), "bugs_and_given_up": bugs,
            "neither": sorted({p.packet_id for p in packets} - screened - told.keys()), "seconds": round(outcome.seconds),
            "stopped": outcome.stopped, "told": dict(words.most_common())}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    parts.add_parser("ledger").add_argument("n", nargs="?", type=int, default=2000)
    part = parts.add_parser("workers")
    part.add_argument("records", type=Path)
    part.add_argument("--times", type=int, default=2)
    parts.add_parser("memory")
    part = parts.add_parser("damaged")
    part.add_argument("n", nargs="?", type=int, default=1800)
    part.add_argument("--out", type=Path, required=True)
    part.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    print(json.dumps({"ledger": ledger, "workers": workers, "memory": memory, "damaged": damaged}[args.part](args), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
