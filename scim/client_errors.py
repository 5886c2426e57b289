"""What can go wrong when Rollcall calls a SCIM service provider.

::

    ClientError                     base; status, scim_type, detail, retry_after
    ├── RequestRefused       4xx    the answer is about this request; other requests may succeed
    │   ├── CredentialsRefused 401, 403   no request will succeed until the credentials change
    │   ├── ResourceMissing  404, 410
    │   ├── ResourceConflict 409    a value that must be unique is taken
    │   ├── VersionConflict  412
    │   └── RateLimited      429    retry_after says when
    ├── ServerFailed         5xx    the same request may succeed later; 503 often says when
    ├── AnswerUnusable       2xx, 3xx   HTML, half a body, a redirect, a resource without an id: what
    │                               the request did is unknown
    └── IncompleteListing           pages do not add up: nobody may be taken as missing

Errors of the transport (no connection, timeout, a refused address) are the session's own and pass
through unchanged: only the session knows whether a byte left.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from pydantic_core import from_json

from scim.errors import ScimError
from scim.parse import check_texts

_LONGEST_WAIT: Final = 24 * 3600.0
_LONGEST_DETAIL: Final = 500


class ClientError(Exception):
    """A call that did not give what it should have.

    `status` is the HTTP status (None when it is not about one answer), `scim_type` and `detail` are
    what the SCIM Error body said (None and a short description when there was none), `retry_after`
    the seconds that the server asked to wait, from 0 to 86,400, or None.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        scim_type: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.scim_type = scim_type
        self.retry_after = retry_after


class RequestRefused(ClientError):
    """A 4xx: the service provider refuses this request."""


class CredentialsRefused(RequestRefused):
    """A 401 or 403: the token is not accepted or may not do this."""


class ResourceMissing(RequestRefused):
    """A 404 or 410: there is no such resource (or the base URL is wrong)."""


class ResourceConflict(RequestRefused):
    """A 409: another resource holds a value that must be unique."""


class VersionConflict(RequestRefused):
    """A 412: the resource is no longer the version that was read."""


class RateLimited(RequestRefused):
    """A 429: too many requests; wait `retry_after` seconds."""


class ServerFailed(ClientError):
    """A 5xx: the service provider failed; what the request did is unknown."""


class AnswerUnusable(ClientError):
    """An answer that is not SCIM though its status is no error; what the request did is unknown."""


class IncompleteListing(ClientError):
    """The pages of a list do not add up to one whole list.

    `read` is how many different resources came, `announced` the last `totalResults` (None when the
    server gave none).
    """

    def __init__(self, detail: str, *, read: int, announced: int | None) -> None:
        super().__init__(detail)
        self.read = read
        self.announced = announced


_BY_STATUS: Final[Mapping[int, type[ClientError]]] = {
    401: CredentialsRefused,
    403: CredentialsRefused,
    404: ResourceMissing,
    409: ResourceConflict,
    410: ResourceMissing,
    412: VersionConflict,
    429: RateLimited,
}


def error_of(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ClientError:
    """Return the error that an answer with a status of 300 or more stands for.

    The body may be a SCIM Error (RFC 7644 §3.12), other JSON, HTML or nothing.
    """
    if status < 400:
        return AnswerUnusable(f"HTTP {status}: a redirect, which is not followed.", status=status)
    said = _said(body)
    scim_type, detail = _text(said.get("scimType")), _text(said.get("detail"))
    family = _BY_STATUS.get(status, RequestRefused if status < 500 else ServerFailed)
    return family(
        detail or f"HTTP {status} without a SCIM Error body.",
        status=status,
        scim_type=scim_type,
        retry_after=wait_of(headers, now),
    )


def _said(body: bytes) -> Mapping[str, Any]:
    try:
        document = read_json(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def read_json(body: bytes) -> Any:
    """Return the JSON value of an answer, taking more than `scim.parse` takes from clients.

    Names given twice and numbers beyond a double are the service provider's business. Raises ValueError
    on what is no JSON or cannot be stored: NaN, deep nesting, NUL, lone surrogates.
    """
    value = from_json(body, allow_inf_nan=False)
    try:
        check_texts(value)
    except ScimError as error:
        raise ValueError(error.detail) from None
    return value


def _text(value: Any) -> str | None:
    return value[:_LONGEST_DETAIL] if isinstance(value, str) and value else None


def wait_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that `Retry-After` asks for, from 0 to 86,400; None without a readable one.

    RFC 9110 §10.2.3: whole seconds or an HTTP date. A date counts from the answer's own `Date`,
    where there is one, because the server's clock may differ from ours.
    """
    text = (headers.get("Retry-After") or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        until = _http_date(text)
        if until is None:
            return None
        seconds = (until - (_http_date(headers.get("Date") or "") or now)).total_seconds()
    if seconds != seconds:  # "nan" is a float to Python.
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
