"""The audit log: every row carries the hash of the one before it, keyed, so that no row can be changed unnoticed.

    hash = HMAC-SHA256(key, canonical JSON of seq, at, actor, action, subject, body, prev)

The key lies outside the database. Who holds both can still rewrite the log: keep its head (number and hash, printed on
every finished worksheet and by `chartproof audit head`) elsewhere, and compare.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, insert, select

from extractors.errors import UserError
from pipeline.store import schema as t

START = "0" * 64


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rows` were read; `bad` is the number of the first row that does not fit, or None; `head` is the last hash."""

    rows: int
    bad: int | None
    head: str
    why: str = ""


def load_key(path: Path) -> bytes:
    """The key, made at the first start with access for its owner alone. Raises UserError when it cannot be used."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
        if path.stat().st_mode & 0o077:
            raise UserError(f"{path}: others can read the key of the audit log; run chmod 600 on it")
        key = bytes.fromhex(path.read_text().strip())
    except FileExistsError:
        return load_key(path)
    except (OSError, ValueError):
        raise UserError(f"{path}: not a key of an audit log; restore it from the backup") from None
    if len(key) < 32:
        raise UserError(f"{path}: not a key of an audit log; restore it from the backup")
    return key


def append(conn: Connection, key: bytes, actor: str, action: str, subject: str, body: Mapping[str, object]) -> int:
    """Add a row after the last one. Call it only inside `Store.write`, which lets one writer in at a time."""
    last = conn.execute(select(t.audit.c.seq, t.audit.c.hash).order_by(t.audit.c.seq.desc()).limit(1)).first()
    row: dict[str, object] = {
        "seq": last.seq + 1 if last else 1,
        "at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "actor": actor,
        "action": action,
        "subject": subject,
        "body": canonical(body),
        "prev": last.hash if last else START,
    }
    conn.execute(insert(t.audit).values(**row, hash=digest(key, row)))
    return int(str(row["seq"]))


def digest(key: bytes, row: Mapping[str, object]) -> str:
    fields = {name: row[name] for name in ("seq", "at", "actor", "action", "subject", "body", "prev")}
    return hmac.new(key, canonical(fields).encode(), hashlib.sha256).hexdigest()


def canonical(value: object) -> str:
    """JSON with one spelling: sorted keys, no spaces, so that its hash can be made again."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def head(conn: Connection) -> tuple[int, str]:
    """The number and hash of the last row."""
    last = conn.execute(select(t.audit.c.seq, t.audit.c.hash).order_by(t.audit.c.seq.desc()).limit(1)).first()
    return (last.seq, last.hash) if last else (0, START)


def verify(conn: Connection, key: bytes, anchor: tuple[int, str] | None = None) -> Verdict:
    """Read the whole log; `anchor`, a number and hash kept elsewhere, must still be in it."""
    expected, prev = 1, START
    for found in conn.execute(select(t.audit).order_by(t.audit.c.seq)):
        row = dict(found._mapping)
        if row["seq"] != expected:
            return Verdict(expected - 1, expected, prev, "a row is missing")
        if row["prev"] != prev or not hmac.compare_digest(row["hash"], digest(key, row)):
            return Verdict(expected - 1, expected, prev, "a row was changed, or made with another key")
        if anchor is not None and anchor[0] == expected and anchor[1] != row["hash"]:
            return Verdict(expected - 1, expected, prev, "the log is not the one the kept head belongs to")
        prev, expected = row["hash"], expected + 1
    if anchor is not None and anchor[0] >= expected:
        return Verdict(expected - 1, expected, prev, "rows are missing at the end")
    return Verdict(expected - 1, None, prev)
