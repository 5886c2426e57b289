"""What is tried again of a run: the records that it could not take, only those; all of a failed one without such."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.errors import WrongUse
from app.sources import catalog, row_errors, runs
from app.sources.catalog import Source


def what_again(connection: Connection, tenant_id: int, run_id: int) -> tuple[Source, dict[str, Any]]:
    """Return the source of a run and what :func:`runs.start` is to be told to try it again.

    :raises NotFoundError: there is no such run. :raises WrongUse: it has not ended, its source was removed, or no
        record of it failed.
    """
    run = runs.get(connection, tenant_id, run_id)
    if run.state in runs.OPEN:
        raise WrongUse(f"Run {run_id} has not ended: approve or cancel it, or wait for it.")
    known = catalog.with_id(connection, tenant_id, run.source_id)
    if known is None:
        raise WrongUse(f"The source of run {run_id} was removed; there is nothing to import again.")
    records = row_errors.failed_records(connection, tenant_id, run_id)
    if records:
        return known, {"dry_run": run.dry_run, "trigger": "retry", "scope": {"records": records}}
    if run.state != "failed":
        raise WrongUse(
            f"Run {run_id} has no record that failed; import everything with `rollcall source import`."
        )
    return known, {"dry_run": run.dry_run, "is_full": run.is_full}
