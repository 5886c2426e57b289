"""Answers as the rest of Rollcall sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic_core import from_json

from app.outbound.errors import NotJson
from app.outbound.exchange import Exchange

MAX_RETRY_AFTER = 3600.0
# Labels are often wrong; a page for a browser never is JSON.
_JSON_TYPES = ("", "text/plain", "text/json", "text/javascript", "application/json")


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer of whatever status. `headers` ignore case; `body` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    exchange: Exchange

    @property
    def ok(self) -> bool:
        """Whether the status is a success (2xx)."""
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait as the answer says, clamped; None if it says nothing usable."""
        return parse_retry_after(self.headers.get("Retry-After"), self.headers.get("Date"))

    def text(self) -> str:
        """The body as text, with replacement characters where it is not UTF-8."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises `NotJson` for another content type (an HTML page with status 200) and for a body that is not,
        or not completely, JSON; NaN, lone surrogates and absurd nesting are not JSON either.
        """
        content_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if content_type not in _JSON_TYPES and not content_type.endswith("+json"):
            raise self._not_json(f"content type {content_type[:60]}")
        try:
            return from_json(self.body, allow_inf_nan=False)
        except ValueError as error:
            raise self._not_json("not complete JSON") from error

    def _not_json(self, what: str) -> NotJson:
        error = NotJson(
            f"The answer with status {self.status} is not what was asked for: {what}.", status=self.status
        )
        error.exchange = self.exchange
        return error


def parse_retry_after(value: str | None, date: str | None = None) -> float | None:
    """Seconds of a `Retry-After` header (RFC 9110 §10.2.3): a number or an HTTP date, clamped to 0…3600.

    A date is read against the answer's own `Date` where there is one, so that a wrong clock on either side
    does not matter. None for an absent or senseless value.

    >>> parse_retry_after("120"), parse_retry_after("-5"), parse_retry_after("soon")
    (120.0, 0.0, None)
    """
    if not value:
        return None
    text = value.strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, date)
    return None if seconds != seconds else min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _seconds_until(text: str, date: str | None) -> float:
    """Seconds from `date` (else from now) to the HTTP date; NaN when it is none."""
    until = _http_date(text)
    if until is None:
        return float("nan")
    return (until - (_http_date(date) or datetime.now(UTC))).total_seconds()


def _http_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
