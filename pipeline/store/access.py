"""Who may come in and see what: accounts, one-time links, sessions, back-off, and the condition on every query."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from pipeline.store import factors
from pipeline.store import schema as t
from pipeline.store.database import Transaction, now, stamp

ROLES = ("reviewer", "lead", "admin")
"""Each may do what those before it may. A lead assigns and adjudicates; an admin also keeps the accounts."""
IDLE, ABSOLUTE = timedelta(minutes=15), timedelta(hours=12)
LINK_LIFE = timedelta(hours=24)
TOUCH = timedelta(seconds=60)
FREE_FAILURES, WINDOW, LONGEST_WAIT = 5, timedelta(hours=1), 900.0


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever is signed in. `csrf` must come back with everything that changes something; `pending`: see `sessions`."""

    id: int
    name: str
    role: str
    csrf: str = ""
    pending: bool = False

    def at_least(self, role: str) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on `packets` that every query of a viewer carries: only packets of the viewer's teams."""
    teams = select(t.memberships.c.team).where(t.memberships.c.account == viewer.id)
    return t.packets.c.team.in_(teams)


def token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """How a random token is kept: its hash, so that the database opens no door."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make_link(
    tx: Transaction, role: str, teams: Iterable[str], name: str | None = None, account: int | None = None
) -> str:
    """A one-time link's token: for a new account, or (`account`) for a new password."""
    secret = token()
    moment = datetime.now(UTC)
    tx.conn.execute(
        insert(t.links).values(
            token_hash=hashed(secret),
            account=account,
            name=name,
            role=role,
            teams=json.dumps(sorted(teams)),
            created_at=stamp(moment),
            ends_at=stamp(moment + LINK_LIFE),
        )
    )
    tx.log("link_made", f"account:{account or 'new'}", role=role, teams=sorted(teams))
    return secret


def open_link(conn: Connection, secret: str) -> dict[str, object] | None:
    """The link, if it was never used and has not run out."""
    row = conn.execute(
        select(t.links).where(
            t.links.c.token_hash == hashed(secret), t.links.c.used_at.is_(None), t.links.c.ends_at > now()
        )
    ).first()
    return dict(row._mapping) if row else None


def use_link(
    tx: Transaction, secret: str, name: str, password_hash: str | None = None, subject: str | None = None
) -> int | None:
    """Make the account (of a password, or of a person at the identity provider), or give an account another password.

    None when the link is spent, the name is taken, or `subject` has an account already or comes to an account's link.
    """
    link = open_link(tx.conn, secret)
    if link is None:
        return None
    account = link["account"]
    if account is None:
        if find_account(tx.conn, name) is not None or (subject and find_subject(tx.conn, subject) is not None):
            return None
        account = add_account(tx, name, str(link["role"]), json.loads(str(link["teams"])), password_hash, subject)
    elif password_hash is None:
        return None
    else:
        set_password(tx, int(str(account)), password_hash)
        factors.forget(tx, int(str(account)))
    tx.conn.execute(update(t.links).where(t.links.c.token_hash == hashed(secret)).values(used_at=now()))
    tx.log("link_used", f"account:{account}")
    return int(str(account))


def add_account(
    tx: Transaction,
    name: str,
    role: str,
    teams: Iterable[str],
    password: str | None = None,
    subject: str | None = None,
) -> int:
    """A new account; names are told apart without regard to case."""
    account = tx.conn.execute(
        insert(t.accounts)
        .values(name=name.strip(), role=role, password=password, subject=subject, disabled=False, created_at=now())
        .returning(t.accounts.c.id)
    ).scalar_one()
    for team in sorted(set(teams)):
        tx.conn.execute(insert(t.memberships).values(account=account, team=team))
    tx.log("account_made", f"account:{account}", role=role, teams=sorted(set(teams)))
    return int(account)


def find_account(conn: Connection, name: str) -> dict[str, object] | None:
    row = conn.execute(select(t.accounts).where(func.lower(t.accounts.c.name) == name.strip().lower())).first()
    return dict(row._mapping) if row else None


def find_subject(conn: Connection, subject: str) -> dict[str, object] | None:
    """The account of a person at the identity provider ("issuer subject"), unless it is shut out."""
    query = select(t.accounts).where(t.accounts.c.subject == subject, t.accounts.c.disabled.is_(False))
    row = conn.execute(query).first()
    return dict(row._mapping) if row else None


def set_password(tx: Transaction, account: int, password_hash: str) -> None:
    """Another password; every session of the account ends."""
    tx.conn.execute(update(t.accounts).where(t.accounts.c.id == account).values(password=password_hash))
    tx.log("password_changed", f"account:{account}")
    end_sessions(tx, account)


def accounts(conn: Connection) -> list[dict[str, object]]:
    """All accounts with their teams and the number of their sessions, by name."""
    teams: dict[int, list[str]] = {}
    for row in conn.execute(select(t.memberships).order_by(t.memberships.c.team)):
        teams.setdefault(row.account, []).append(row.team)
    alive = select(t.sessions.c.account, func.count().label("n")).where(t.sessions.c.ends_at > now())
    counts = {row.account: row.n for row in conn.execute(alive.group_by(t.sessions.c.account))}
    rows = conn.execute(select(t.accounts).order_by(func.lower(t.accounts.c.name)))
    return [{**row._mapping, "teams": teams.get(row.id, []), "sessions": counts.get(row.id, 0)} for row in rows]


def anyone(conn: Connection) -> bool:
    return conn.execute(select(t.accounts.c.id).limit(1)).first() is not None


def change_account(
    tx: Transaction, account: int, role: str | None = None, disabled: bool | None = None, teams: list[str] | None = None
) -> None:
    """Another role, other teams, or shut out; every change ends the account's sessions."""
    values = {name: value for name, value in (("role", role), ("disabled", disabled)) if value is not None}
    if values:
        tx.conn.execute(update(t.accounts).where(t.accounts.c.id == account).values(**values))
    if teams is not None:
        tx.conn.execute(delete(t.memberships).where(t.memberships.c.account == account))
        for team in sorted(set(teams)):
            tx.conn.execute(insert(t.memberships).values(account=account, team=team))
    end_sessions(tx, account)
    tx.log("account_changed", f"account:{account}", **values, **({"teams": teams} if teams is not None else {}))


def start_session(tx: Transaction, account: int, how: str, pending: bool = False) -> str:
    """A new session's token; old ids are never kept at sign-in. A pending one waits for the second factor."""
    secret, moment = token(), datetime.now(UTC)
    tx.conn.execute(
        insert(t.sessions).values(
            token_hash=hashed(secret),
            account=account,
            csrf=token(),
            created_at=stamp(moment),
            seen_at=stamp(moment),
            ends_at=stamp(moment + (IDLE if pending else ABSOLUTE)),
            pending=pending,
        )
    )
    tx.conn.execute(delete(t.sessions).where(t.sessions.c.ends_at < stamp(moment)))
    tx.log("half_signed_in" if pending else "signed_in", f"account:{account}", how=how)
    return secret


def find_session(conn: Connection, secret: str) -> tuple[Viewer, bool] | None:
    """The viewer, and whether the session must be touched so that it does not fall idle."""
    moment = datetime.now(UTC)
    session = (t.sessions.c.csrf, t.sessions.c.pending, t.sessions.c.seen_at)
    row = conn.execute(
        select(t.accounts.c.id, t.accounts.c.name, t.accounts.c.role, *session)
        .join(t.accounts, t.accounts.c.id == t.sessions.c.account)
        .where(
            t.sessions.c.token_hash == hashed(secret),
            t.sessions.c.ends_at > stamp(moment),
            t.sessions.c.seen_at > stamp(moment - IDLE),
            t.accounts.c.disabled.is_(False),
        )
    ).first()
    if row is None:
        return None
    return Viewer(row.id, row.name, row.role, row.csrf, row.pending), row.seen_at < stamp(moment - TOUCH)


def touch_session(tx: Transaction, secret: str) -> None:
    tx.conn.execute(update(t.sessions).where(t.sessions.c.token_hash == hashed(secret)).values(seen_at=now()))


def end_session(tx: Transaction, secret: str) -> None:
    tx.conn.execute(delete(t.sessions).where(t.sessions.c.token_hash == hashed(secret)))
    tx.log("signed_out", "session")


def end_sessions(tx: Transaction, account: int) -> None:
    tx.conn.execute(delete(t.sessions).where(t.sessions.c.account == account))
    tx.log("sessions_ended", f"account:{account}")


def wait_for(conn: Connection, subject: str) -> float:
    """Seconds until `subject` (an account's name or an address) may try again: doubling from the sixth failure."""
    since = stamp(datetime.now(UTC) - WINDOW)
    row = conn.execute(
        select(func.count().label("n"), func.max(t.failures.c.at).label("last")).where(
            t.failures.c.subject == hashed(subject.lower()), t.failures.c.at > since
        )
    ).one()
    if row.n < FREE_FAILURES:
        return 0.0
    wait = min(LONGEST_WAIT, 2.0 ** (row.n - FREE_FAILURES + 1))
    gone = (datetime.now(UTC) - datetime.fromisoformat(row.last)).total_seconds()
    return max(0.0, wait - gone)


def failed(tx: Transaction, subjects: Iterable[str]) -> None:
    tx.conn.execute(delete(t.failures).where(t.failures.c.at < stamp(datetime.now(UTC) - WINDOW)))
    for subject in subjects:
        tx.conn.execute(insert(t.failures).values(subject=hashed(subject.lower()), at=now()))
    tx.log("sign_in_failed", "account")


def succeeded(tx: Transaction, subject: str) -> None:
    tx.conn.execute(delete(t.failures).where(t.failures.c.subject == hashed(subject.lower())))
