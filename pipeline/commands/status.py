"""chartproof status: how far the screening of a workspace is."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from extractors.errors import UserError


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workspace", type=Path, metavar="WORKSPACE", help="the --out folder of `chartproof screen`")
    parser.add_argument("--ledger", metavar="URL", help="the database that `screen` was given, if it was")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from pipeline.ledger import Ledger, sqlite_url
    from pipeline.runs import this_run

    if not args.ledger and not (args.workspace / "ledger.sqlite").is_file():
        raise UserError(f"{args.workspace}: no ledger in it; name the --out folder of `chartproof screen`")
    ledger = Ledger(args.ledger or sqlite_url(args.workspace), str(args.workspace.resolve()), this_run())
    try:
        seen = ledger.state()
    finally:
        ledger.close()
    print(json.dumps(seen, indent=1) if args.json else "\n".join(_lines(seen)))
    return 0


def _lines(seen: dict[str, object]) -> list[str]:
    lines = [
        f"{seen['screened']} of {seen['packets']} packets screened, {seen['failed']} could not be, {seen['pages']} pages; "
        f"{seen['running']} at work, {seen['waiting']} waiting",
        f"runs at work: {seen['runs']}",
    ]
    if seen["per_hour"]:
        left = seen["seconds_left"]
        lines.append(f"{seen['per_hour']} packets an hour, about {_time(left)} left")
    return lines


def _time(seconds: object) -> str:
    whole = int(str(seconds))
    return f"{whole // 3600} h {whole % 3600 // 60} min" if whole >= 3600 else f"{whole // 60} min {whole % 60} s"
