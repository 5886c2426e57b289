"""Who would become inactive by a run that waits for approval; what it has read stays sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from app.directory.documents import loaded
from app.directory.tables import EmployeeRow
from app.sources.known_records import is_newer_than
from app.sources.runs import Run
from app.sources.tables import source_record, staged_record
from app.web.console.naming import name_of
from app.web.console.runs.rising import Key, Rising, rising_page

_staged, _record, _employee = staged_record.c, source_record.c, EmployeeRow.__table__


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who is active in the directory and inactive in what was read."""

    employee_id: str
    name: str
    record_id: str


def leavers(
    connection: Connection, run: Run, *, after: Key | None = None, before: Key | None = None
) -> Rising[Leaver]:
    """Return a page of those whom a held run would set inactive, in the order of the source. The key is (row,)."""
    return rising_page(connection, _leaving(run), (_staged.number,), _leaver, after=after, before=before)


def first_leavers(connection: Connection, run: Run, number: int) -> list[Leaver]:
    """Return the first so many of them."""
    rows = connection.execute(_leaving(run).order_by(_staged.number).limit(number))
    return [_leaver(row) for row in rows]


def _leaving(run: Run) -> Select[Any]:
    of_person = (_employee.c.tenant_id == _record.tenant_id) & (_employee.c.id == _record.employee_id)
    joined = staged_record.join(source_record, _of_record(run)).join(_employee, of_person)
    return (
        select(_staged.number, _staged.record_id, _record.employee_id, _employee.c.wire)
        .select_from(joined)
        .where(
            _staged.tenant_id == run.tenant_id,
            _staged.run_id == run.id,
            _staged.inactive,
            _employee.c.active,
            ~is_newer_than(run.id),
        )
    )


def strangers(connection: Connection, run: Run) -> int:
    """Return how many rows make somebody inactive who is no record of the source yet; whom they match is sealed."""
    joined = staged_record.outerjoin(source_record, _of_record(run))
    query = select(func.count()).select_from(joined)
    mine = (_staged.tenant_id == run.tenant_id, _staged.run_id == run.id)
    return int(connection.scalar(query.where(*mine, _staged.inactive, _record.employee_id.is_(None))) or 0)


def _of_record(run: Run) -> ColumnElement[bool]:
    return and_(
        _record.tenant_id == _staged.tenant_id,
        _record.source_id == run.source_id,
        _record.record_id == _staged.record_id,
    )


def _leaver(row: Any) -> Leaver:
    return Leaver(row.employee_id, name_of(loaded(row.wire)), row.record_id)
