"""The command line: a table of commands, and how a user's error is told."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from extractors.errors import UserError

COMMANDS: Mapping[str, tuple[str, str]] = {
    "screen": ("pipeline.commands.screen", "screen packets of clinical records against a policy"),
    "status": ("pipeline.commands.status", "tell how far the screening of a workspace is"),
    "text": ("pipeline.commands.text", "print the page texts that excerpts point into"),
    "assert": ("pipeline.commands.asserting", "tell how each concept is asserted (negated, planned, ...)"),
    "review": ("pipeline.commands.review", "open the reviewer's page"),
    "audit": ("pipeline.commands.audit", "verify the audit log of the reviewer's store"),
    "backup": ("pipeline.commands.backup", "back up or restore the reviewer's store"),
    "evaluate": ("pipeline.commands.evaluate", "compare screenings with gold labels"),
    "ask": ("pipeline.commands.ask", "ask a question over a screened packet"),
    "chat": ("pipeline.commands.chat", "talk over a screened packet"),
    "mcp": ("pipeline.commands.mcp", "serve a workspace read-only to programs, over stdio"),
    "policy": ("pipeline.commands.policy", "list, show, check or compare policies"),
    "export": ("pipeline.commands.export", "write screenings and decisions for other programs"),
}
"""Command to its module and one line of help. A new command is one line here and one module."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 when all went well, 1 when something was left undone, 2 for unusable arguments."""
    args = build_parser().parse_args(argv)
    try:
        status: int = import_module(COMMANDS[args.command][0]).run(args)
        sys.stdout.flush()
        return status
    except UserError as error:
        print(f"chartproof: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # the reader of our output went away (`chartproof text ... | head`): nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="chartproof",
        description="Shows a reviewer, criterion by criterion, the words of a record that prove or disprove each one. "
        "It suggests; it never approves or denies.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, summary) in COMMANDS.items():
        import_module(module).add(subparsers.add_parser(name, help=summary, description=summary))
    return parser
