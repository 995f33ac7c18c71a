"""chartproof chat: a conversation over one packet, in the terminal."""

from __future__ import annotations

import argparse
from pathlib import Path

from pipeline.commands.ask import conversation, model_options


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workspace", type=Path, metavar="WORKSPACE", help="what `chartproof screen` wrote")
    parser.add_argument("packet", metavar="PACKET_ID")
    parser.add_argument("--thread", default="terminal", metavar="NAME", help="the conversation to go on with (default %(default)s)")
    model_options(parser)


def run(args: argparse.Namespace) -> int:
    talk = conversation(args, args.packet)
    print("Ask about this packet; an empty line ends.")
    while True:
        try:
            question = input("> ").strip()
        except EOFError:
            break
        if not question:
            break
        print(talk.ask(question, args.thread)["answer"], end="\n\n")
    return 0
