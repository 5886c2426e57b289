"""Which candidates are to be looked at: all hires, or what changed since the last import (vendors.md §3.5).

The watermark is SmartRecruiters' own clock: the latest ``updatedOn`` that was listed, and never later than the moment
at which listing began there, so that nobody who changes while pages are turned is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from app.sources.errors import IncompleteRead
from app.vendors.smartrecruiters.client import LABEL, Client, Row
from app.vendors.smartrecruiters.records import HIRED

#: How many candidates of the overlap are remembered; more are simply looked at again.
MOST_REMEMBERED = 200


@dataclass
class Listing:
    """Candidate id → when it was changed; `began_at` is the server's clock at the first page."""

    changed: dict[str, str] = field(default_factory=dict)
    began_at: datetime | None = None

    def waiting(self, watermark: Mapping[str, Any] | None) -> list[str]:
        """Return who is to be looked at, by id: all but those that were seen in just this state."""
        seen = watermark.get("seen", {}) if watermark else {}
        return sorted(
            each for each, changed in self.changed.items() if not changed or seen.get(each) != changed
        )

    def watermark(self, before: Mapping[str, Any] | None, overlap: timedelta) -> dict[str, Any] | None:
        """Return the watermark from which the next import goes on; it never goes back."""
        moments = [moment for moment in map(instant, self.changed.values()) if moment]
        latest = max(moments, default=None)
        if latest is not None and self.began_at is not None:
            latest = min(latest, self.began_at)
        known = instant(before["updated_on"]) if before else None
        reached = max((moment for moment in (latest, known) if moment), default=None)
        if reached is None:
            return None
        recent = {
            each: changed
            for each, changed in self.changed.items()
            if (moment := instant(changed)) and moment >= reached - overlap
        }
        seen = recent if len(recent) <= MOST_REMEMBERED else {}
        return {"updated_on": written(reached), "seen": seen}


def listed(client: Client, query: list[tuple[str, str]]) -> Listing:
    """Return the candidates that fit; raises as ``Client.get``."""
    listing = Listing()
    for page in client.by_page_id("/candidates", query):
        if listing.began_at is None:
            listing.began_at = _clock(page.asked_at)
        listing.changed.update(_ids(page.rows))
    return listing


def query_of(settings: Mapping[str, str], watermark: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the filters: hires only unless all are wanted, and what changed since a little before the watermark."""
    query = [("status", HIRED)] if settings["candidates"] == "hired" else []
    since = instant(watermark["updated_on"]) if watermark else None
    if since is not None:
        query.append(("updatedAfter", written(since - overlap_of(settings))))
    return query


def overlap_of(settings: Mapping[str, str]) -> timedelta:
    """Return how far an import reaches back behind the last one."""
    return timedelta(minutes=float(settings["overlap_minutes"]))


def instant(text: Any) -> datetime | None:
    """Return the moment that a text in ISO 8601 names, None for anything else.

    >>> instant("2026-03-01T19:05:33.000Z").isoformat(), instant("soon")
    ('2026-03-01T19:05:33+00:00', None)
    """
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def written(moment: datetime) -> str:
    """Return a moment as SmartRecruiters' filters take it (§3.1).

    >>> written(datetime(2026, 3, 1, 19, 5, 33, tzinfo=UTC))
    '2026-03-01T19:05:33.000Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _ids(rows: list[Row]) -> Iterator[tuple[str, str]]:
    named = [(str(row["id"]), str(row.get("updatedOn") or "")) for row in rows if row.get("id")]
    if rows and not named:
        raise IncompleteRead(
            f"{LABEL} lists candidates without the member id, by which people are known. Nobody is changed; "
            "ask SmartRecruiters what became of it."
        )
    return iter(named)


def _clock(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
