"""The error file and the warnings file of a run: CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

from flask import Response

from app.database import reading
from app.web.console.blueprint import blueprint
from app.web.console.runs.finding import run_here
from app.web.run_files import run_file


@blueprint.shows("/runs/<number:run_id>/errors.csv")
def run_errors(run_id: int) -> Response:
    """Send the rows that a run could not take."""
    return _file(run_id, "error")


@blueprint.shows("/runs/<number:run_id>/warnings.csv")
def run_warnings(run_id: int) -> Response:
    """Send the rows that a run took with a reservation."""
    return _file(run_id, "warning")


def _file(run_id: int, severity: str) -> Response:
    with reading() as connection:
        found = run_here(connection, run_id)
        return run_file(connection, found.tenant_id, run_id, severity)
