"""Tokens in plain words: what each scope allows, and in which state a token or secret is."""

from __future__ import annotations

from collections.abc import Mapping

from app import clock
from app.notices.expiring import SOON_SECONDS
from app.web.console.wording import Word

#: Scope → what its holder may do; the order is that of the form.
SCOPE_WORDS: Mapping[str, tuple[str, str]] = {
    "scim:read": ("Read people and groups", "For a client that only looks."),
    "scim:write": (
        "Read and change people and groups",
        "What identity providers and HR systems need. It includes reading.",
    ),
    "scim:sensitive": (
        "Also sensitive data",
        "Dates of birth, gender and the like, beside one of the two above. No identity provider needs it.",
    ),
    "admin:read": (
        "Look at sources, targets, imports and syncs",
        "The admin API, for scripts and monitoring that only look.",
    ),
    "admin:write": (
        "Run sources, targets, imports and syncs",
        "The admin API with everything that it can do. It includes looking.",
    ),
}
ACTIVE = Word("Active", "It is accepted.", "success")
ENDS_SOON = Word("Ends soon", "It is accepted, and ends within 14 days.", "warning")
ENDED = Word("Ended", "Its time is over; it is refused.", "secondary")
REVOKED = Word("Revoked", "An admin or its client ended it; it is refused.", "secondary")


def scopes_in_words(scopes: str) -> list[tuple[str, str]]:
    """Return (scope, what it allows) for a token's scopes.

    >>> scopes_in_words("scim:read")
    [('scim:read', 'Read people and groups')]
    """
    held = scopes.split()
    return [(scope, words) for scope, (words, _) in SCOPE_WORDS.items() if scope in held]


def state_of(expires_at: str, revoked_at: str | None = None) -> Word:
    """Return in which state something is that ends then."""
    if revoked_at is not None:
        return REVOKED
    if expires_at <= clock.now():
        return ENDED
    return ENDS_SOON if expires_at <= clock.after(SOON_SECONDS) else ACTIVE
