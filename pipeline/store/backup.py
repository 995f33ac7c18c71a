"""The whole store into one folder, and back: the database first, then the documents it names."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import MetaData, func, insert, select, text

from extractors.errors import UserError
from pipeline.store import audit
from pipeline.store import schema as t
from pipeline.store.database import Store, now, open_engine

DATABASE, KEY, BLOBS, HEAD = "chartproof.db", "audit.key", "blobs", "head.json"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a backup or a restored store holds, after every hash in it was made again."""

    rows: int
    documents: int
    head: str


def backup(store: Store, target: Path, key: Path) -> Checked:
    """Write a backup to a new folder: a SQLite file whatever the engine, the blobs, the key and the log's head.

    Raises UserError when the folder exists or when what was written does not verify.
    """
    if target.exists():
        raise UserError(f"{target}: exists already; name a new folder")
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    _copy_rows(store, part / DATABASE)
    for name in store.blobs.names():
        copy = part / BLOBS / name[:2] / name[2:4] / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(store.blobs.path(name), copy)
    shutil.copyfile(key, part / KEY)
    os.chmod(part / KEY, 0o600)
    checked = check(part)
    (part / HEAD).write_text(json.dumps({"seq": checked.rows, "hash": checked.head, "at": now()}) + "\n")
    os.replace(part, target)
    return checked


def check(folder: Path) -> Checked:
    """Verify a backup: the log's chain, every blob's hash, and that no document is missing. Raises UserError."""
    from pipeline.store.blobs import Blobs

    engine = open_engine(f"sqlite:///{(folder / DATABASE).resolve()}")
    blobs = Blobs(folder / BLOBS)
    try:
        with engine.connect() as conn:
            verdict = audit.verify(conn, audit.load_key(folder / KEY))
            named = set(conn.execute(select(t.sources.c.sha256).where(t.sources.c.size > 0)).scalars())
            named |= set(conn.execute(select(t.pages.c.picture).where(t.pages.c.picture.is_not(None))).scalars())
    finally:
        engine.dispose()
    if verdict.bad is not None:
        raise UserError(f"{folder}: the audit log does not verify at row {verdict.bad}: {verdict.why}")
    there = set(blobs.names())
    if wrong := blobs.wrong():
        raise UserError(f"{folder}: {len(wrong)} files were changed since they were stored, the first is {wrong[0]}")
    if named - there:
        raise UserError(f"{folder}: {len(named - there)} documents or pictures are missing")
    return Checked(verdict.rows, len(there), verdict.head)


def restore(source: Path, folder: Path, url: str | None = None) -> Checked:
    """Make a store of a backup, documents first, in a folder that has none. Raises UserError."""
    if not (source / DATABASE).is_file():
        raise UserError(f"{source}: not a backup; name a folder that `chartproof backup` wrote")
    if (folder / DATABASE).exists() or (folder / KEY).exists():
        raise UserError(f"{folder}: holds a store already; restore into an empty folder")
    checked = check(source)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copytree(source / BLOBS, folder / BLOBS, dirs_exist_ok=True)
    shutil.copyfile(source / KEY, folder / KEY)
    os.chmod(folder / KEY, 0o600)
    if url is None:
        shutil.copyfile(source / DATABASE, folder / DATABASE)
    else:
        _fill(source / DATABASE, url)
    return checked


def _copy_rows(store: Store, target: Path) -> None:
    if store.engine.dialect.name == "sqlite":
        raw = store.engine.raw_connection()  # VACUUM runs outside of the transaction that every connection begins
        try:
            raw.cursor().execute("VACUUM INTO ?", (str(target),))
        finally:
            raw.close()
        return
    from pipeline.store.database import migrate

    engine = open_engine(f"sqlite:///{target.resolve()}")
    migrate(engine)
    with store.engine.connect().execution_options(isolation_level="REPEATABLE READ") as source, engine.begin() as out:
        for table in t.metadata.sorted_tables:
            rows = [dict(row._mapping) for row in source.execute(select(table))]
            if rows:
                out.execute(insert(table), rows)
    engine.dispose()


def _fill(database: Path, url: str) -> None:
    """The rows of a backup into an empty database of another engine, and its counters after them."""
    from pipeline.store.database import migrate

    target, source = open_engine(url), open_engine(f"sqlite:///{database.resolve()}")
    migrate(target)
    with source.connect() as rows, target.connect().execution_options(writes=True) as out, out.begin():
        if out.execute(select(func.count()).select_from(t.audit)).scalar_one():
            raise UserError("the database is not empty; restore into a new one")
        for table in t.metadata.sorted_tables:
            if found := [dict(row._mapping) for row in rows.execute(select(table))]:
                out.execute(insert(table), found)
        if target.dialect.name == "postgresql":
            _set_counters(out, t.metadata)
    target.dispose()
    source.dispose()


def _set_counters(conn: object, metadata: MetaData) -> None:
    for table in metadata.sorted_tables:
        if "id" in table.c:
            name = table.name
            conn.execute(  # type: ignore[attr-defined]
                text(
                    f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), COALESCE((SELECT MAX(id) FROM {name}), 1))"
                )
            )
