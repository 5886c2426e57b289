"""The start-date gate (rule 19): an account a given number of days before the first day of work, not sooner. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from app import clock
from app.provisioning.operations import Decision
from app.provisioning.people import Person
from app.provisioning.policies import Policy


def starts_later(person: Person, policy: Policy) -> Decision | None:
    """The decision to wait for the first day of work, decided anew when the gate opens (midnight UTC); None if not."""
    if policy.start_gate is None or person.starts_on is None or person.days_until_start is None:
        return None
    if person.days_until_start <= policy.start_gate:
        return None
    opens_on = date.fromisoformat(person.starts_on) - timedelta(days=policy.start_gate)
    reason = f"waiting: starts on {person.starts_on}; the account is due from {opens_on} on"
    wakes_at = clock.instant(datetime.combine(opens_on, time(), UTC))
    return Decision("waiting", "waiting", "starts_later", reason, wakes_at=wakes_at)
