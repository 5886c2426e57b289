"""The protocol errors of Rollcall: what a SCIM client may be told, and with which status.

::

    ScimError                      500   base; never raised itself
    ├── BadRequest                 400
    │   ├── InvalidSyntax          400   invalidSyntax   the body is not what the operation takes
    │   ├── InvalidFilter          400   invalidFilter
    │   ├── InvalidPath            400   invalidPath
    │   ├── InvalidValue           400   invalidValue    a value is missing or of the wrong kind
    │   ├── InvalidVersion         400   invalidVers
    │   ├── Mutability             400   mutability
    │   ├── NoTarget               400   noTarget
    │   ├── TooMany                400   tooMany
    │   ├── InvalidCursor          400   invalidCursor
    │   ├── ExpiredCursor          400   expiredCursor
    │   └── InvalidCount           400   invalidCount    with a cursor only
    ├── Unauthorized               401   + WWW-Authenticate
    ├── Forbidden                  403
    │   └── Sensitive              403   sensitive
    ├── NotFound                   404
    ├── MethodNotAllowed           405   + Allow
    ├── Conflict                   409
    │   └── Uniqueness             409   uniqueness
    ├── PreconditionFailed         412
    ├── PayloadTooLarge            413
    ├── UnsupportedMediaType       415
    ├── TooManyRequests            429   + Retry-After
    ├── InternalError              500
    ├── NotImplementedHere         501
    └── Unavailable                503   + Retry-After

Statuses and keywords: RFC 7644 §3.12, tables 8 and 9; RFC 9865 §2.1, table 3. Raise an error where the
fact is known; the HTTP edge turns it into an answer with :meth:`ScimError.to_document`, ``status`` and
``headers``.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"

ECHO_LIMIT = 200
"""How many characters of a client's input an answer or a log line repeats at most (scim.md §2)."""


def echo(value: Any, limit: int = ECHO_LIMIT) -> str:
    """Return a value as short, printable JSON text, fit to be repeated in an error.

    At most ``limit`` characters, the cut shown by an ellipsis; control characters and lone
    surrogates come escaped.

    >>> echo("a" * 300, limit=8)
    '"aaaaaa…'
    >>> echo({"value": None})
    '{"value": null}'
    """
    shortened = value[: limit + 1] if isinstance(value, str) else value
    try:
        text = json.dumps(shortened, ensure_ascii=False, default=repr)
        if not _is_sendable(text):
            text = json.dumps(shortened, default=repr)
    except (ValueError, RecursionError, TypeError):
        return f"(a {type(value).__name__})"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _is_sendable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class ScimError(Exception):
    """An answer that is not a success: status, SCIM keyword and a sentence for the client.

    :param detail: what is wrong, its effect and the way out; input of the client goes through
        :func:`echo` first.
    """

    status: ClassVar[int] = 500
    scim_type: ClassVar[str | None] = None

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def headers(self) -> dict[str, str]:
        """The HTTP headers that this answer must carry beside its body."""
        return {}

    def to_document(self) -> dict[str, Any]:
        """Return the SCIM Error body of RFC 7644 §3.12, with ``status`` as a string."""
        document: dict[str, Any] = {"schemas": [ERROR_SCHEMA], "status": str(self.status)}
        if self.scim_type:
            document["scimType"] = self.scim_type
        document["detail"] = self.detail
        return document


class BadRequest(ScimError):
    """A 400: the request cannot be understood or would break a rule of the schema."""

    status = 400


class InvalidSyntax(BadRequest):
    """The body's structure is wrong, or it is not JSON."""

    scim_type = "invalidSyntax"


class InvalidFilter(BadRequest):
    """A filter does not follow the grammar, or compares what cannot be compared."""

    scim_type = "invalidFilter"


class InvalidPath(BadRequest):
    """The ``path`` of a PATCH operation is malformed or names nothing in the schema."""

    scim_type = "invalidPath"


class InvalidValue(BadRequest):
    """A required value is missing, or a value does not fit its attribute."""

    scim_type = "invalidValue"


class InvalidVersion(BadRequest):
    """The protocol version asked for is not spoken here."""

    scim_type = "invalidVers"


class Mutability(BadRequest):
    """A change is against the attribute's mutability."""

    scim_type = "mutability"


class NoTarget(BadRequest):
    """The filter of a PATCH path selects no value."""

    scim_type = "noTarget"


class TooMany(BadRequest):
    """A query would need more work than we are willing to do."""

    scim_type = "tooMany"


class InvalidCursor(BadRequest):
    """A cursor was changed, belongs to another query, or was not made here."""

    scim_type = "invalidCursor"


class ExpiredCursor(BadRequest):
    """A cursor was good once; too much time has passed, or its place in the list is lost."""

    scim_type = "expiredCursor"


class InvalidCount(BadRequest):
    """The page size of a query by cursor is beyond the maximum, or not that of its first page."""

    scim_type = "invalidCount"


class Unauthorized(ScimError):
    """No credentials, or credentials that are not (or no longer) good."""

    status = 401

    @property
    def headers(self) -> dict[str, str]:
        """The challenge of RFC 6750 §3."""
        return {"WWW-Authenticate": 'Bearer realm="rollcall"'}


class Forbidden(ScimError):
    """The credentials are good but do not allow this."""

    status = 403


class Sensitive(Forbidden):
    """The request touches sensitive attributes without the scope for them."""

    scim_type = "sensitive"


class NotFound(ScimError):
    """There is no such resource or endpoint."""

    status = 404


class MethodNotAllowed(ScimError):
    """The endpoint exists and does not know this method.

    :param allow: the methods it knows, for the ``Allow`` header.
    """

    status = 405

    def __init__(self, detail: str, allow: tuple[str, ...] = ("GET",)) -> None:
        super().__init__(detail)
        self.allow = allow

    @property
    def headers(self) -> dict[str, str]:
        """``Allow``, which RFC 9110 §15.5.6 demands."""
        return {"Allow": ", ".join(self.allow)}


class Conflict(ScimError):
    """The request does not fit the state in which other requests, or other parts of it, left things."""

    status = 409


class Uniqueness(Conflict):
    """A value that must be unique is in use already."""

    scim_type = "uniqueness"


class PreconditionFailed(ScimError):
    """``If-Match`` or ``If-None-Match`` does not hold: the resource has another version."""

    status = 412


class PayloadTooLarge(ScimError):
    """The body is larger, or holds more operations, than we take."""

    status = 413


class UnsupportedMediaType(ScimError):
    """The body's content type is neither ``application/scim+json`` nor ``application/json``."""

    status = 415


class _RetryLater(ScimError):
    """An answer that says when to come back.

    :param retry_after: whole seconds to wait, at least 1.
    """

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = max(1, retry_after)

    @property
    def headers(self) -> dict[str, str]:
        """``Retry-After`` in seconds."""
        return {"Retry-After": str(self.retry_after)}


class TooManyRequests(_RetryLater):
    """The client is over its rate."""

    status = 429


class InternalError(ScimError):
    """A defect of ours; the detail names nothing but the request id to look for in the log."""

    status = 500


class NotImplementedHere(ScimError):
    """A part of the protocol that this server does not offer."""

    status = 501


class Unavailable(_RetryLater):
    """Busy or starting; the same request may succeed in a moment."""

    status = 503
