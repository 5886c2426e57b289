"""Import runs that a guard has stopped before they changed anybody, and who would become inactive."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from app.sources import catalog, runs
from app.sources.runs import Run
from app.web.console.runs.leavers import first_leavers

#: People who are named.
NAMED = 10


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A held run, its source's name, and the first people who are active and would not be: (id, name)."""

    run: Run
    source_name: str
    leavers: tuple[tuple[str, str], ...]
    has_more: bool


def held(connection: Connection, tenant_id: int) -> list[HeldRun]:
    """Return the runs that wait for an admin, the oldest first."""
    names = {known.id: known.name for known in catalog.listed(connection, tenant_id)}
    found = runs.listed(connection, tenant_id, state="held")
    return [_held(connection, run, names.get(run.source_id, "a removed source")) for run in reversed(found)]


def _held(connection: Connection, run: Run, source_name: str) -> HeldRun:
    people = [(each.employee_id, each.name) for each in first_leavers(connection, run, NAMED + 1)]
    return HeldRun(run, source_name, tuple(people[:NAMED]), len(people) > NAMED)
