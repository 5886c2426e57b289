"""Why an outbound call gave no usable answer, one family.

OutboundError
├── AddressRefused      the URL or the address behind it is not allowed                  never sent
├── ConnectFailed       name, TCP or TLS: nobody was reached                             never sent
├── DeadlineExceeded    the call as a whole, or a silent peer, took too long
├── Broken              reset, half a body, not HTTP
├── Redirected          the answer points elsewhere; redirects are never followed
├── TooLarge            the body passes the limit, also after decompression
├── NotJson             the body is not the JSON that was asked for
└── BadStatus           `get_json` got a status that is not a success
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from app.outbound.exchange import Exchange


class OutboundError(requests.RequestException):
    """A call gave no usable answer.

    `code` is stable and short; `message` is a plain sentence without secrets; `retryable` says whether the
    same call may succeed later; `retry_after` are seconds or None; `status` is the HTTP status if one
    arrived; `may_have_been_processed` is False only when the request cannot have reached the other side.
    `exchange` is the redacted record of the call, set by the session. A `RequestException`, so that libraries
    which take a `requests.Session` treat it as one.
    """

    code = "outbound_error"
    retryable = False
    may_have_been_processed = True

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retryable: bool | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.retryable = type(self).retryable if retryable is None else retryable
        self.status = status
        self.retry_after = retry_after
        self.exchange: Exchange | None = None


class AddressRefused(OutboundError):
    """The URL or the address behind its host name may not be called."""

    code = "address_refused"
    may_have_been_processed = False


class ConnectFailed(OutboundError):
    """Nobody was reached: `dns_failed`, `connect_failed`, `connect_timeout` or `tls_failed`."""

    code = "connect_failed"
    retryable = True
    may_have_been_processed = False


class DeadlineExceeded(OutboundError):
    """The answer was not complete within the call's total time."""

    code = "timeout"
    retryable = True


class Broken(OutboundError):
    """What came was not a whole answer: `connection_broken`, `incomplete_body`, `bad_encoding`."""

    code = "connection_broken"
    retryable = True


class Redirected(OutboundError):
    """The other side answered with a redirect, which is never followed."""

    code = "redirected"


class TooLarge(OutboundError):
    """The answer is larger than the limit."""

    code = "too_large"


class NotJson(OutboundError):
    """A successful answer is not JSON: an HTML login page, a proxy's error page, half a document."""

    code = "not_json"
    retryable = True


class BadStatus(OutboundError):
    """`get_json` was answered with a status that is not a success; `retryable` for 429 and 5xx."""

    code = "bad_status"
