"""Roles of the console, each with the rights of those before it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """What an admin may do; ``may`` in plain words for the screens."""

    name: str
    label: str
    may: str


VIEWER, HR, ADMIN, OWNER = "viewer", "hr", "admin", "owner"
#: From the fewest rights to all of them.
ROLES = (
    Role(
        VIEWER, "Viewer", "Sees people, runs, deliveries and settings; changes nothing and sees no secrets."
    ),
    Role(HR, "HR", "Imports, pushes, holds and pins people, and may reveal masked values."),
    Role(ADMIN, "Admin", "Connects sources and targets, decides approvals, makes tokens, changes settings."),
    Role(OWNER, "Owner", "Invites people, gives roles, and decides how one signs in."),
)
_RANKS = {role.name: rank for rank, role in enumerate(ROLES)}
BY_NAME = {role.name: role for role in ROLES}


def includes(held: str, asked: str) -> bool:
    """Return whether who holds one role has the rights of the other.

    >>> includes(ADMIN, HR), includes(HR, ADMIN)
    (True, False)
    """
    return _RANKS[held] >= _RANKS[asked]
