"""Refusals of the simulated iCIMS, in its form: ``errors`` in the body, ``X-Error`` in the header (vendors.md §2.2)."""

from __future__ import annotations

from werkzeug.wrappers import Response

from app.simulation import as_json


class Refusal(Exception):
    """iCIMS answers with this status, error code and message."""

    def __init__(self, status: int, message: str, code: int) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


#: Error code by status, where it is known or inferred.
CODES = {400: 1, 401: 6, 404: 2}


def error_answer(status: int, message: str, code: int | None = None) -> Response:
    """Return an error as iCIMS writes it."""
    code = CODES.get(status, 0) if code is None else code
    response = as_json({"errors": [{"errorMessage": message, "errorCode": code}]}, status)
    response.headers["X-Error"] = f"{code}:{message}"
    return response


def not_found(kind: str) -> Refusal:
    """Return the refusal of a profile that is not there."""
    return Refusal(404, f"{kind} not found.", 2)
