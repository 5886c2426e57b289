"""Passwords: their argon2id hashes, the one-time ones, and which ones an admin may choose."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import WrongUse
from scim.keys import comparison_key

#: Characters; NIST SP 800-63B asks for length and against rules about kinds of characters.
SHORTEST, LONGEST = 12, 1000
#: Stands in the place of a hash for who has no password and signs in at the provider only.
NO_PASSWORD = ""
#: argon2id, the second choice of parameters of RFC 9106 §4.
hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """What is verified when nobody has the address, so that it takes as long as a wrong password."""
    return hasher.hash("nobody has this password")


class PasswordRefused(WrongUse):
    """A password that may not be chosen; the message says what the password has to be instead."""


def one_time() -> str:
    """Return a new password that cannot be guessed."""
    return secrets.token_urlsafe(12)


def hashed(password: str) -> str:
    """Return the argon2id hash of a password; takes some 50 ms, so no lock should be held meanwhile."""
    return hasher.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Return whether the hash is of this password; None or ``NO_PASSWORD`` takes as long and is False."""
    try:
        hasher.verify(password_hash or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return bool(password_hash)


def require_fit(password: str, *, email: str, replaced_hash: str = NO_PASSWORD) -> None:
    """Raise ``PasswordRefused`` for a password that is too short or long, the e-mail, or the one it replaces."""
    if len(password) < SHORTEST:
        raise PasswordRefused(f"Use at least {SHORTEST} characters; several words make a good password.")
    if len(password) > LONGEST:
        raise PasswordRefused(f"Use at most {LONGEST} characters.")
    if comparison_key(password.strip()) == comparison_key(email):
        raise PasswordRefused("Your e-mail address is known to others; choose something else.")
    if is_right(replaced_hash, password):
        raise PasswordRefused("This is the password that you have now; choose another.")
