"""chartproof audit: whether the log of the reviewer's store still verifies, and its head to keep elsewhere."""

from __future__ import annotations

import argparse
from pathlib import Path

from extractors.errors import UserError


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=("verify", "head"), help="verify the whole log, or print its last number and hash"
    )
    parser.add_argument("workspace", type=Path, metavar="WORKSPACE")
    parser.add_argument("--database", metavar="URL", help="postgresql://... instead of a SQLite file in the workspace")
    parser.add_argument("--kept", metavar="SEQ:HASH", help="a head printed earlier, which the log must still hold")


def run(args: argparse.Namespace) -> int:
    from pipeline.commands.review import STORE
    from pipeline.store import audit, open_store

    folder = args.workspace / STORE
    if not (folder / "audit.key").is_file():
        raise UserError(f"{args.workspace}: no reviewer's store in it; `chartproof review` makes one")
    kept = _kept(args.kept)
    store = open_store(folder, args.database)
    try:
        with store.read() as conn:
            if args.action == "head":
                print("{}:{}".format(*audit.head(conn)))
                return 0
            verdict = audit.verify(conn, store.audit_key, kept)
    finally:
        store.close()
    if verdict.bad is not None:
        print(f"The audit log does not verify at row {verdict.bad}: {verdict.why}.")
        return 1
    print(f"The audit log verifies: {verdict.rows} rows, head {verdict.rows}:{verdict.head}")
    return 0


def _kept(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    seq, _, hashed = text.partition(":")
    if not seq.isdigit() or len(hashed) != 64:
        raise UserError("--kept: write NUMBER:HASH as `chartproof audit head` prints it")
    return int(seq), hashed
