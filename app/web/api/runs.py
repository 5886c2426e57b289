"""``/runs``: the imports that were, and the one that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import Connection

from app.database import reading, writing
from app.sources import catalog, retrying, row_errors, runs
from app.sources.runs import Run
from app.web.api.access import by, tenant_id
from app.web.api.answers import LOCATION, RUN_STATES, RunShown, run_shown, started
from app.web.api.blueprint import blueprint
from app.web.api.fields import PageQuery, QueryFlag, listed, text
from app.web.api.paging import page_of
from app.web.converters import SourceName

SUBJECT = "runs"
_AT = "/runs/<number:number>"


class RunsQuery(PageQuery):
    """Which runs are listed."""

    source = text(
        SourceName.described["pattern"], None, metadata={"description": "Only those of this source."}
    )
    state = fields.String(validate=validate.OneOf(RUN_STATES))
    dry_run = QueryFlag(metadata={"description": "Only dry runs, or only those that were none."})


class RunDetail(RunShown):
    """A run with how many lines its error file and its warnings file have."""

    errors = fields.Integer(required=True)
    warnings = fields.Integer(required=True)


@blueprint.reads("/runs", SUBJECT)
@blueprint.arguments(RunsQuery, location="query")
@blueprint.response(200, listed("runs", RunShown, is_paged=True))
def list_runs(query: dict[str, Any]) -> dict[str, Any]:
    """List runs, the newest first."""
    with reading() as connection:
        names = _names(connection)
        found, following = page_of(_found(connection, query), query, "before", lambda run: run.id)
    return {"runs": [run_shown(run, names.get(run.source_id)) for run in found], "next": following}


@blueprint.reads(_AT, SUBJECT)
@blueprint.response(200, RunDetail)
def show_run(number: int) -> dict[str, Any]:
    """Show one run."""
    with reading() as connection:
        return _detail(connection, number)


@blueprint.acts(f"{_AT}/cancel", SUBJECT)
@blueprint.response(200, RunDetail)
def cancel_run(number: int) -> dict[str, Any]:
    """Cancel a run that is under way or held; what it has applied stays."""
    with writing() as connection:
        runs.cancel(connection, tenant_id(), number, by())
        return _detail(connection, number)


@blueprint.acts(f"{_AT}/approve", SUBJECT)
@blueprint.response(200, RunDetail)
def approve_run(number: int) -> dict[str, Any]:
    """Let a held run go on; a worker takes it."""
    with writing() as connection:
        runs.approve(connection, tenant_id(), number, by())
        return _detail(connection, number)


@blueprint.acts(f"{_AT}/retry", SUBJECT)
@blueprint.response(202, RunShown, description="A worker drives the run from here on.", headers=LOCATION)
@blueprint.alt_response(
    200,
    schema=RunShown,
    description="An import was under way already; this is it.",
    headers=LOCATION,
    success=True,
)
def retry_run(number: int) -> Any:
    """Try the records again that a run could not take, only those; of a failed run without such records everything."""
    with writing() as connection:
        known, choice = retrying.what_again(connection, tenant_id(), number)
        found = runs.start(connection, known, requested_by=by(), **choice)
    return started(found, known.name)


def _found(connection: Connection, query: Mapping[str, Any]) -> list[Run]:
    """Return the runs of a page, and one more when there is another page."""
    wanted = query.get("source")
    of_source = catalog.named(connection, tenant_id(), wanted).id if wanted is not None else None
    choice = {name: query.get(name) for name in ("before", "state", "dry_run")}
    return runs.listed(connection, tenant_id(), of_source, query["limit"] + 1, **choice)


def _names(connection: Connection) -> dict[int, str]:
    return {known.id: known.name for known in catalog.listed(connection, tenant_id())}


def _detail(connection: Connection, number: int) -> dict[str, Any]:
    run = runs.get(connection, tenant_id(), number)
    lines = {
        f"{severity}s": row_errors.count(connection, tenant_id(), number, severity)
        for severity in row_errors.SEVERITIES
    }
    return run_shown(run, _names(connection).get(run.source_id)) | lines
