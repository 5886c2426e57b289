"""The audit as a CSV file: what the filters ask for, written as it is read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import Response, request, stream_with_context
from sqlalchemy import Connection

from app import clock
from app.access.tables import AuditRow
from app.database import reading
from app.sources.error_file import neutral
from app.web.console.auditing.asked import Asked
from app.web.console.auditing.reading import Line, deeds, dressed
from app.web.console.blueprint import blueprint
from app.web.console.sessions import current_admin

HEADER = ("at", "who", "actor", "deed", "code", "about", "subject", "values", "seal")
#: Rows that are read at once.
CHUNK = 500
_audit = AuditRow.__table__


@blueprint.shows("/audit/audit.csv")
def audit_download() -> Response:
    """Send the deeds that the address asks for as CSV, newest first."""
    admin, asked = current_admin(), Asked.of(request.args)
    name = f"audit-{admin.tenant_slug}-{clock.now()[:10]}.csv"
    return Response(
        stream_with_context(_lines(admin.tenant_id, asked)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _lines(tenant_id: int, asked: Asked) -> Iterator[str]:
    yield _written([HEADER])
    before: str | None = None
    while True:
        with reading() as connection:
            found = _chunk(connection, tenant_id, asked, before)
        if found:
            yield _written([_cells(line) for line in found])
        if len(found) < CHUNK:
            return
        before = found[-1].id


def _chunk(connection: Connection, tenant_id: int, asked: Asked, before: str | None) -> list[Line]:
    query = deeds(connection, tenant_id, asked)
    if before is not None:
        query = query.where(_audit.c.id < before)
    rows = connection.execute(query.order_by(_audit.c.id.desc()).limit(CHUNK)).all()
    return dressed(connection, tenant_id, rows)


def _cells(line: Line) -> tuple[str, ...]:
    values = "" if line.values is None else "; ".join(f"{c.name}: {c.after or ''}" for c in line.changes)
    seal = "" if line.seal_number is None else str(line.seal_number)
    cells = (line.who, line.actor, line.deed, line.action, line.about.label, line.subject, values, seal)
    return (line.at, *map(neutral, cells))


def _written(rows: list[tuple[str, ...]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerows(rows)
    return file.getvalue()
