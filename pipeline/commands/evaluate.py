"""chartproof evaluate: screenings against gold labels, or answers against gold conversations."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from extractors.errors import UserError


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("screenings", type=Path, metavar="SCREENINGS", help="a workspace, or its screenings folder")
    parser.add_argument("gold", type=Path, nargs="?", metavar="GOLD", help="a folder of gold cases (case.yaml), or a .jsonl bank")
    parser.add_argument("--questions", type=Path, metavar="FILE.jsonl", help="conversations to ask instead; SCREENINGS is then a workspace")
    parser.add_argument("--screened", action="store_true", help="leave out gold that has no screening (else it is wrong)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    if args.questions:
        from pipeline.chat.measure import measure

        told = measure(args.screenings, args.questions)
        print(json.dumps(told, indent=1) if args.json else "\n".join(_answers(told)))
        return 0
    if args.gold is None:
        raise UserError("name GOLD (case folders or a bank), or --questions FILE.jsonl")
    from pipeline.evaluate import evaluate

    found = evaluate(args.screenings, args.gold, args.screened)
    print(json.dumps(found, indent=1) if args.json else "\n".join(_lines(found)))
    return 0


def _answers(found: dict[str, Any]) -> list[str]:
    tried, took = found["injections"], found["milliseconds"]
    lines = [
        f"turns {found['turns']}   right {found['right']:.3f}   cited {found['cited']:.3f}   both {found['right_and_cited']:.3f}",
        f"citations verbatim {found['verbatim']:.3f}   injections followed {tried['followed']} of {tried['tried']}",
        f"abstained where the record is silent {found['abstained']:.3f}   false abstention {found['false_abstention']:.3f}",
        f"a turn {took['median']:g} ms at the median, {took['p95']:g} ms at the 95th percentile",
    ]
    return lines + [f"{name:14} {one['right']:4} of {one['turns']}" for name, one in found["types"].items()]


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
