"""chartproof ask: a question over one packet, or a file of conversations."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from extractors.errors import UserError


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workspace", type=Path, metavar="WORKSPACE", help="what `chartproof screen` wrote")
    parser.add_argument("packet", nargs="?", metavar="PACKET_ID")
    parser.add_argument("question", nargs="?", metavar="QUESTION")
    parser.add_argument("--batch", type=Path, metavar="FILE.jsonl", help='conversations: {"id", "packet", "turns": [{"q": "..."}]}')
    parser.add_argument("--thread", metavar="NAME", help="remember this conversation's turns under a name")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    model_options(parser)


def model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="PROVIDER:NAME", help="a LangChain chat model (default: the embedded one, offline)")
    parser.add_argument("--base-url", metavar="URL", help="address of that model's server")
    parser.add_argument("--memory-key", type=Path, metavar="FILE", help="a Fernet key: what a thread remembers is encrypted with it")
    parser.add_argument("--allow-remote", action="store_true", help="consent to send text of the record to another machine")


def run(args: argparse.Namespace) -> int:
    if args.batch:
        return _batch(args)
    if not args.packet or not args.question:
        raise UserError("name a packet and a question, or --batch FILE.jsonl")
    answer = conversation(args, args.packet).ask(args.question, args.thread or "default")
    print(json.dumps(answer, ensure_ascii=False) if args.json else answer["answer"])
    return 0


def conversation(args: argparse.Namespace, packet_id: str, kept: bool = True) -> Any:
    """A conversation over a packet; a named thread is remembered in the workspace."""
    from pipeline.chat.graph import Conversation, configured
    from pipeline.chat.packet import open_packet

    packet = open_packet(args.workspace, packet_id)
    memory = args.workspace / "records" / packet_id / "chat.sqlite" if kept and args.thread else None
    return Conversation(packet, configured(args.model, args.base_url, args.allow_remote), memory, memory_key(args.memory_key))


def memory_key(file: Path | None) -> bytes | None:
    """The key of remembered conversations. Raises UserError when the file cannot be read."""
    try:
        return file.read_bytes() if file else None
    except OSError:
        raise UserError(f"--memory-key {file}: cannot be read") from None


def _batch(args: argparse.Namespace) -> int:
    known: dict[str, Any] = {}
    try:
        lines = args.batch.read_text(encoding="utf-8").split("\n")
    except OSError:
        raise UserError(f"{args.batch}: cannot be read; name a JSON-lines file") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            name, packet_id, turns = item["id"], item["packet"], [t["q"] for t in item["turns"]]
        except (ValueError, KeyError, TypeError):
            raise UserError(f'{args.batch.name}:{number}: not {{"id", "packet", "turns": [{{"q"}}]}}') from None
        if packet_id not in known:
            known[packet_id] = conversation(args, packet_id, kept=False)
        answers = [known[packet_id].ask(q, str(name)) for q in turns]
        print(json.dumps({"id": name, "turns": answers}, ensure_ascii=False), flush=True)
    return 0
