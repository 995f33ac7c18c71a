"""chartproof screen: from a folder of records to screenings, worksheets and tables."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from extractors.errors import UserError
from pipeline.commands.ask import model_options

if TYPE_CHECKING:
    from pipeline.batch.intake import Outcome

WORKER_BYTES = 2_500_000_000
"""Memory to count for a packet at work that holds scans."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "records", type=Path, metavar="RECORDS", help="one packet (a folder or a file), or a folder of packets"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="WORKSPACE", help="folder for the results")
    parser.add_argument(
        "--jobs", type=int, default=_cores(), metavar="N", help="packets to work on at once (default here: %(default)s)"
    )
    parser.add_argument(
        "--engine",
        choices=("processes", "here", "ray"),
        default="processes",
        help="where to work: watched processes (default), this process without limits, or a Ray cluster",
    )
    parser.add_argument(
        "--ledger", metavar="URL", help="database for several machines, such as postgresql+psycopg://host/name"
    )
    parser.add_argument("--no-ocr", action="store_true", help="leave scanned pages unread")
    parser.add_argument("--retry", action="store_true", help="try again what an earlier run could not screen")
    parser.add_argument("--metrics", type=int, metavar="PORT", help="serve Prometheus metrics on this port meanwhile")
    parser.add_argument(
        "--policy", default="LA.CP.MP.173", metavar="ID", help="policy to screen against (default %(default)s)"
    )
    parser.add_argument("--second-reader", action="store_true", help="let --model propose excerpts for undecided criteria; written apart, to proposals/")
    model_options(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress bars and no closing words")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")


def run(args: argparse.Namespace) -> int:
    from criteria.policy import load_policy
    from pipeline.batch.intake import Options, screen_all
    from pipeline.batch.watching import bars, metrics
    from pipeline.ledger import Counts
    from pipeline.packets import find_packets

    if args.jobs < 1:
        raise UserError(f"--jobs {args.jobs}: use 1 or more")
    load_policy(args.policy)  # a wrong policy is told once, before any work
    packets = find_packets(args.records)
    ask = _asker(args) if args.second_reader else None
    options = Options(args.policy, args.jobs, args.engine, args.ledger, not args.no_ocr, args.retry)
    with bars(len(packets), quiet=args.quiet) as show, metrics(args.metrics) as count:

        def watch(counts: Counts, pages: int) -> None:
            show(counts, pages)
            count(counts, pages)

        outcome = screen_all(packets, args.out, options, watch=watch)
    if ask:
        _second_reader(args, [packet.packet_id for packet in packets], ask)
    _tell(outcome, args)
    return 0 if outcome.counts.screened == len(packets) else 1


def _asker(args: argparse.Namespace) -> Callable[[str], str]:
    """The configured model, checked before any work."""
    if not args.model:
        raise UserError("--second-reader needs --model PROVIDER:NAME")
    from pipeline.chat.graph import asker, configured

    return asker(configured(args.model, args.base_url, args.allow_remote))


def _second_reader(args: argparse.Namespace, packets: Sequence[str], ask: Callable[[str], str]) -> None:
    """Proposals of every packet that was screened; a model that fails leaves the screenings as they are."""
    from pipeline.chat.packet import open_packet
    from pipeline.chat.second import propose, write_proposals

    for packet_id in packets:
        if (args.out / "screenings" / f"{packet_id}.json").is_file():
            write_proposals(args.out, propose(open_packet(args.out, packet_id), ask), args.model)


def _cores() -> int:
    """As many as there are cores for, and memory."""
    try:
        cores, memory = len(os.sched_getaffinity(0)), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return os.cpu_count() or 1
    return max(1, min(cores, memory // WORKER_BYTES))


def _tell(outcome: Outcome, args: argparse.Namespace) -> None:
    counts, problems = outcome.counts, outcome.problems
    if args.json:
        listed = [{"packet_id": p.packet_id, "file": p.file, "problem": p.problem} for p in problems]
        told = {"workspace": str(args.out), "packets": counts.total, "screened": counts.screened, "problems": listed,
                "pages": counts.pages, "seconds": round(outcome.seconds, 1), "stopped": outcome.stopped}  # fmt: skip
        print(json.dumps(told, ensure_ascii=False, indent=1))
    elif not args.quiet:
        print(f"{counts.screened} of {counts.total} packets screened, {counts.pages} pages.")
        print(f"Worksheets:  {args.out / 'worksheets'}")
        print(f"Screenings:  {args.out / 'screenings'}")
        print(f"Summary:     {args.out / 'summary.csv'}")
        if problems:
            print(f"Problems:    {args.out / 'problems.csv'} ({len(problems)})")
    if outcome.stopped:
        print(f"chartproof: {outcome.stopped}; run the same command again to go on", file=sys.stderr)
