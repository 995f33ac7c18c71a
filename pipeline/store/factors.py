"""The second factor of who signs in with a password: time-based codes (RFC 6238), each good once.

A person's secret is not stored. It is made, when needed, of the key that lies outside the database and of a random
salt in it: whoever reads the database alone can make no code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
import time
from urllib.parse import quote

from sqlalchemy import Connection, select, update

from pipeline.store import schema as t
from pipeline.store.database import Transaction

STEP, DIGITS, LATE = 30, 6, 1
"""Seconds that a code is shown, its length, and how many steps before or after now it is still taken."""


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step (Unix time // 30): HOTP with SHA-1, as every authenticator app makes it."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def enrolled(conn: Connection, account: int) -> bool:
    """Whether codes are asked of the account: a secret that was never confirmed by a code does not count."""
    step = select(t.accounts.c.factor_step).where(t.accounts.c.id == account)
    return conn.execute(step).scalar_one() is not None


def begin(tx: Transaction, account: int) -> None:
    """A fresh secret for an account that has none; it counts from the first right code on."""
    values = {"factor_salt": secrets.token_hex(16)}
    tx.conn.execute(
        update(t.accounts).where(t.accounts.c.id == account, t.accounts.c.factor_step.is_(None)).values(**values)
    )


def forget(tx: Transaction, account: int) -> None:
    """No second factor any more: for who lost the device, with a one-time link of an admin."""
    tx.conn.execute(update(t.accounts).where(t.accounts.c.id == account).values(factor_salt=None, factor_step=None))
    tx.log("factor_removed", f"account:{account}")


def check(tx: Transaction, account: int, code: str, moment: float | None = None) -> bool:
    """Whether the code is right now and was not used before; a first right one enrols."""
    query = select(t.accounts.c.factor_salt, t.accounts.c.factor_step).where(t.accounts.c.id == account)
    row = tx.conn.execute(query).one()
    if row.factor_salt is None:
        return False
    secret = _secret(tx.audit_key, account, row.factor_salt)
    current = int(time.time() if moment is None else moment) // STEP
    for step in range(current - LATE, current + LATE + 1):
        fits = hmac.compare_digest(code_at(secret, step).encode(), code.strip().replace(" ", "").encode())
        if fits and step > (row.factor_step or 0):
            tx.conn.execute(update(t.accounts).where(t.accounts.c.id == account).values(factor_step=step))
            if row.factor_step is None:
                tx.log("factor_added", f"account:{account}")
            return True
    return False


def shared_secret(conn: Connection, key: bytes, account: int) -> str | None:
    """The secret in base32, to be shown once, before it is confirmed; None when there is none to show."""
    query = select(t.accounts.c.factor_salt, t.accounts.c.factor_step).where(t.accounts.c.id == account)
    row = conn.execute(query).one()
    if row.factor_salt is None or row.factor_step is not None:
        return None
    return base64.b32encode(_secret(key, account, row.factor_salt)).decode()


def address(secret: str, name: str) -> str:
    """What an authenticator app reads from the square: otpauth://..."""
    return f"otpauth://totp/chartproof:{quote(name)}?secret={secret}&issuer=chartproof"


def _secret(key: bytes, account: int, salt: str) -> bytes:
    return hmac.new(key, f"factor {account} {salt}".encode(), hashlib.sha256).digest()[:20]
