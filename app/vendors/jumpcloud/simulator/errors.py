"""Refusals of the simulated JumpCloud REST v1 API: a status and a message.

Refusal
└── Taken     400: another account holds the value
"""

from __future__ import annotations


class Refusal(Exception):
    """JumpCloud answers ``{"message": …}`` with this status (vendors.md §6.1)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Taken(Refusal):
    """A unique member is in use; the text is our guess, the status is documented."""

    def __init__(self, member: str, value: str) -> None:
        super().__init__(400, f"Bad Request: {member} {value} is already in use")
        self.member = member
