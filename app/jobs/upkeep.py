"""Upkeep: what is looked at every minute and cleared away every day, tenant by tenant.

When it is due is remembered by the active scheduler alone. A look or a clearing that is lost with its process, or made
twice, does no harm: the next one finds the same rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import structlog
from sqlalchemy import Connection

from app import clock
from app.access import tenants
from app.database import reading, writing
from app.notices import expiring, forgetting, letters, reminding, telling
from app.notices.telling import Finding
from app.provisioning import ahead, retention, watching
from app.sources import awaiting, clearing, starting

log = structlog.get_logger(__name__)

#: Task → seconds from one to the next, and from the start of a scheduler to its first.
EVERY = {"watch": (60.0, 60.0), "retention": (86_400.0, 600.0)}
#: Seconds that a clearing may go on in one tenant; the next day goes on from there.
TENANT_SECONDS = 60.0

_LOOKS: tuple[Callable[[Connection, int], list[Finding]], ...] = (watching.findings, expiring.findings)
_CLEARINGS: tuple[Callable[[Connection, int, str], int], ...] = (
    retention.forget_some,
    forgetting.forget_some,
    letters.clear,
    clearing.forget_some,
)


class Cadence:
    """When a scheduler asks for upkeep."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._due = {task: monotonic() + first for task, (_, first) in EVERY.items()}

    def due(self) -> list[str]:
        """Return the tasks whose time has come, and count on from now."""
        now = self._monotonic()
        found = [task for task, at in self._due.items() if at <= now]
        self._due |= {task: now + EVERY[task][0] for task in found}
        return found


def watch() -> None:
    """Tell every tenant's admins what is news, and remind them of what still waits; mend times of a wrong clock.

    Managers are named who have come over SCIM; those of an import are named by that.
    """
    for tenant_id in _tenants():
        now = clock.now()
        with reading() as connection:
            findings = [finding for look in _LOOKS for finding in look(connection, tenant_id)]
            news = telling.news(connection, tenant_id, findings)
            has_reminders = reminding.has_due(connection, tenant_id, now)
            is_ahead = bool(starting.too_far(connection, tenant_id, now)) or ahead.has_any(
                connection, tenant_id, now
            )
        if news or has_reminders:
            with writing() as connection:
                telling.tell_all(connection, tenant_id, news)
                reminding.remind(connection, tenant_id, now)
        if is_ahead:
            with writing() as connection:
                starting.pull_in(connection, tenant_id, now)
                ahead.pull_in(connection, tenant_id, now)
        awaiting.name_those_who_came(tenant_id)


def clear() -> None:
    """Remove what every tenant has kept for long enough, in small transactions."""
    for tenant_id in _tenants():
        removed, end = 0, time.monotonic() + TENANT_SECONDS
        for forget_some in _CLEARINGS:
            while time.monotonic() < end:
                with writing() as connection:
                    number = forget_some(connection, tenant_id, clock.now())
                if number == 0:
                    break
                removed += number
        log.info("what was kept for long enough is removed", tenant_id=tenant_id, rows=removed)


def _tenants() -> Iterator[int]:
    with reading() as connection:
        found = [tenant.id for tenant in tenants.listed(connection)]
    yield from found
