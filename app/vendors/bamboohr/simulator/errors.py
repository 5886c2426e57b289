"""Refusals of the simulated BambooHR: a status, a reason in a header or in a body (vendors.md §5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """BambooHR answers with this status; ``body`` None leaves it empty and puts the reason into a header."""

    def __init__(self, status: int, message: str, body: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.body = body


def webhook_refusal(status: int, message: str, **members: Any) -> Refusal:
    """Return a refusal as the webhook endpoints give it: ``{"errors": [{"error", …}]}``."""
    return Refusal(status, message, {"errors": [{"error": message, **members}]})


def problem(status: int, title: str, detail: str) -> Refusal:
    """Return a refusal as the newer endpoints give it: problem JSON."""
    return Refusal(
        status, detail, {"type": "about:blank", "title": title, "status": status, "detail": detail}
    )
