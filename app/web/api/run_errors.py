"""``/runs/{number}/errors`` and ``/warnings``: what a run could not take, as JSON in pages or as a whole CSV file."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import fields
from sqlalchemy import select, tuple_

from app.database import reading
from app.sources import runs
from app.sources.tables import row_error
from app.web.api.access import tenant_id
from app.web.api.blueprint import READ, blueprint
from app.web.api.fields import Body, QueryNumber, Shown, listed, text
from app.web.api.paging import page_of
from app.web.run_files import CSV, run_file

SUBJECT = "runs"
JSON = "application/json"
_AT = "/runs/<number:number>"
_PLACE = r"^[0-9]{1,9}\.[0-9]{1,9}$"
_line = row_error.c
_FILE: dict[str, Any] = {"schema": {"type": "string"}, "content_type": CSV}


class LinesQuery(Body):
    """Which lines are shown."""

    limit = QueryNumber(1, 1000, load_default=200, metadata={"description": "How many at most."})
    after = text(_PLACE, None, metadata={"description": "Only those behind this place; `next` has it."})


class Line(Shown):
    """One problem of one row."""

    row = fields.Integer(required=True, attribute="number")
    column = fields.String(required=True)
    code = fields.String(required=True, metadata={"description": "As in docs/error-codes.md."})
    reason = fields.String(required=True)
    record_id = fields.String(required=True)
    severity = fields.String(required=True)


_Lines = listed("lines", Line, is_paged=True)


@blueprint.serves("GET", f"{_AT}/errors", SUBJECT, READ, (JSON, CSV))
@blueprint.arguments(LinesQuery, location="query")
@blueprint.response(200, **_FILE)
@blueprint.response(200, _Lines)
def list_run_errors(query: dict[str, Any], number: int) -> Any:
    """List the rows that a run could not take; the whole as a CSV file with ``Accept: text/csv``."""
    return _lines(query, number, "error")


@blueprint.serves("GET", f"{_AT}/warnings", SUBJECT, READ, (JSON, CSV))
@blueprint.arguments(LinesQuery, location="query")
@blueprint.response(200, **_FILE)
@blueprint.response(200, _Lines)
def list_run_warnings(query: dict[str, Any], number: int) -> Any:
    """List what a run took with a reservation; the whole as a CSV file with ``Accept: text/csv``."""
    return _lines(query, number, "warning")


def _lines(query: dict[str, Any], number: int, severity: str) -> Any:
    if request.accept_mimetypes.best_match((JSON, CSV), JSON) == CSV:
        return _file(number, severity)
    where = [_line.tenant_id == tenant_id(), _line.run_id == number, _line.severity == severity]
    place = tuple_(_line.number, _line.position)
    if "after" in query:
        where.append(place > tuple(map(int, query["after"].split("."))))
    statement = select(row_error).where(*where).order_by(_line.number, _line.position)
    with reading() as connection:
        runs.get(connection, tenant_id(), number)
        rows = connection.execute(statement.limit(query["limit"] + 1)).all()
    shown, following = page_of(
        rows, query, "after", lambda row: f"{row.number}.{row.position}", number=number
    )
    return {"lines": shown, "next": following}


def _file(number: int, severity: str) -> Response:
    with reading() as connection:
        runs.get(connection, tenant_id(), number)
        return run_file(connection, tenant_id(), number, severity)
