"""Codes that are read out and typed, and secrets that are neither."""

import hashlib
import secrets

from classroom.refused import Refused

LETTERS = (
    "23456789CDFHJKMNPRTWXY"  # none that looks like another (0 O, 1 I L, 8 B, 5 S, 2 Z, 6 G, U V), no vowel: no words
)
LENGTH = 5


def new_code() -> str:
    """One of 5 million."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def read_code(typed: str) -> str:
    """The code in capitals; raises Refused when it is none."""
    code = typed.strip().upper()
    if len(code) != LENGTH or not set(code) <= set(LETTERS):
        raise Refused(404, f"A code is {LENGTH} of the characters {LETTERS}.")
    return code


def new_secret() -> str:
    return secrets.token_urlsafe(18)


def fingerprint(secret: str) -> str:
    """What is stored of a teacher's secret: who reads the database cannot lead a room."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret(secret: str, stored: str) -> bool:
    return secrets.compare_digest(fingerprint(secret), stored)
