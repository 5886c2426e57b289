"""Problems (RFC 9457, ``application/problem+json``): the codes of docs/error-codes.md, and what becomes which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response
from pydantic_core import to_json

from app.errors import NotFoundError, WrongUse
from app.outbound import OutboundError
from app.provisioning.errors import ProvisioningError
from app.sources.errors import IncompleteRead, MappingError, SourceError, SourceUnavailable
from scim.errors import BadRequest

CONTENT_TYPE = "application/problem+json"
#: Code → status, and the title that all problems of the code have.
CODES: Mapping[str, tuple[int, str]] = {
    "invalid_request": (400, "The request cannot be understood"),
    "invalid_json": (400, "The body is not JSON that can be taken"),
    "unauthenticated": (401, "No valid bearer token"),
    "insecure_transport": (403, "Credentials do not travel over plain http"),
    "scope_missing": (403, "The token lacks a scope"),
    "server_files": (403, "Files of the server are connected on the server"),
    "not_found": (404, "There is no such thing"),
    "method_not_allowed": (405, "This address does not know the method"),
    "not_acceptable": (406, "The answer does not exist in this form"),
    "name_taken": (409, "The name is taken"),
    "policy_changed": (409, "The policy is another one by now"),
    "not_possible": (409, "This cannot be done as things are"),
    "invalid_mapping": (409, "The mapping cannot be used"),
    "source_unavailable": (409, "The source's system cannot be read"),
    "meanwhile": (409, "Another request was quicker"),
    "too_large": (413, "The body is too large"),
    "unsupported_media_type": (415, "The body has another content type"),
    "invalid_value": (422, "A value cannot be used"),
    "too_many_requests": (429, "Too many requests"),
    "internal_error": (500, "A defect of Rollcall"),
    "unavailable": (503, "The database does not answer"),
}
#: What the rooms below raise → code; the first that fits.
RAISED: tuple[tuple[type[Exception], str], ...] = (
    (NotFoundError, "not_found"),
    (MappingError, "invalid_mapping"),
    (SourceUnavailable, "source_unavailable"),
    (IncompleteRead, "source_unavailable"),
    (OutboundError, "source_unavailable"),
    (WrongUse, "not_possible"),
    (SourceError, "not_possible"),
    (ProvisioningError, "not_possible"),
    (BadRequest, "not_possible"),
)


class Problem(Exception):
    """An answer that is no success. ``errors`` names single values: ``at``, ``detail``."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
        self.headers, self.errors = dict(headers or {}), errors

    def answer(self) -> Response:
        """Return the answer with its problem document (RFC 9457 §3.1)."""
        status, title = CODES[self.code]
        members: dict[str, Any] = {
            "type": f"urn:rollcall:problem:{self.code}",
            "title": title,
            "status": status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            members["errors"] = self.errors
        return Response(to_json(members), status, self.headers, content_type=CONTENT_TYPE)


def problem_of(error: Exception) -> Problem | None:
    """Return the problem that an error of the rooms below is, None for one that is none of theirs."""
    code = next((code for kind, code in RAISED if isinstance(error, kind)), None)
    if code is None:
        return None
    errors = [{"at": "mapping", "detail": each} for each in getattr(error, "problems", ())]
    return Problem(code, str(error), errors=errors)
