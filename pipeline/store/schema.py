"""The tables. Times are ISO 8601 text in UTC, so that both engines order and compare them alike; lists are JSON text."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password", Text),
    Column("subject", Text, unique=True),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("created_at", Text, nullable=False),
    Column("factor_salt", Text),
    Column("factor_step", Integer),
)
"""`password` is an argon2id hash; `subject` names a person at the identity provider ("issuer subject"); `factor_salt`
is of the second factor's secret, `factor_step` the time of the last code used (null: not confirmed yet)."""

memberships = Table(
    "memberships",
    metadata,
    Column("account", ForeignKey("accounts.id"), primary_key=True),
    Column("team", Text, primary_key=True),
)

links = Table(
    "links",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("account", ForeignKey("accounts.id")),
    Column("name", Text),
    Column("role", Text, nullable=False),
    Column("teams", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("ends_at", Text, nullable=False),
    Column("used_at", Text),
)
"""One-time links: to make an account, or to choose a new password for one."""

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("account", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("ends_at", Text, nullable=False),
    Column("pending", Boolean, nullable=False, server_default=false()),
)
"""`pending`: the password was right, the second factor is still to come; nothing else is open to such a session."""

failures = Table(
    "failures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("ix_failures_subject_at", "subject", "at"),
)
"""Failed sign-ins, by account and by address: the table outlives a restart, so back-off does too."""

packets = Table(
    "packets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("packet_id", Text, nullable=False, unique=True),
    Column("team", Text, nullable=False, index=True),
    Column("received_at", Text, nullable=False),
    Column("urgent", Boolean, nullable=False, default=False),
    Column("double", Boolean, nullable=False, default=False),
    Column("screening", Integer),
    Column("version", Integer, nullable=False, default=1),
)
"""`key` is what addresses show; `double` asks for a second, blind review; `screening` is the id of the current one
(no foreign key: the two tables would need each other)."""

screenings = Table(
    "screenings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("packet", ForeignKey("packets.id"), nullable=False),
    Column("sha256", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("brief", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    UniqueConstraint("packet", "sha256"),
)
"""What the software suggested, as it was written. Never changed. `brief` is what the queue shows of it."""

sources = Table(
    "sources",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("made_with", Text, nullable=False),
    Column("problem", Text),
)
"""Documents by content. `made_with` names the version that made their pages; a re-run with it does nothing."""

pages = Table(
    "pages",
    metadata,
    Column("source", ForeignKey("sources.sha256"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("width", Float, nullable=False),
    Column("height", Float, nullable=False),
    Column("picture", Text),
    Column("text", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("reason", Text),
)
"""One page as it is shown. `words` is JSON: [start, end, x0, top, x1, bottom] each; `how`: text, picture or unread."""

reviews = Table(
    "reviews",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("packet", ForeignKey("packets.id"), nullable=False, index=True),
    Column("screening", ForeignKey("screenings.id"), nullable=False),
    Column("reviewer", ForeignKey("accounts.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("claimed_at", Text, nullable=False),
    Column("ends_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("version", Integer, nullable=False, default=1),
)
Index(
    "ux_reviews_held",
    reviews.c.screening,
    reviews.c.kind,
    unique=True,
    sqlite_where=text("state <> 'released'"),
    postgresql_where=text("state <> 'released'"),
)
"""At most one first, one second and one adjudicating review of a screening is held at a time."""

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("review", ForeignKey("reviews.id"), nullable=False),
    Column("criterion", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("status", Text),
    Column("reason", Text, nullable=False, default=""),
    Column("body", Text, nullable=False),
    Column("seconds", Float, nullable=False, default=0.0),
    Column("reviewer", ForeignKey("accounts.id"), nullable=False),
    Column("at", Text, nullable=False),
    UniqueConstraint("review", "criterion", "number"),
)
"""What reviewers did, appended. `number` counts a criterion's events: two writers with the same number, one fails."""

worksheets = Table(
    "worksheets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("packet", ForeignKey("packets.id"), nullable=False),
    Column("screening", ForeignKey("screenings.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("reviewer", ForeignKey("accounts.id"), nullable=False),
    Column("created_at", Text, nullable=False),
    UniqueConstraint("packet", "version"),
)
"""Finished worksheets, frozen as canonical JSON; reopening and finishing again makes the next version."""

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
)

APPEND_ONLY = ("audit", "decisions", "screenings", "worksheets")
"""Tables whose rows triggers keep from change and removal."""
