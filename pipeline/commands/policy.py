"""chartproof policy: which policies are installed, what one asks, and whether its cases hold."""

from __future__ import annotations

import argparse
import json

ID_HELP = "a policy's number, or a folder with policy.yaml"


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, summary in (
        ("list", "list the installed policies"),
        ("show", "show a policy's pathways and criteria"),
        ("check", "check a policy's files and run its cases"),
    ):
        action = actions.add_parser(name, help=summary, description=summary)
        if name != "list":
            action.add_argument("id", metavar="ID", help=ID_HELP)
        action.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    return {"list": _list, "show": _show, "check": _check}[args.action](args)


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
