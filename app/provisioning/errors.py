"""What can go wrong between Rollcall and a target, one family.

    ProvisioningError
    └── TargetError
        ├── RetryLater          429, 5xx, a broken exchange: try again, later
        ├── Unauthorised        401, 403: the whole target pauses
        ├── Refused             400, 413, 422: this person only, until data, mapping or profile changes
        ├── Conflict            409 and its dialects: the account, or a value of it, exists already
        ├── Vanished            404, 410 on an account we know
        ├── Unintelligible      no answer to the request: HTML with 200, a redirect, a refused address
        └── IncompleteListing   a paged listing that cannot be trusted as complete

The `outcome` of each class is the word of provisioning.md rule 14 that the deliverer's table is keyed by.
"""

from __future__ import annotations

from typing import ClassVar

from app.errors import RollcallError
from app.outbound import AddressRefused, Exchange, NotJson, OutboundError, Redirected, TooLarge


class ProvisioningError(RollcallError):
    """Base of the family."""


class TargetError(ProvisioningError):
    """A target did not do what was asked.

    `code` is stable and short (`rate_limited`, `duplicate`, …); `message` is a sentence for a person and
    quotes the target's own words where it gave any; `status` is the HTTP status or None when there was no
    answer; `retry_after` are seconds; `may_have_been_processed` says whether the target may have acted all
    the same; `exchange` is the record of the call that failed, where there was one.
    """

    outcome: ClassVar[str] = "retry"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        may_have_been_processed: bool = False,
        exchange: Exchange | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after
        self.may_have_been_processed = may_have_been_processed
        self.exchange = exchange


class RetryLater(TargetError):
    """Nothing is wrong with the person: the same request may succeed later."""


class Unauthorised(TargetError):
    """The target does not accept the credentials: every other request would fail too."""

    outcome = "unauthorised"


class Refused(TargetError):
    """The target does not accept this person's data; sending it again unchanged is useless."""

    outcome = "refused"


class Conflict(TargetError):
    """The target already holds the account, or a value that must be unique there."""

    outcome = "conflict"


class Vanished(TargetError):
    """The account that we knew is no longer at the target."""

    outcome = "vanished"


class Unintelligible(TargetError):
    """What came is no answer to the request, or nothing may be sent to that address."""


class IncompleteListing(TargetError):
    """The list of accounts cannot be trusted: nothing may be concluded from who is missing."""


#: What a refusing status usually means: the error and its code. Vendors whose words differ say so in their folder.
BY_STATUS: dict[int, tuple[type[TargetError], str]] = {
    401: (Unauthorised, "unauthorised"),
    403: (Unauthorised, "unauthorised"),
    404: (Vanished, "vanished"),
    408: (RetryLater, "server_error"),
    409: (Conflict, "conflict"),
    410: (Vanished, "vanished"),
    425: (RetryLater, "server_error"),
    429: (RetryLater, "rate_limited"),
}
_NO_ANSWERS = (AddressRefused, NotJson, Redirected, TooLarge)


def from_outbound(error: OutboundError) -> TargetError:
    """The same fact as a `TargetError`, so that a caller needs one family only."""
    kind: type[TargetError] = Unintelligible if isinstance(error, _NO_ANSWERS) else RetryLater
    return kind(
        error.code,
        error.message,
        status=error.status,
        retry_after=error.retry_after,
        may_have_been_processed=error.may_have_been_processed,
        exchange=error.exchange,
    )
