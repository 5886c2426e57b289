"""Refusals of the simulated intelliHR, in the envelope of vendors.md §4.1."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from app.simulation import as_json

_NAMES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    500: "Internal Server Error",
}


class Refusal(Exception):
    """intelliHR answers with this status; ``detail`` names what was wrong with which parameter."""

    def __init__(self, status: int, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.detail = detail


def envelope(status: int, message: str, detail: str | None = None) -> Response:
    """Return an error as intelliHR shows it: ``errors`` is a list for 400 and an empty object elsewhere."""
    errors: Any = [{"code": "invalid", "detail": detail or message}] if status == 400 else {}
    name = _NAMES.get(status, "Error")
    return as_json({"name": name, "message": message, "code": status, "errors": errors}, status)
