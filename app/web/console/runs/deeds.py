"""What an admin does to a run: cancel, approve, discard, try again what failed."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from app.access.roles import ADMIN, HR
from app.database import writing
from app.errors import WrongUse
from app.sources import retrying, runs
from app.web.console.blueprint import blueprint
from app.web.console.runs.finding import by, refusals_told, run_here
from app.web.console.sessions import own_path


def _page(run_id: int) -> Response:
    return redirect(own_path(request.form.get("next"), url_for("console.run", run_id=run_id)), 303)


@blueprint.does("/runs/<number:run_id>/cancel", HR)
def cancel_run(run_id: int) -> Response:
    """Stop a run that is under way; what it has applied stays."""
    with refusals_told(), writing() as connection:
        found = run_here(connection, run_id)
        if found.state == "held":
            raise WrongUse(f"Run {run_id} waits for an approval: an admin approves or discards it.")
        runs.cancel(connection, found.tenant_id, run_id, by())
        flash(f"Run {run_id} is cancelled. What it had done until then stays.", "success")
    return _page(run_id)


@blueprint.does("/runs/<number:run_id>/discard", ADMIN)
def discard_run(run_id: int) -> Response:
    """Put a held run away: it changes nobody."""
    with refusals_told(), writing() as connection:
        found = run_here(connection, run_id)
        if found.state != "held":
            raise WrongUse(f"Run {run_id} does not wait for an approval (any more); it is {found.state}.")
        runs.cancel(connection, found.tenant_id, run_id, by())
        flash(f"Run {run_id} is discarded. It has changed nobody; the next import reads anew.", "success")
    return _page(run_id)


@blueprint.does("/runs/<number:run_id>/approve", ADMIN)
def approve_run(run_id: int) -> Response:
    """Let a held run go on."""
    with refusals_told(), writing() as connection:
        found = run_here(connection, run_id)
        runs.approve(connection, found.tenant_id, run_id, by())
        flash(f"Run {run_id} is approved and goes on.", "success")
    return _page(run_id)


@blueprint.does("/runs/<number:run_id>/retry", HR)
def retry_run(run_id: int) -> Response:
    """Try the records again that a run could not take, only those; of one that failed early everything."""
    with refusals_told(), writing() as connection:
        found = run_here(connection, run_id)
        known, choice = retrying.what_again(connection, found.tenant_id, run_id)
        begun = runs.start(connection, known, requested_by=by(), **choice)
        if begun.is_new:
            flash(f"Run {begun.run.id} tries again what run {run_id} could not take.", "success")
        else:
            flash(f"Run {begun.run.id} of {known.name} is under way already; this is it.", "info")
        run_id = begun.run.id
    return redirect(url_for("console.run", run_id=run_id), 303)
