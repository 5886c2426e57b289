"""Answers of a SCIM service provider as provisioning sees them: its errors as `TargetError`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from app.outbound import Exchange, OutboundError, OutboundSession, Response
from app.provisioning import errors
from scim import client_errors

Answer = TypeVar("Answer")
NOT_IMPLEMENTED = 501

_KINDS: tuple[tuple[type[client_errors.ClientError], type[errors.TargetError], str], ...] = (
    (client_errors.CredentialsRefused, errors.Unauthorised, "unauthorised"),
    (client_errors.ResourceMissing, errors.Vanished, "vanished"),
    (client_errors.ResourceConflict, errors.Conflict, "conflict"),
    (client_errors.VersionConflict, errors.RetryLater, "version_conflict"),
    (client_errors.RateLimited, errors.RetryLater, "rate_limited"),
    (client_errors.RequestRefused, errors.Refused, "refused"),
    (client_errors.ServerFailed, errors.RetryLater, "server_error"),
    (client_errors.IncompleteListing, errors.IncompleteListing, "incomplete_listing"),
    (client_errors.AnswerUnusable, errors.Unintelligible, "unintelligible"),
    (client_errors.ClientError, errors.RetryLater, "scim_error"),
)
_TOO_EARLY = (408, 425)


def asked(http: OutboundSession, ask: Callable[[], Answer]) -> Answer:
    """The answer to a question of the SCIM client, its errors as `TargetError`."""
    try:
        return ask()
    except client_errors.ClientError as error:
        raise translated(error, last(http)) from error
    except OutboundError as error:
        raise errors.from_outbound(error) from error


def translated(error: client_errors.ClientError, exchange: Exchange | None) -> errors.TargetError:
    """The error of the SCIM client in the family that provisioning knows."""
    kind, code = next((kind, code) for family, kind, code in _KINDS if isinstance(error, family))
    if error.scim_type == "uniqueness":
        kind, code = errors.Conflict, "conflict"
    elif error.status in _TOO_EARLY:
        kind, code = errors.RetryLater, "server_error"
    elif error.status == NOT_IMPLEMENTED:
        kind, code = errors.Refused, "not_implemented"
    return kind(
        code,
        error.detail,
        status=error.status,
        retry_after=error.retry_after,
        may_have_been_processed=error.status is None or error.status < 400 or error.status >= 500,
        exchange=exchange,
    )


def error_from(response: Response) -> errors.TargetError:
    """The answer that is not a success, with the provider's own words."""
    error = client_errors.error_of(response.status, response.headers, response.body, datetime.now(UTC))
    return translated(error, response.exchange)


def last(http: OutboundSession) -> Exchange | None:
    """The record of this thread's last call, None before the first."""
    try:
        return http.last_exchange
    except LookupError:
        return None
