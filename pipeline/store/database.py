"""One database, SQLite or PostgreSQL: how it is opened, brought up to date, read and written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, text

from extractors.errors import UserError
from pipeline.store import audit
from pipeline.store.blobs import Blobs

WRITERS = 0x63686172
"""The PostgreSQL advisory lock that every writing transaction takes, as SQLite's BEGIN IMMEDIATE does."""
BUSY_MS = 20_000


@dataclass(frozen=True, slots=True)
class Transaction:
    """A writing transaction of one actor. What it logs is committed with what it changes, or not at all."""

    conn: Connection
    actor: str
    audit_key: bytes

    def log(self, action: str, subject: str, /, **body: object) -> int:
        """Append to the audit log; `body` holds ids, numbers and hashes, never words of a record."""
        return audit.append(self.conn, self.audit_key, self.actor, action, subject, body)


@dataclass(frozen=True, slots=True)
class Store:
    """The reviewer's data: a database, the documents by content, and the key of the audit log."""

    engine: Engine
    blobs: Blobs
    audit_key: bytes
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Writers of this process queue here: SQLite lets those that wait for it poll, and some of fifty wait too long."""

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as conn:
            yield conn

    @contextmanager
    def write(self, actor: str) -> Iterator[Transaction]:
        """One writer at a time: the chained log needs it, and no reviewer's write is lost to a retry."""
        with self.turn, self.engine.connect().execution_options(writes=True) as conn, conn.begin():
            if self.engine.dialect.name == "postgresql":
                conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITERS})
            yield Transaction(conn, actor, self.audit_key)

    def close(self) -> None:
        self.engine.dispose()


def open_store(folder: Path, url: str | None = None, key_file: Path | None = None) -> Store:
    """Open, or make, the store of a workspace: `folder`/chartproof.db unless `url` names another database.

    The key of the audit log is read from `key_file` (`folder`/audit.key unless given) and made at the first
    start. Raises UserError for a database or key that cannot be used.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(url or f"sqlite:///{folder.resolve() / 'chartproof.db'}")
    try:
        migrate(engine)
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"the database cannot be opened or brought up to date ({type(error).__name__}); check its address"
        ) from None
    return Store(engine, Blobs(folder / "blobs"), audit.load_key(key_file or folder / "audit.key"))


def open_engine(url: str) -> Engine:
    """An engine with the settings that keep what was acknowledged: full sync, foreign keys, one writer."""
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    if url.startswith("postgresql"):
        return create_engine(url, pool_size=20, max_overflow=40, pool_pre_ping=True)
    if not url.startswith("sqlite"):
        raise UserError("the database address must begin with sqlite:// or postgresql://")
    engine = create_engine(url, pool_size=20, max_overflow=40, connect_args={"timeout": BUSY_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, never behind our back
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(conn: Connection) -> None:
    # a reader that later writes would fail with "database is locked": writers take the lock at once
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("writes") else "BEGIN")


def migrate(engine: Engine) -> None:
    """Bring the tables up to date. A database made by a newer version is refused."""
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    with engine.connect().execution_options(writes=True) as conn, conn.begin():
        if engine.dialect.name == "postgresql":
            conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITERS})
        current = MigrationContext.configure(conn).get_current_revision()
        if current == script.get_current_head():
            return
        if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
            raise UserError("the database was made by a newer version of chartproof; update chartproof")
        config.attributes["connection"] = conn
        command.upgrade(config, "head")


def now() -> str:
    """The time in UTC, to the microsecond, in a form that sorts."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
