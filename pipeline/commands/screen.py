"""chartproof screen: from a folder of records to screenings, worksheets and tables."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from extractors.errors import UserError

if TYPE_CHECKING:
    from pipeline.batch import Done


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "records", type=Path, metavar="RECORDS", help="one packet (a folder or a file), or a folder of packets"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="WORKSPACE", help="folder for the results")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes to use (default 1)")
    parser.add_argument(
        "--policy", default="LA.CP.MP.173", metavar="ID", help="policy to screen against (default %(default)s)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bars and no closing words")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")


def run(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from criteria.policy import load_policy
    from pipeline.batch import screen_all
    from pipeline.packets import find_packets

    if args.jobs < 1:
        raise UserError(f"--jobs {args.jobs}: use 1 or more")
    load_policy(args.policy)  # a wrong policy is told once, before any work
    packets = find_packets(args.records)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{args.out}: cannot be made ({error.strerror}); choose another --out") from None
    with (
        tqdm(total=len(packets), desc="packets", unit="packet", file=sys.stderr, disable=args.quiet) as packet_bar,
        tqdm(desc="pages", unit="page", file=sys.stderr, disable=args.quiet, position=1, leave=False) as page_bar,
    ):
        done = screen_all(
            packets,
            args.out,
            args.policy,
            args.jobs,
            on_packet=lambda: _step(packet_bar, 1),
            on_pages=lambda pages: _step(page_bar, pages),
        )
    _tell(done, args)
    return 0 if all(one.screened for one in done) else 1


def _step(bar: object, count: int) -> None:
    bar.update(count)  # type: ignore[attr-defined]


def _tell(done: tuple[Done, ...], args: argparse.Namespace) -> None:
    problems = [problem for one in done for problem in one.problems]
    screened = sum(one.screened for one in done)
    if args.json:
        listed = [{"packet_id": p.packet_id, "file": p.file, "problem": p.problem} for p in problems]
        told = {"workspace": str(args.out), "packets": len(done), "screened": screened, "problems": listed}
        print(json.dumps(told, ensure_ascii=False, indent=1))
    elif not args.quiet:
        print(f"{screened} of {len(done)} packets screened, {sum(one.pages for one in done)} pages.")
        print(f"Worksheets:  {args.out / 'worksheets'}")
        print(f"Screenings:  {args.out / 'screenings'}")
        print(f"Summary:     {args.out / 'summary.csv'}")
        if problems:
            print(f"Problems:    {args.out / 'problems.csv'} ({len(problems)})")
