"""The reviewer's store, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made_reviews import write_workspace
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from extractors.document import Page
from extractors.errors import UserError
from pipeline.store import Store, access, agreement, audit, factors, open_store, rendering, reviews, schema, worksheets
from pipeline.store.access import Viewer
from pipeline.store.backup import backup, check, restore
from pipeline.store.database import migrate, open_engine
from pipeline.store.decisions import Refused, Sent, Stale
from pipeline.store.ingest import ingest
from pipeline.store.reviews import Packet

BIN = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of our own on loopback; it refuses to run as root, so as root it runs as `postgres`."""
    initdb = shutil.which("initdb") or str(BIN / "initdb")
    if not Path(initdb).exists():
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    folder = tmp_path_factory.mktemp("pg")
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):
                parent.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = [*as_user, initdb, "-D", str(folder / "d"), "-A", "trust", "-U", "chartproof", "--no-sync"]
    subprocess.run(made, check=True, capture_output=True)
    command = [*as_user, str(Path(initdb).with_name("postgres")), "-D", str(folder / "d"), "-h", "127.0.0.1"]
    server = subprocess.Popen(
        [*command, "-p", str(port), "-k", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"postgresql://chartproof@127.0.0.1:{port}/postgres"
    for _ in range(100):
        try:
            open_engine(url).connect().close()
            break
        except DBAPIError:
            time.sleep(0.2)
    yield url
    server.terminate()
    server.wait(20)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
        with open_engine(url).begin() as conn:
            conn.execute(text("DROP SCHEMA public CASCADE"))
            conn.execute(text("CREATE SCHEMA public"))
    opened = open_store(tmp_path / "store", url)
    yield opened
    opened.close()


def person(store: Store, name: str, role: str = "reviewer", team: str = "default") -> Viewer:
    with store.write("test") as tx:
        return Viewer(access.add_account(tx, name, role, [team]), name, role)


def packet(store: Store, viewer: Viewer, n: int = 0) -> Packet:
    with store.read() as conn:
        found = reviews.find_packet(conn, viewer, reviews.packets_of(conn, viewer)[n].key)
    assert found is not None
    return found


def claimed_by_ann(store: Store, tmp_path: Path) -> Viewer:
    """A store of one packet, which Ann has claimed."""
    ingest(store, write_workspace(tmp_path))
    ann = person(store, "Ann")
    with store.write("Ann") as tx:
        reviews.claim(tx, packet(store, ann), ann)
    return ann


def review(store: Store, viewer: Viewer, other: dict[str, str] | None = None) -> None:
    """Claim, decide every criterion as suggested (or as `other` has it), finish."""
    with store.write(viewer.name) as tx:
        reviews.claim(tx, packet(store, viewer), viewer)
    now = packet(store, viewer)
    with store.write(viewer.name) as tx:
        mine = reviews.own_review(now, viewer)
        assert mine is not None
        for name, state in reviews.states(tx.conn, now, mine).items():
            if state.decided:
                continue
            status = (other or {}).get(name)
            action = "correct" if status else "confirm"
            reviews.decide(tx, now, viewer, Sent(name, 0, action, status, "as seen", seen=state.deciding()))
        worksheets.finish(tx, now, viewer)


def test_a_second_ingest_does_nothing_and_documents_are_kept_by_content(store: Store, tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path, packets=2)
    first, second = ingest(store, workspace), ingest(store, workspace)
    assert (first.packets, first.documents, first.missing) == (2, 4, ())
    assert (second.packets, second.screenings, second.documents) == (0, 0, 0)
    assert len(list(store.blobs.names())) == 4 + 4 and store.blobs.wrong() == []


def test_a_decision_is_appended_and_undone_by_another_event(store: Store, tmp_path: Path) -> None:
    ann = claimed_by_ann(store, tmp_path)
    now = packet(store, ann)
    with store.write("Ann") as tx:
        reviews.decide(tx, now, ann, Sent("I.B.1", 0, "confirm", seen=("s0",)))
        reviews.decide(tx, now, ann, Sent("I.B.1", 1, "undo"))
        mine = reviews.own_review(now, ann)
        assert mine is not None
        state = reviews.states(tx.conn, now, mine)["I.B.1"]
        assert (state.status, state.number, state.undoable) == (None, 2, False)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (Sent("I.B.1", 0, "confirm"), "Look at the evidence"),
        (Sent("I.B.2", 0, "confirm", seen=("s0", "s1")), "Say why"),
        (Sent("I.B.3", 0, "reject", reason="x"), "Nothing was suggested"),
        (Sent("I.B.1", 0, "correct", "met", "x"), "suggested status"),
        (Sent("I.B.1", 0, "correct", "denied", "x"), "Choose a status"),
        (Sent("I.B.9", 0, "confirm"), "no such criterion"),
    ],
)
def test_what_the_rules_forbid_is_not_written(store: Store, tmp_path: Path, sent: Sent, why: str) -> None:
    ann = claimed_by_ann(store, tmp_path)
    with pytest.raises(Refused, match=why), store.write("Ann") as tx:
        reviews.decide(tx, packet(store, ann), ann, sent)
    with store.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM decisions")).scalar_one() == 0


def test_two_at_once_never_overwrite_each_other(store: Store, tmp_path: Path) -> None:
    ann = claimed_by_ann(store, tmp_path)
    now = packet(store, ann)
    with store.write("Ann") as tx:
        reviews.decide(tx, now, ann, Sent("I.B.3", 0, "confirm"))
    with pytest.raises(Stale), store.write("Ann") as tx:
        reviews.decide(tx, now, ann, Sent("I.B.3", 0, "correct", "met", "other window"))


def test_recorded_rows_cannot_be_changed_and_a_forged_log_is_found(store: Store, tmp_path: Path) -> None:
    ingest(store, write_workspace(tmp_path))
    ann = person(store, "Ann")
    review(store, ann)
    for table in ("audit", "decisions", "screenings", "worksheets"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET body = 'x'"):
            with pytest.raises(DBAPIError), store.write("thief") as tx:
                tx.conn.execute(text(statement))
    with store.read() as conn:
        whole = audit.verify(conn, store.audit_key)
        assert whole.bad is None and whole.rows > 10
        assert audit.verify(conn, b"x" * 32).bad == 1
        assert audit.verify(conn, store.audit_key, (whole.rows + 1, "0" * 64)).bad == whole.rows + 1
    _drop_triggers(store)
    with store.write("thief") as tx:
        tx.conn.execute(text("UPDATE audit SET actor = 'nobody' WHERE seq = 5"))
    with store.read() as conn:
        assert audit.verify(conn, store.audit_key).bad == 5
    with store.write("thief") as tx:
        tx.conn.execute(text("DELETE FROM audit WHERE seq = 3"))
    with store.read() as conn:
        assert audit.verify(conn, store.audit_key).bad == 3


def _drop_triggers(store: Store) -> None:
    with store.write("thief") as tx:
        if store.engine.dialect.name == "sqlite":
            tx.conn.execute(text("DROP TRIGGER audit_update"))
            tx.conn.execute(text("DROP TRIGGER audit_delete"))
        else:
            tx.conn.execute(text("DROP TRIGGER audit_rows ON audit"))


def test_second_review_is_blind_and_differences_are_adjudicated(store: Store, tmp_path: Path) -> None:
    ingest(store, write_workspace(tmp_path))
    ann, bob, lea = person(store, "Ann"), person(store, "Bob"), person(store, "Lea", "lead")
    with store.write("Lea") as tx:
        reviews.change_packet(tx, packet(store, lea), 1, "default", "2026-03-31", True, True)
    with pytest.raises(Stale), store.write("Lea") as tx:
        reviews.change_packet(tx, packet(store, lea), 1, "default", "2026-03-31", False, False)
    review(store, ann)
    with store.read() as conn:
        assert reviews.stage(conn, packet(store, ann)) == "second"
        assert reviews.claimable(conn, packet(store, ann), ann) is None
        assert worksheets.worksheets_of(conn, packet(store, ann)) == []
    review(store, bob, {"I.B.3": "met"})
    with store.read() as conn:
        assert reviews.stage(conn, packet(store, lea)) == "adjudicate"
        assert reviews.differing(conn, packet(store, lea)) == ["I.B.3"]
        rows = {row.criterion: row for row in agreement.agreement(conn, lea)}
        assert (rows["all"].pairs, rows["all"].same) == (5, 4)
    review(store, lea, {"I.B.3": "not_met"})
    with store.read() as conn:
        done = packet(store, lea)
        final = worksheets.outcome(conn, done)
        assert reviews.stage(conn, done) == "done"
        assert final["I.B.3"][0].status == "not_met" and final["I.B.3"][1] == ("Lea",)
        assert final["I.B.1"][1] == ("Ann", "Bob")
        assert len(worksheets.worksheets_of(conn, done)) == 1


def test_kappa_is_cohens() -> None:
    pairs = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    assert agreement.kappa(pairs) == pytest.approx(0.4)  # the worked example of Cohen's kappa
    assert agreement.kappa([]) is None and agreement.kappa([("a", "a")]) is None


def test_only_the_teams_packets_are_there(store: Store, tmp_path: Path) -> None:
    ingest(store, write_workspace(tmp_path))
    ann, eve = person(store, "Ann"), person(store, "Eve", team="other")
    with store.read() as conn:
        assert reviews.packets_of(conn, eve) == []
        assert reviews.find_packet(conn, eve, packet(store, ann).key) is None


def test_a_backup_is_whole_and_comes_back(store: Store, tmp_path: Path) -> None:
    ingest(store, write_workspace(tmp_path))
    ann = person(store, "Ann")
    review(store, ann)
    done = backup(store, tmp_path / "backup", tmp_path / "store" / "audit.key")
    restore(tmp_path / "backup", tmp_path / "again")
    again = open_store(tmp_path / "again")
    with again.read() as conn:
        assert audit.verify(conn, again.audit_key).head == done.head
    assert reviews.stage(again.engine.connect(), packet(again, ann)) == "done"
    again.close()
    blob = next((tmp_path / "backup" / "blobs").glob("??/??/*"))
    blob.chmod(0o600)
    blob.write_bytes(b"changed")
    with pytest.raises(Exception, match="changed since"):
        check(tmp_path / "backup")


def test_wrong_passwords_wait_longer_and_longer(store: Store) -> None:
    with store.write("test") as tx:
        for _ in range(4):
            access.failed(tx, ["name:ann"])
        assert access.wait_for(tx.conn, "name:Ann") == 0
        for _ in range(4):
            access.failed(tx, ["name:ann"])
        assert 8 < access.wait_for(tx.conn, "name:ann") <= 16


def test_a_link_works_once(store: Store) -> None:
    with store.write("test") as tx:
        secret = access.make_link(tx, "reviewer", ["default"])
        assert access.use_link(tx, secret, "Ann", "hash") is not None
        assert access.use_link(tx, secret, "Ben", "hash") is None


def test_a_store_of_the_first_version_is_brought_up_to_date_and_goes_on(store: Store, tmp_path: Path) -> None:
    """What the first release made, with a person, a session and decisions in it, is opened by this one."""
    ann = claimed_by_ann(store, tmp_path)
    with store.write("Ann") as tx:
        reviews.release(tx, packet(store, ann), ann)
        secret = access.start_session(tx, ann.id, "password")
        for column in ("accounts DROP COLUMN factor_salt", "accounts DROP COLUMN factor_step", "sessions DROP COLUMN pending"):
            tx.conn.execute(text(f"ALTER TABLE {column}"))
        tx.conn.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    migrate(store.engine)
    with store.read() as conn:
        found = access.find_session(conn, secret)
        assert found is not None and (found[0].name, found[0].pending) == ("Ann", False)
        assert not factors.enrolled(conn, ann.id)
        assert conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0002"
    review(store, ann)
    with store.read() as conn:
        assert audit.verify(conn, store.audit_key).bad is None


def test_a_database_of_a_newer_version_is_refused(store: Store) -> None:
    with store.write("test") as tx:
        tx.conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UserError, match="newer version"):
        migrate(store.engine)


def test_the_tables_are_those_that_the_program_describes(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with store.read() as conn:
        assert compare_metadata(MigrationContext.configure(conn), schema.metadata) == []


def test_pictures_are_given_up_where_no_worker_lives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which rendering cannot start at all is not tried once for each of a record's pages."""
    started = []
    monkeypatch.setattr(rendering, "_child", lambda path, waiting: started.append(waiting) or iter(()))
    pages = [Page(n, "", np.empty((0, 4), np.float32), 612, 792) for n in range(1, 301)]
    assert list(rendering.render(tmp_path / "a.pdf", pages)) == [(n, None) for n in range(1, 301)]
    assert len(started) == rendering.MOST_DEATHS
