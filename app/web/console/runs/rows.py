"""The rows that a run could not take, or took with a reservation: what is wrong, whom it concerns, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from app.directory.documents import loaded
from app.directory.tables import EmployeeRow
from app.sources.fields import user_fields
from app.sources.row_errors import SEVERITIES
from app.sources.runs import Run
from app.sources.tables import row_error, source_record
from app.web.console.field_words import field_words
from app.web.console.naming import name_of
from app.web.console.runs.fixes import Fix, fix_of
from app.web.console.runs.rising import Key, Rising, rising_page
from app.web.console.runs.wording import plain

_line, _record, _employee = row_error.c, source_record.c, EmployeeRow.__table__


@dataclass(frozen=True, slots=True)
class Line:
    """One problem of one row. ``employee_id`` and ``name``: of whom the record is known to be, else None."""

    row: int
    column: str
    code: str
    reason: str
    record_id: str
    employee_id: str | None
    name: str | None
    fix: Fix


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines are asked for: of which severity, with which code and which text; "" asks for all."""

    severity: str
    code: str = ""
    text: str = ""
    after: Key | None = None
    before: Key | None = None


def _lines(run: Run) -> Select[Any]:
    """Return the query of a run's lines, with whom their records are known to be."""
    of_record = (
        (_record.tenant_id == _line.tenant_id)
        & (_record.source_id == run.source_id)
        & (_record.record_id == _line.record_id)
    )
    of_employee = (_employee.c.tenant_id == _record.tenant_id) & (_employee.c.id == _record.employee_id)
    columns = (_line[name] for name in ("number", "position", "column", "code", "reason", "record_id"))
    joined = row_error.outerjoin(source_record, of_record).outerjoin(_employee, of_employee)
    query = select(*columns, _record.employee_id, _employee.c.wire).select_from(joined)
    return query.where(_line.tenant_id == run.tenant_id, _line.run_id == run.id)


def lines(connection: Connection, run: Run, asked: Asked) -> Rising[Line]:
    """Return a page of a run's lines by row. The key is (row, position)."""
    query = _lines(run).where(_line.severity == asked.severity)
    if asked.code:
        query = query.where(_line.code == asked.code)
    if asked.text:
        columns = (_line.reason, _line.record_id, _line.column)
        wanted = [column.icontains(asked.text, autoescape=True) for column in columns]
        query = query.where(wanted[0] | wanted[1] | wanted[2])
    key = (_line.number, _line.position)
    return rising_page(connection, query, key, _read, after=asked.after, before=asked.before)


def has_failed_records(connection: Connection, run: Run) -> bool:
    """Return whether a record of a run failed that can be read again by itself."""
    mine = (_line.tenant_id == run.tenant_id, _line.run_id == run.id)
    failed = (_line.severity == "error", _line.record_id != "")
    return connection.scalar(select(_line.number).where(*mine, *failed).limit(1)) is not None


def tally(connection: Connection, run: Run) -> dict[str, dict[str, int]]:
    """Return severity → code → how many lines of a run have it, the most frequent first; one look through them."""
    columns = (_line.severity, _line.code)
    query = select(*columns, func.count().label("number")).group_by(*columns)
    mine = (_line.tenant_id == run.tenant_id, _line.run_id == run.id)
    found: dict[str, dict[str, int]] = {severity: {} for severity in SEVERITIES}
    for row in connection.execute(query.where(*mine).order_by(func.count().desc(), _line.code)):
        found[row.severity][row.code] = row.number
    return found


def _read(row: Any) -> Line:
    fix = fix_of(row.code)
    name = name_of(loaded(row.wire)) if row.wire else None
    known = row.employee_id if row.wire else None
    said = fix.says or worded(row.reason)
    return Line(row.number, row.column, row.code, said, row.record_id, known, name, fix)


def worded(reason: str) -> str:
    """Return a reason with the field that it begins with in words, and without what one types in a terminal.

    >>> worded("emails[work].value: 'bo' is not one e-mail address")
    "Work e-mail: 'bo' is not one e-mail address"
    """
    name, colon, rest = reason.partition(": ")
    is_field = bool(colon) and name in user_fields().fields
    said = plain(f"{field_words(name)}: {rest}" if is_field else reason)
    return said[:1].upper() + said[1:]
