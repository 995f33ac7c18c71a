"""Passwords: what may be one, and argon2id."""

from __future__ import annotations

import threading

SHORTEST, LONGEST = 15, 1000
HASHES = threading.Semaphore(2)
"""argon2id takes 64 MiB a time: more sign-ins at once than this wait."""
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$0000000000000000000000000000000000000000000"


def unfit(name: str, password: str) -> str:
    """Why this cannot be the person's password, or nothing."""
    if len(password) < SHORTEST:
        return f"A password has at least {SHORTEST} characters; a short sentence does well."
    if len(password) > LONGEST:
        return f"A password has at most {LONGEST} characters."
    low = password.lower()
    if name.strip().lower() in low or "chartproof" in low or len(set(low)) < 6:
        return "Choose a password that holds neither your name nor the program's, with more different characters."
    return ""


def hash_password(password: str) -> str:
    """argon2id with the RFC 9106 low-memory profile."""
    from argon2 import PasswordHasher

    with HASHES:
        return PasswordHasher().hash(password)


def right_password(hashed: str | None, password: str) -> bool:
    """Takes the same time whether or not there is an account."""
    from argon2 import PasswordHasher
    from argon2.exceptions import Argon2Error, InvalidHashError

    with HASHES:
        try:
            return PasswordHasher().verify(hashed or NOBODY, password) and hashed is not None
        except (Argon2Error, InvalidHashError):
            return False
