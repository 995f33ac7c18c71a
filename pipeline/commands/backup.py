"""chartproof backup: the reviewer's store, whole and verified, into a new folder, or back from one."""

from __future__ import annotations

import argparse
from pathlib import Path


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workspace", type=Path, metavar="WORKSPACE")
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="a new folder for the backup; with --restore, the backup"
    )
    parser.add_argument("--database", metavar="URL", help="postgresql://... instead of a SQLite file in the workspace")
    parser.add_argument("--restore", action="store_true", help="make the store of the workspace from the backup")


def run(args: argparse.Namespace) -> int:
    from pipeline.commands.review import STORE
    from pipeline.store import open_store
    from pipeline.store.backup import backup, restore

    folder = args.workspace / STORE
    if args.restore:
        done = restore(args.folder, folder, args.database)
        print(f"Restored and verified: {done.rows} rows of the audit log, {done.documents} files.")
        return 0
    store = open_store(folder, args.database)
    try:
        done = backup(store, args.folder, folder / "audit.key")
    finally:
        store.close()
    print(f"Backed up and verified: {done.rows} rows of the audit log, {done.documents} files.")
    return 0
