"""Refusals of the simulated SCIM service provider.

ScimRefusal     any refusal: HTTP status, scimType, detail
└── Taken       409 uniqueness
"""

from __future__ import annotations


class ScimRefusal(Exception):
    """The provider answers with a SCIM Error (RFC 7644 §3.12); ``retry_after`` is the value of that header."""

    def __init__(
        self, status: int, detail: str, scim_type: str | None = None, *, retry_after: str | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type
        self.retry_after = retry_after


class Taken(ScimRefusal):
    """Another account holds a value that must be unique."""

    def __init__(self, attribute: str) -> None:
        super().__init__(409, f"{attribute} is already taken", "uniqueness")
