"""Import runs that a guard has stopped before they changed anybody, and who would become inactive."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from app.directory.documents import loaded
from app.directory.tables import EmployeeRow
from app.sources import catalog, runs
from app.sources.known_records import is_newer_than
from app.sources.runs import Run
from app.sources.tables import source_record, staged_record
from app.web.console.naming import name_of

#: People who are named.
NAMED = 10
_employee = EmployeeRow.__table__.c


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
    query = (
        select(_employee.id, _employee.wire)
        .join_from(
            staged_record,
            source_record,
            (source_record.c.tenant_id == staged_record.c.tenant_id)
            & (source_record.c.source_id == run.source_id)
            & (source_record.c.record_id == staged_record.c.record_id),
        )
        .join(
            EmployeeRow.__table__,
            (_employee.tenant_id == source_record.c.tenant_id)
            & (_employee.id == source_record.c.employee_id),
        )
        .where(
            staged_record.c.tenant_id == run.tenant_id,
            staged_record.c.run_id == run.id,
            staged_record.c.inactive,
            _employee.active,
            ~is_newer_than(run.id),
        )
        .order_by(staged_record.c.number)
        .limit(NAMED + 1)
    )
    people = [(row.id, name_of(loaded(row.wire))) for row in connection.execute(query)]
    return HeldRun(run, source_name, tuple(people[:NAMED]), len(people) > NAMED)
