"""Instants as Rollcall stores them: RFC 3339 UTC text with microseconds, so that text order is time order.

Both databases then hold and compare the same bytes, and ``meta.created`` needs no conversion on its way out.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def utcnow() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def instant(moment: datetime) -> str:
    """Return an aware datetime as stored text.

    >>> instant(datetime(2026, 11, 22, 4, 39, 37, tzinfo=UTC))
    '2026-11-22T04:39:37.000000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def parse_instant(text: str) -> datetime:
    """Return the aware datetime of a stored instant; raises ``ValueError`` for any other text."""
    return datetime.fromisoformat(text)


def now() -> str:
    """Return the present instant as stored text."""
    return instant(utcnow())


def after(seconds: float, *, since: str | None = None) -> str:
    """Return the stored instant ``seconds`` after ``since`` (default: now); negative looks back."""
    start = utcnow() if since is None else parse_instant(since)
    return instant(start + timedelta(seconds=seconds))
