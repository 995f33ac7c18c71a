"""The ledger of a workspace: which packet is waiting, at work, done or given up, and who holds it. The only truth.

A packet is claimed by a run under a lease and ends in one transaction that also puts its files in place, so that
a run which lost its lease changes nothing. SQLite serves one machine; PostgreSQL, by its URL, several.
It holds packet ids, file names and counts, never text of a record.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from extractors.errors import ChartproofError
from pipeline.packets import Problem
from pipeline.runs import Run, alive

LEASE_SECONDS = 60.0
"""How long a run on another machine may be silent before its packets are taken over."""
MOST_LOSSES = 10
"""Runs that may end with a packet in their hands before the packet is suspected of ending them."""

metadata = sa.MetaData()
ITEMS = sa.Table(
    "batch_items",
    metadata,
    sa.Column("workspace", sa.String, primary_key=True),
    sa.Column("packet_id", sa.String, primary_key=True),
    sa.Column("batch", sa.String, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("fingerprint", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.Column("losses", sa.Integer, nullable=False, default=0),
    sa.Column("run", sa.String),
    sa.Column("screened", sa.Boolean, nullable=False, default=False),
    sa.Column("pages", sa.Integer, nullable=False, default=0),
    sa.Column("seconds", sa.Float, nullable=False, default=0.0),
    sa.Column("output", sa.String, nullable=False, default=""),
    sa.Column("problems", sa.String, nullable=False, default="[]"),
)
RUNS = sa.Table(
    "batch_runs",
    metadata,
    sa.Column("run", sa.String, primary_key=True),
    sa.Column("workspace", sa.String, nullable=False),
    sa.Column("batch", sa.String, nullable=False),
    sa.Column("machine", sa.String, nullable=False),
    sa.Column("process", sa.String, nullable=False),
    sa.Column("expires", sa.Float, nullable=False),
    sa.Column("began", sa.Float, nullable=False),
    sa.Column("ended", sa.Integer, nullable=False, default=0),
)
sa.Index("batch_items_waiting", ITEMS.c.workspace, ITEMS.c.batch, ITEMS.c.state, ITEMS.c.tries, ITEMS.c.place)


@dataclass(frozen=True, slots=True)
class Entry:
    """A packet to be entered: its place in the order of the run, and what its result depends on."""

    packet_id: str
    place: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a packet ended. `output` is the SHA-256 of its screening, empty when there is none."""

    packet_id: str
    screened: bool
    pages: int = 0
    seconds: float = 0.0
    output: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """Packets of a batch by state, and the pages and problems of those that ended."""

    waiting: int = 0
    running: int = 0
    screened: int = 0
    failed: int = 0
    pages: int = 0

    @property
    def ended(self) -> int:
        return self.screened + self.failed

    @property
    def total(self) -> int:
        return self.waiting + self.running + self.ended


class Ledger:
    """One run's view of a workspace's ledger. `url` is a database URL; see `sqlite_url` for a file."""

    def __init__(self, url: str, workspace: str, run: Run, batch: str = "") -> None:
        self.workspace, self.run, self.batch = workspace, run, batch
        self.engine = _engine(url)
        self.sqlite = self.engine.dialect.name == "sqlite"
        metadata.create_all(self.engine)
        self._mine = (ITEMS.c.workspace == workspace) & (ITEMS.c.batch == batch)
        self._claim = self._claiming()

    def close(self) -> None:
        self.engine.dispose()

    # -- runs

    def begin(self) -> str | None:
        """Enter this run. The batch of another live run that is not this one is returned, and nothing entered."""
        with self._writing() as db:
            others = db.execute(sa.select(RUNS).where(RUNS.c.workspace == self.workspace)).all()
            now = self._now(db)
            for row in others:
                if row.batch != self.batch and alive(Run(row.run, row.machine, row.process), row.expires > now):
                    return str(row.batch)
            db.execute(sa.insert(RUNS).values(
                run=self.run.name, workspace=self.workspace, batch=self.batch, machine=self.run.machine,
                process=self.run.process, expires=now + LEASE_SECONDS, began=now))  # fmt: skip
        return None

    def renew(self) -> None:
        """Say that this run lives, which renews the lease of all it holds; take over what dead runs held."""
        with self._writing() as db:
            now = self._now(db)
            db.execute(sa.update(RUNS).where(RUNS.c.run == self.run.name).values(expires=now + LEASE_SECONDS))
            for row in db.execute(sa.select(RUNS).where(RUNS.c.workspace == self.workspace)).all():
                if row.run != self.run.name and not alive(Run(row.run, row.machine, row.process), row.expires > now):
                    self._free(db, row.run, lost=True)
                    db.execute(sa.delete(RUNS).where(RUNS.c.run == row.run))

    def end(self) -> None:
        """Leave: what this run still holds waits again, as if never claimed."""
        with self._writing() as db:
            self._free(db, self.run.name, lost=False)
            db.execute(sa.delete(RUNS).where(RUNS.c.run == self.run.name))

    def _free(self, db: sa.Connection, run: str, lost: bool) -> None:
        held = (ITEMS.c.workspace == self.workspace) & (ITEMS.c.run == run) & (ITEMS.c.state == "running")
        db.execute(sa.update(ITEMS).where(held).values(
            state="waiting", run=None, tries=ITEMS.c.tries - 1, losses=ITEMS.c.losses + int(lost)))  # fmt: skip

    def _now(self, db: sa.Connection) -> float:
        """One clock for all machines: the database server's."""
        return time.time() if self.sqlite else float(db.execute(sa.text("select extract(epoch from now())")).scalar_one())

    def runs(self) -> frozenset[str]:
        """The runs entered in this workspace, this one among them."""
        with self._reading() as db:
            return frozenset(db.execute(sa.select(RUNS.c.run).where(RUNS.c.workspace == self.workspace)).scalars())

    # -- packets

    def enter(self, entries: Sequence[Entry], again: Callable[[str, str], bool]) -> None:
        """Enter packets into the batch. One whose fingerprint is known and whose result stands keeps its state.

        `again(packet_id, output)` says whether a result must be made again although nothing changed.
        """
        with self._writing() as db:
            names = [entry.packet_id for entry in entries]
            known = {row.packet_id: row for row in db.execute(
                sa.select(ITEMS).where((ITEMS.c.workspace == self.workspace) & ITEMS.c.packet_id.in_(names)))}  # fmt: skip
            new = [entry for entry in entries if entry.packet_id not in known]
            if new:
                self._insert(db, new)
            for entry in (entry for entry in entries if entry.packet_id in known):
                self._reenter(db, entry, known[entry.packet_id], again)

    def _insert(self, db: sa.Connection, new: Sequence[Entry]) -> None:
        if self.sqlite:
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
        rows = [dict(_WAITING, workspace=self.workspace, batch=self.batch, packet_id=e.packet_id, place=e.place,
                     fingerprint=e.fingerprint) for e in new]  # fmt: skip
        db.execute(insert(ITEMS).on_conflict_do_nothing(), rows)

    def _reenter(self, db: sa.Connection, entry: Entry, row: Any, again: Callable[[str, str], bool]) -> None:
        same = ITEMS.c.workspace == self.workspace, ITEMS.c.packet_id == entry.packet_id
        if (row.batch, row.place) != (self.batch, entry.place):
            db.execute(sa.update(ITEMS).where(*same).values(batch=self.batch, place=entry.place))
        if row.state in ("done", "failed"):
            stale = row.fingerprint != entry.fingerprint or again(row.packet_id, row.output)
        else:
            stale = row.state == "waiting" and row.fingerprint != entry.fingerprint
        if stale:
            db.execute(sa.update(ITEMS).where(*same, ITEMS.c.state != "running").values(
                **_WAITING, fingerprint=entry.fingerprint))  # fmt: skip

    def claim(self) -> tuple[str, int] | None:
        """Take the next waiting packet: its id and which try this is. Those tried before come last."""
        with self._writing() as db:
            return self._take(db)

    def _take(self, db: sa.Connection) -> tuple[str, int] | None:
        row = db.execute(self._claim, {"mine": self.run.name}).first()
        return (row.packet_id, row.tries) if row else None

    def _claiming(self) -> sa.Update:
        first = (
            sa.select(ITEMS.c.packet_id)
            .where(self._mine, ITEMS.c.state == "waiting")
            .order_by(ITEMS.c.tries, ITEMS.c.place)
            .limit(1)
            .with_for_update(skip_locked=True)  # SQLite, which has one writer at a time, leaves this out
        )
        return (
            sa.update(ITEMS)
            .where(ITEMS.c.workspace == self.workspace, ITEMS.c.packet_id == first.scalar_subquery())
            .values(state="running", run=sa.bindparam("mine"), tries=ITEMS.c.tries + 1)
            .returning(ITEMS.c.packet_id, ITEMS.c.tries)
        )

    def finish(self, ended: Ended, publish: Callable[[], None], more: bool = False) -> tuple[bool, tuple[str, int] | None]:
        """End a packet: `publish` puts its files in place within the transaction, if the packet is still ours.

        Gives whether it was, and with `more` the next claim, taken in the same transaction.
        """
        with self._writing() as db:
            done = db.execute(_FINISH, {
                "in_workspace": self.workspace, "of": ended.packet_id, "mine": self.run.name,
                "to": "done" if ended.screened else "failed", "was_screened": ended.screened, "n_pages": ended.pages,
                "took": ended.seconds, "sha": ended.output,
                "told": json.dumps([[p.file, p.problem] for p in ended.problems])})  # fmt: skip
            ours = done.rowcount == 1
            if ours:
                publish()
                db.execute(_COUNT, {"of_run": self.run.name})
            return ours, self._take(db) if more else None

    def claim_one(self, packet_id: str) -> bool:
        """Take this packet if it waits."""
        with self._writing() as db:
            taken = db.execute(sa.update(ITEMS).where(
                ITEMS.c.workspace == self.workspace, ITEMS.c.packet_id == packet_id, ITEMS.c.state == "waiting",
            ).values(state="running", run=self.run.name))  # fmt: skip
            return taken.rowcount == 1

    def forget(self, known: Collection[str]) -> None:
        """Leave out of the batch what is no longer among its packets."""
        with self._writing() as db:
            names = db.execute(sa.select(ITEMS.c.packet_id).where(self._mine)).scalars().all()
            for name in (name for name in names if name not in known):
                db.execute(sa.delete(ITEMS).where(self._mine, ITEMS.c.packet_id == name, ITEMS.c.state != "running"))

    def give_back(self, packet_id: str) -> None:
        """Let a packet wait again after a try that failed."""
        with self._writing() as db:
            db.execute(sa.update(ITEMS).where(
                ITEMS.c.workspace == self.workspace, ITEMS.c.packet_id == packet_id, ITEMS.c.run == self.run.name,
                ITEMS.c.state == "running").values(state="waiting", run=None))  # fmt: skip

    # -- looking

    def counts(self, batch: str | None = None) -> Counts:
        where = (ITEMS.c.workspace == self.workspace) & (ITEMS.c.batch == (batch or self.batch))
        found = sa.select(ITEMS.c.state, sa.func.count(), sa.func.sum(ITEMS.c.pages)).where(where)
        with self._reading() as db:
            rows = {state: (n, int(pages or 0)) for state, n, pages in db.execute(found.group_by(ITEMS.c.state))}
        n = {state: rows.get(state, (0, 0))[0] for state in ("waiting", "running", "done", "failed")}
        return Counts(n["waiting"], n["running"], n["done"], n["failed"], sum(p for _, p in rows.values()))

    def suspects(self) -> list[str]:
        """Waiting packets that too many runs ended with."""
        with self._reading() as db:
            return list(db.execute(sa.select(ITEMS.c.packet_id).where(
                self._mine, ITEMS.c.state == "waiting", ITEMS.c.losses >= MOST_LOSSES)).scalars())  # fmt: skip

    def results(self, batch: str | None = None) -> Iterator[tuple[str, str, bool, tuple[Problem, ...]]]:
        """Packet id, state, whether screened, and problems, in the order of the run, a few rows at a time."""
        where = (ITEMS.c.workspace == self.workspace) & (ITEMS.c.batch == (batch or self.batch))
        wanted = sa.select(ITEMS.c.place, ITEMS.c.packet_id, ITEMS.c.state, ITEMS.c.screened, ITEMS.c.problems)
        after = -1
        while True:
            with self._reading() as db:
                rows = db.execute(wanted.where(where, ITEMS.c.place > after).order_by(ITEMS.c.place).limit(500)).all()
            if not rows:
                return
            for place, packet_id, state, screened, told in rows:
                after = place
                yield packet_id, state, screened, tuple(Problem(packet_id, *one) for one in json.loads(told))

    def state(self) -> dict[str, object]:
        """Counts, pace and time left of the batch that runs are at, or else of the one with the most packets."""
        with self._reading() as db:
            rows = db.execute(sa.select(RUNS).where(RUNS.c.workspace == self.workspace)).all()
            now = self._now(db)
            most = sa.select(ITEMS.c.batch).where(ITEMS.c.workspace == self.workspace).group_by(ITEMS.c.batch)
            largest = db.execute(most.order_by(sa.func.count().desc()).limit(1)).scalar()
        live = [row for row in rows if alive(Run(row.run, row.machine, row.process), row.expires > now)]
        counts = self.counts(live[0].batch if live else largest or "")
        pace = sum(row.ended / max(1.0, now - row.began) for row in live)
        return {
            "packets": counts.total, "screened": counts.screened, "failed": counts.failed, "running": counts.running,
            "waiting": counts.waiting, "pages": counts.pages, "runs": len(live), "per_hour": round(3600 * pace),
            "seconds_left": round((counts.total - counts.ended) / pace) if pace else None,
        }  # fmt: skip

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with _faults(), self.engine.begin() as db:
            yield db

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with _faults(), self.engine.connect().execution_options(reading=True) as db:
            yield db


_WAITING = {"state": "waiting", "tries": 0, "losses": 0, "run": None, "screened": False, "pages": 0, "seconds": 0.0,
            "output": "", "problems": "[]"}  # fmt: skip
_FINISH = (
    sa.update(ITEMS)
    .where(ITEMS.c.workspace == sa.bindparam("in_workspace"), ITEMS.c.packet_id == sa.bindparam("of"),
           ITEMS.c.run == sa.bindparam("mine"), ITEMS.c.state == "running")
    .values(state=sa.bindparam("to"), run=None, screened=sa.bindparam("was_screened"), pages=sa.bindparam("n_pages"),
            seconds=sa.bindparam("took"), output=sa.bindparam("sha"), problems=sa.bindparam("told"))
)  # fmt: skip


class LedgerStopped(ChartproofError):
    """The ledger cannot be read or written now; `full` when its disk is full."""

    def __init__(self, reason: str, full: bool) -> None:
        super().__init__(f"the ledger cannot be used: {reason}")
        self.full = full


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        code = getattr(error.orig, "sqlite_errorname", "")
        full = code.startswith(("SQLITE_FULL", "SQLITE_IOERR")) or type(error.orig).__name__ == "DiskFull"
        raise LedgerStopped(code or type(error.orig).__name__, full) from error


_COUNT = sa.update(RUNS).where(RUNS.c.run == sa.bindparam("of_run")).values(ended=RUNS.c.ended + 1)


def sqlite_url(workspace: Path) -> str:
    """The ledger's file in a workspace, as a URL."""
    return f"sqlite:///{workspace / 'ledger.sqlite'}"


def _engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`, not by the driver
    connection.execute("PRAGMA journal_mode=WAL")
    # A commit may be lost with the machine's power, never torn: its packet is then done once more, to the same bytes
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA busy_timeout=20000")


def _begin(connection: sa.Connection) -> None:
    """Writers take the lock at once: two that read first and then write would fail each other."""
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
