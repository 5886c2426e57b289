"""The words of sources: states, schedules, what became of a vendor's call."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from app import clock
from app.sources.catalog import Source
from app.sources.schedules import Schedule
from app.web.console.wording import Word, every

STATES = {
    "draft": Word("Not finished", "It is being connected; nobody is imported from it yet.", "secondary"),
    "active": Word("Active", "People come in by its schedule and on request.", "success"),
    "paused": Word("Paused", "Its schedule stands still; imports on request and calls go on.", "warning"),
    "disconnected": Word(
        "Disconnected", "Its credentials are forgotten; its people and history are kept.", "danger"
    ),
}
CALLS = {
    "waiting": Word("Waits", "An import takes it up in a moment.", "info"),
    "taken": Word("Being read", "An import reads what it points at.", "info"),
    "done": Word("Done", "What it points at was read, or there was nothing to read.", "success"),
}


def schedule_words(schedule: Schedule) -> str:
    """Return when a source is imported by itself.

    >>> from app.sources.schedules import parse_schedule
    >>> schedule_words(parse_schedule("15m")), schedule_words(parse_schedule("off"))
    ('Every 15 minutes', 'On request only')
    """
    if schedule.at is not None:
        return f"Every day at {schedule.at:%H:%M}, {place_words(schedule.zone)}"
    words = every(schedule.every)
    return words[:1].upper() + words[1:]


def place_words(zone: str) -> str:
    """Return a time zone in words.

    >>> place_words("America/Los_Angeles"), place_words("UTC")
    ('Los Angeles time', 'UTC')
    """
    city = zone.rpartition("/")[2].replace("_", " ")
    return f"{city} time" if "/" in zone else zone


def next_there(known: Source) -> str | None:
    """Return the next scheduled import in the zone of the source; None when there is none, or the zone is UTC."""
    zone = known.schedule.zone
    if known.next_run_at is None or zone == "UTC":
        return None
    moment = clock.parse_instant(known.next_run_at).astimezone(ZoneInfo(zone))
    return f"{moment.day} {moment:%b %Y, %H:%M}, {place_words(zone)}"
