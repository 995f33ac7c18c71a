"""chartproof policy: which policies are installed, what one asks, whether its cases hold, what a revision changes."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

ID_HELP = "a policy's number, or a folder with policy.yaml"


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, summary in (
        ("list", "list the installed policies"),
        ("show", "show a policy's pathways and criteria"),
        ("check", "check a policy's files and run its cases"),
        ("diff", "what a newer revision changes, and what that does to stored screenings"),
        ("schema", "print the JSON Schema of policy.yaml, for editors"),
    ):
        action = actions.add_parser(name, help=summary, description=summary)
        if name not in ("list", "schema"):
            action.add_argument("id", metavar="ID", help=ID_HELP)
        if name == "diff":
            action.add_argument("newer", metavar="NEWER", help=ID_HELP)
            action.add_argument("--workspace", type=Path, metavar="WORKSPACE", help="screenings to compare on")
        action.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    actions = {"list": _list, "show": _show, "check": _check, "diff": _diff, "schema": _schema}
    return actions[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from criteria.policy import load_policy, policy_ids

    policies = [load_policy(name) for name in policy_ids()]
    if args.json:
        print(json.dumps([{"id": p.id, "title": p.title, "revision": p.revision} for p in policies], indent=1))
    else:
        for policy in policies:
            print(f"{policy.id}  {policy.revision}  {policy.title}")
    return 0


def _show(args: argparse.Namespace) -> int:
    from criteria.policy import load_policy

    policy = load_policy(args.id)
    if args.json:
        criteria = [{"id": c.id, "title": c.title, "asks": c.asks} for c in policy.criteria]
        pathways = [
            {"id": p.id, "title": p.title, "criteria": [c.id for c in policy.criteria_of(p)]} for p in policy.pathways
        ]
        told = {"id": policy.id, "title": policy.title, "revision": policy.revision}
        print(json.dumps({**told, "pathways": pathways, "criteria": criteria}, ensure_ascii=False, indent=1))
        return 0
    print(f"{policy.id}, revision {policy.revision}: {policy.title}")
    for pathway in policy.pathways:
        print(f"\n{pathway.id}  {pathway.title}: criteria of {' and '.join(pathway.sections)}")
    print()
    for criterion in policy.criteria:
        print(f"{criterion.id:7} {criterion.title}\n        {criterion.asks}")
    return 0


def _check(args: argparse.Namespace) -> int:
    from criteria.cases import failures, load_cases
    from criteria.policy import load_policy

    policy = load_policy(args.id)
    cases = load_cases(policy, args.id)
    failed = list(failures(policy, cases))
    if args.json:
        print(json.dumps({"policy": policy.id, "cases": len(cases), "failures": failed}, ensure_ascii=False, indent=1))
    else:
        print("\n".join([*failed, f"{policy.id}: {len(cases)} cases, {len(failed)} failures"]))
    return 1 if failed else 0


def _diff(args: argparse.Namespace) -> int:
    """Exit status 0 whether or not something differs: a difference is no failure."""
    from criteria.diff import changes, effects
    from criteria.policy import load_policy
    from pipeline.export.workspace import load_screenings

    old, new = load_policy(args.id), load_policy(args.newer)
    found = changes(old, new)
    touched = tuple(effects(load_screenings(args.workspace), old, new)) if args.workspace else ()
    if args.json:
        told = {"changes": [asdict(c) for c in found], "screenings": [asdict(e) for e in touched]}
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return 0
    for change in found:
        print(f"{change.criterion or 'policy':7} {change.what}")
    for effect in touched:
        print(f"{effect.packet_id}  {effect.criterion}: {effect.before} -> {effect.after or 'screen again to tell'}")
    print(f"{len(found)} changes, {len(touched)} statuses")
    return 0


def _schema(args: argparse.Namespace) -> int:
    from criteria.schema import policy_schema

    print(json.dumps(policy_schema(), ensure_ascii=False, indent=1))
    return 0
