"""When a source is imported by itself: every so often, or once on each local date where its people live.

Local midnight does not exist on every day everywhere, and "12:00 AM PST" is Los Angeles' midnight also in summer
(quality.md §1.5): times of day are computed in the named zone, never with a fixed offset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.sources.errors import WrongSource

SHORTEST_INTERVAL = 60
#: Ten years: what is longer is no interval but a slip, and would lie beyond the calendar.
LONGEST_INTERVAL = 3650 * 86_400
_EVERY = re.compile(r"(?:every +)?([1-9][0-9]{0,6}) *([smhd]?)")
_DAILY = re.compile(
    r"daily(?: +(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?: *(?P<half>AM|PM))?(?: +(?P<zone>[A-Z0-9_+/-]{2,60}))?)?",
    re.IGNORECASE,
)
#: What the guides of vendors call the time of the west coast, in summer too; as names they are no zones.
_SPOKEN = {"PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "PT": "America/Los_Angeles"}
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_OFF = frozenset({"off", "none", "never"})
WAY_OUT = "write 15m, 2h, 1d (one minute to ten years), daily 00:00 America/Los_Angeles, or off."


@dataclass(frozen=True, slots=True)
class Schedule:
    """When imports start by themselves: `every` seconds, or at `at` on each date of `zone`; neither: never."""

    every: int | None = None
    at: time | None = None
    zone: str = "UTC"

    def __str__(self) -> str:
        if self.every is not None:
            return _interval_text(self.every)
        return "off" if self.at is None else f"daily {self.at:%H:%M} {self.zone}"

    def next_after(self, now: datetime) -> datetime | None:
        """Return the first time after ``now`` (aware) at which an import is due; None: never.

        However late an import starts, the next one is counted from its start: missed times count as one.
        """
        if self.every is not None:
            return now + timedelta(seconds=self.every)
        if self.at is None:
            return None
        today = now.astimezone(ZoneInfo(self.zone)).date()
        moments = (self._on(today + timedelta(days=ahead)) for ahead in range(-1, 4))
        return min(moment for moment in moments if moment is not None and moment > now)

    def _on(self, day: date) -> datetime | None:
        """Return the instant of the time of day on a local date; None for a date that a zone has skipped.

        A time that is there twice is the first of the two. One that a change of clocks skips is as much later (00:30 is
        01:30), or earlier where that would be another date (PEP 495, "Mind the Gap!").
        """
        assert self.at is not None
        zone = ZoneInfo(self.zone)
        for fold in (0, 1):
            moment = datetime.combine(day, self.at.replace(fold=fold), zone).astimezone(UTC)
            if moment.astimezone(zone).date() == day:
                return moment
        return None


OFF = Schedule()


def parse_schedule(text: str) -> Schedule:
    """Return a schedule of ``15m``, ``every 2h``, ``daily 00:00 America/Los_Angeles`` or ``off``.

    A daily one without a zone is in UTC, without a time at midnight. The words of the guides are understood too.

    :raises WrongSource: it is none of these.

    >>> str(parse_schedule("90")), str(parse_schedule("every 2h")), str(parse_schedule("daily"))
    ('90s', '2h', 'daily 00:00 UTC')
    >>> str(parse_schedule("daily 12:00 AM PST"))
    'daily 00:00 America/Los_Angeles'
    """
    wanted = text.strip()
    if wanted.lower() in _OFF:
        return OFF
    daily = _DAILY.fullmatch(wanted)
    if daily is not None:
        zone = daily["zone"] or "UTC"
        return Schedule(at=_time(text, daily), zone=_zone(_SPOKEN.get(zone.upper(), zone)))
    found = _EVERY.fullmatch(wanted.lower())
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not SHORTEST_INTERVAL <= seconds <= LONGEST_INTERVAL:
        raise WrongSource(f"schedule={text!r} cannot be used; {WAY_OUT}")
    return Schedule(every=seconds)


def _time(text: str, daily: re.Match[str]) -> time:
    hour, minute, half = int(daily["hour"] or 0), int(daily["minute"] or 0), (daily["half"] or "").upper()
    if minute > 59 or hour > 23 or (half and not 1 <= hour <= 12):
        raise WrongSource(f"schedule={text!r} names no time of day; {WAY_OUT}")
    return time(hour % 12 + 12 * (half == "PM") if half else hour, minute)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WrongSource(
            f"There is no time zone {name!r}; use a name of the IANA database, such as America/Los_Angeles."
        ) from None
    return name


def _interval_text(seconds: int) -> str:
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"
