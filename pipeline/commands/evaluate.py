"""chartproof evaluate: screenings against gold labels."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("screenings", type=Path, metavar="SCREENINGS", help="a workspace, or its screenings folder")
    parser.add_argument("gold", type=Path, metavar="GOLD", help="a folder of gold cases (case.yaml), or a .jsonl bank")
    parser.add_argument("--screened", action="store_true", help="leave out gold that has no screening (else it is wrong)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    from pipeline.evaluate import evaluate

    found = evaluate(args.screenings, args.gold, args.screened)
    print(json.dumps(found, indent=1) if args.json else "\n".join(_lines(found)))
    return 0


def _lines(found: dict[str, Any]) -> list[str]:
    met, hit = found["false_met"], found["evidence_hit"]
    lines = [
        f"cases {found['cases']} (not screened: {found['unscreened']}), labels {found['labels']}",
        f"accuracy {found['accuracy']:.3f}   macro-F1 {found['macro_f1']:.3f}",
        f"false met {met['count']} of {met['predicted']} = {met['rate']:.3f}",
        f"evidence hit {hit['count']} of {hit['labels']} = {hit['rate']:.3f}",
    ]
    if found["request"]:
        request, flags = found["request"], found["flags"]
        lines.append(
            f"phase {request['phase']} of {found['cases']}, indication {request['indication']} of {found['cases']}"
        )
        lines.append(f"flags right {flags['right']}, surplus {flags['surplus']}, missed {flags['missed']}")
    lines.append("\nstatus            n  precision  recall     F1")
    for name, one in found["statuses"].items():
        lines.append(f"{name:14} {one['n']:4}  {one['precision']:9.3f}  {one['recall']:6.3f}  {one['f1']:5.3f}")
    lines.append("\ncriterion    n  accuracy  confused (gold as suggested)")
    for name, one in found["criteria"].items():
        confused = ", ".join(f"{what} {n}" for what, n in one["confused"].items())
        lines.append(f"{name:9} {one['n']:4}  {one['accuracy']:8.3f}  {confused}".rstrip())
    return lines
