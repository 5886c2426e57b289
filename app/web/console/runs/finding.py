"""Finding a run of the admin's tenant, and telling an admin what came of a deed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import abort, flash
from sqlalchemy import Connection

from app.errors import NotFoundError, RollcallError
from app.sources import runs
from app.sources.runs import Run
from app.web.console.runs.wording import plain
from app.web.console.sessions import current_admin


def run_here(connection: Connection, run_id: int) -> Run:
    """Return a run of the admin's tenant; ends the request with 404 when there is none of this number."""
    try:
        return runs.get(connection, current_admin().tenant_id, run_id)
    except NotFoundError:
        abort(404)


def by() -> str:
    """Return the admin as audit rows name them."""
    return f"admin:{current_admin().email}"


@contextmanager
def refusals_told() -> Iterator[None]:
    """Say it on the next page when the product refuses what is done in the context."""
    try:
        yield
    except RollcallError as error:
        flash(plain(str(error)), "danger")
