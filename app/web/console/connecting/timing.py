"""When a source is imported by itself, as a form has it: how often, at which time of day, in which zone."""

from __future__ import annotations

from app.sources.schedules import Schedule
from app.web.console.sources.settings_form import zones as places

DAILY, OFF = "daily", "off"
#: Schedule → its words. Any other one that a source has stands beside them.
EVERY = {
    "15m": "Every 15 minutes",
    "1h": "Every hour",
    "4h": "Every 4 hours",
    DAILY: "Every day, at a time of day",
    "7d": "Every week",
    OFF: "Not by itself: only when somebody asks",
}


def choices_of(schedule: Schedule) -> list[tuple[str, str]]:
    """Return what can be chosen, what a source has now among it."""
    now = how_of(schedule)
    own = [] if now in EVERY else [(now, f"Every {now}")]
    return [*EVERY.items(), *own]


def how_of(schedule: Schedule) -> str:
    """Return which of the choices a schedule is."""
    return DAILY if schedule.at is not None else str(schedule)


def time_of(schedule: Schedule) -> str:
    """Return its time of day; midnight where it has none."""
    return "00:00" if schedule.at is None else f"{schedule.at:%H:%M}"


def text_of(how: str, at: str, zone: str) -> str:
    """Return the schedule that a form says.

    >>> text_of("daily", "03:00", "Europe/Berlin"), text_of("1h", "03:00", "Europe/Berlin")
    ('daily 03:00 Europe/Berlin', '1h')
    """
    return f"daily {at} {zone}" if how == DAILY else how


def zones() -> list[str]:
    """Return UTC, and the zones that are named after places."""
    return ["UTC", *places()]
