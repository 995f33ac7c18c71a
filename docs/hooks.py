"""Reference pages made from code and policies when the site is built, so that they cannot be out of date."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from mkdocs.structure.files import File, Files  # noqa: E402

from criteria.facts import facts  # noqa: E402
from criteria.policy import Policy, load_policy, policy_ids  # noqa: E402
from pipeline.cli import build_parser  # noqa: E402
from pipeline.export.tables import COLUMNS, TABLE_VERSION  # noqa: E402


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    for name, text in pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def pages() -> dict[str, str]:
    """Path to Markdown of every generated page."""
    return {
        "reference/policies.md": "# Policies\n\n" + "\n".join(map(_policy, map(load_policy, policy_ids()))),
        "reference/facts.md": "# Facts\n\nThe closed list of what a finding can state.\n\n" + "\n".join(_facts()),
        "reference/commands.md": "# Commands\n\n" + "\n".join(_commands()),
        "reference/table.md": f"# Table of evidence, version {TABLE_VERSION}\n\nA row per excerpt, or per criterion "
        "without one: CSV, XLSX and Parquet.\n\n| column | type |\n|---|---|\n"
        + "\n".join(f"| `{name}` | {kind} |" for name, kind in COLUMNS.items()),
    }


def _policy(policy: Policy) -> str:
    lines = [f"## {policy.id}: {policy.title}\n", f"Revision {policy.revision}.\n"]
    for pathway in policy.pathways:
        ids = ", ".join(c.id for c in policy.criteria_of(pathway))
        lines.append(f"- **{pathway.id}** {pathway.title}: {ids}")
    lines += ["", "| criterion | asks |", "|---|---|"]
    lines += [f"| **{c.id}** {c.title} | {c.asks} |" for c in policy.criteria]
    return "\n".join(lines) + "\n"


def _facts() -> Iterator[str]:
    for fact in facts().values():
        yield f"## {fact.kind}\n\n{fact.about[:1].upper()}{fact.about[1:]}.\n"
        yield from (f"- `{value}`: {meaning}" for value, meaning in fact.values.items())
        if fact.unit:
            yield f"- a number, in {fact.unit}"
        yield ""


def _commands() -> Iterator[str]:
    os.environ["COLUMNS"] = "100"
    parser = build_parser()
    yield f"```text\n{parser.format_help()}```\n"
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield f"## chartproof {name}\n\n```text\n{command.format_help()}```\n"
