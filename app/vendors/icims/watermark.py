"""Where reading goes on: behind a person's id, among those changed since an instant (vendors.md §2.7).

Instants are of iCIMS's own clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

#: What is searched again beside the staleness of searches.
OVERLAP = timedelta(minutes=5)


def search_date(moment: datetime) -> str:
    """Return an instant as searches take it, in UTC. A date that iCIMS cannot read it ignores: everybody is found.

    >>> search_date(datetime(2026, 3, 1, 0, 5, tzinfo=UTC)), search_date(datetime(2026, 3, 1, 13, 5, tzinfo=UTC))
    ('2026-03-01 12:05 AM', '2026-03-01 01:05 PM')
    """
    utc = moment.astimezone(UTC)
    if not 1990 <= utc.year <= 9998:
        raise ValueError(f"{utc:%Y} is no year to search for")
    return f"{utc:%Y-%m-%d} {utc.hour % 12 or 12:02d}:{utc.minute:02d} {'PM' if utc.hour >= 12 else 'AM'}"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a read.

    `since` None: everybody is read. `after` is the id of the last person read, `number` that of the last record.
    `began_at` is when the read began: the next one looks for changes since then. `of` is the digest of the settings.
    """

    of: str
    since: datetime | None = None
    after: int = 0
    number: int = 0
    began_at: datetime | None = None

    def behind(self, person: int, records: int) -> Position:
        """Return the place behind a person, so many records later."""
        return replace(self, after=person, number=self.number + records)

    def begun(self, moment: datetime | None) -> Position:
        """Return the place with the instant at which the read began, unless that is known."""
        if self.began_at is not None or moment is None:
            return self
        return replace(self, began_at=moment.replace(second=0, microsecond=0))

    def searched_since(self, staleness: int) -> str | None:
        """Return the date to search from: earlier by what searches lag behind, and some more. None: everybody."""
        if self.since is None:
            return None
        return search_date(self.since - timedelta(minutes=staleness) - OVERLAP)

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object, for `resume`."""
        texts = {"since": _text(self.since), "began_at": _text(self.began_at)}
        return {"of": self.of, "after": self.after, "number": self.number, **texts}

    def next_watermark(self) -> dict[str, Any] | None:
        """Return where the next read begins after this one; None when iCIMS told no time: the old one stays."""
        return None if self.began_at is None else {"of": self.of, "since": _text(self.began_at)}


def position_of(stored: Mapping[str, Any] | None, digest: str) -> Position:
    """Return the place that was stored; the beginning when nothing was, or the settings are others since."""
    if not stored or stored.get("of") != digest:
        return Position(digest)
    return Position(
        digest,
        _moment(stored.get("since")),
        int(stored.get("after") or 0),
        int(stored.get("number") or 0),
        _moment(stored.get("began_at")),
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def _moment(text: Any) -> datetime | None:
    """Return the instant of a text of ours. A text that is none reads everybody, which loses nothing."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    except ValueError:
        return None
