"""The lines of runs' error files: read, counted, and the rows that are to be tried again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, insert, or_, select

from app.database import one_of
from app.sources.error_file import RowError
from app.sources.runs import Lease
from app.sources.tables import row_error

_PAGE = 1000
_ERRORS = (
    select(row_error)
    .where(
        row_error.c.tenant_id == bindparam("tenant_id"),
        row_error.c.run_id == bindparam("run_id"),
        one_of(row_error.c.severity, "severities"),
        or_(
            row_error.c.number > bindparam("number"),
            (row_error.c.number == bindparam("number")) & (row_error.c.position > bindparam("position")),
        ),
    )
    .order_by(row_error.c.number, row_error.c.position)
    .limit(_PAGE)
)
SEVERITIES = ("error", "warning")


@dataclass(frozen=True, slots=True)
class Line:
    """A warning about a row that is found when the row has been applied."""

    number: int
    column: str
    reason: str
    record_id: str


def lines(
    connection: Connection, tenant_id: int, run_id: int, severities: tuple[str, ...] = SEVERITIES
) -> Iterator[RowError]:
    """Yield the lines of a run's error file by row, read in pages; or those of its warnings file only."""
    place = {"tenant_id": tenant_id, "run_id": run_id, "severities": severities, "number": -1, "position": -1}
    while True:
        rows = connection.execute(_ERRORS, place).all()
        for row in rows:
            yield RowError(row.number, row.column, row.code, row.reason, row.record_id, row.severity)
        if len(rows) < _PAGE:
            return
        place |= {"number": rows[-1].number, "position": rows[-1].position}


def count(connection: Connection, tenant_id: int, run_id: int, severity: str | None = None) -> int:
    """Return how many lines the error file of a run has; those of one severity, if it is named."""
    where = [row_error.c.tenant_id == tenant_id, row_error.c.run_id == run_id]
    if severity is not None:
        where.append(row_error.c.severity == severity)
    return int(connection.scalar(select(func.count()).select_from(row_error).where(*where)) or 0)


def failed_records(connection: Connection, tenant_id: int, run_id: int) -> list[str]:
    """Return the ids of the records that a run could not take, each once."""
    query = (
        select(row_error.c.record_id)
        .where(
            row_error.c.tenant_id == tenant_id,
            row_error.c.run_id == run_id,
            row_error.c.severity == "error",
            row_error.c.record_id != "",
        )
        .distinct()
        .order_by(row_error.c.record_id)
    )
    return list(connection.scalars(query))


def warn(connection: Connection, lease: Lease, code: str, reason: str) -> None:
    """Add a warning about the run as a whole, in row 0; the same one only once."""
    where = (
        row_error.c.tenant_id == lease.tenant_id,
        row_error.c.run_id == lease.run_id,
        row_error.c.number == 0,
    )
    known = connection.execute(select(row_error.c.code, row_error.c.reason).where(*where)).all()
    if (code, reason) in [(row.code, row.reason) for row in known]:
        return
    line = {
        "tenant_id": lease.tenant_id,
        "run_id": lease.run_id,
        "number": 0,
        "position": len(known),
        "column": "",
        "code": code,
        "reason": reason,
        "record_id": "",
        "severity": "warning",
    }
    connection.execute(insert(row_error), line)


def append(connection: Connection, lease: Lease, code: str, lines: Sequence[Line]) -> None:
    """Add a warning to each of these rows, behind what is there; none to a row that has one of this code already."""
    c = row_error.c
    mine = (c.tenant_id == lease.tenant_id, c.run_id == lease.run_id)
    some = c.number.in_([line.number for line in lines])
    known = connection.execute(select(c.number, c.position, c.code).where(*mine, some)).all()
    said = {row.number for row in known if row.code == code}
    behind = {row.number: row.position + 1 for row in sorted(known, key=lambda row: row.position)}
    rows = [
        {
            "tenant_id": lease.tenant_id,
            "run_id": lease.run_id,
            "number": line.number,
            "position": behind.get(line.number, 0),
            "column": line.column,
            "code": code,
            "reason": line.reason,
            "record_id": line.record_id,
            "severity": "warning",
        }
        for line in lines
        if line.number not in said
    ]
    if rows:
        connection.execute(insert(row_error), rows)
