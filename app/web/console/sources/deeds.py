"""What an admin does to a source: import, pause, resume, write back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from app.access.roles import ADMIN, HR
from app.database import writing
from app.exporting import write_back
from app.sources import life, runs
from app.sources.catalog import Source
from app.web.console.blueprint import blueprint
from app.web.console.runs.finding import by, refusals_told
from app.web.console.sessions import own_path
from app.web.console.sources.finding import source_here

#: What a form asks for → what :func:`runs.start` is told.
_MODES: dict[str, dict[str, Any]] = {
    "new": {"dry_run": False},
    "dry": {"dry_run": True},
    "full": {"dry_run": False, "is_full": True},
}
_BEGUN = {
    "new": "The import has begun.",
    "dry": "The dry run has begun. It counts what an import would do, and changes nobody.",
    "full": "The import has begun; it reads everything again.",
}


@blueprint.does("/sources/<number:source_id>/import", HR)
def import_source(source_id: int) -> Response:
    """Start an import and show it; the one that is under way when there is one."""
    mode = request.form.get("mode", "new")
    address = _page(source_id)
    with refusals_told(), writing() as connection:
        known = source_here(connection, source_id)
        found = runs.start(connection, known, requested_by=by(), **_MODES.get(mode, _MODES["new"]))
        address = url_for("console.run", run_id=found.run.id)
        if found.is_new:
            flash(_BEGUN.get(mode, _BEGUN["new"]), "success")
        else:
            flash(
                f"Run {found.run.id} of {known.name} was under way already; there is never a second.", "info"
            )
    return redirect(address, 303)


@blueprint.does("/sources/<number:source_id>/pause", ADMIN)
def pause_source(source_id: int) -> Response:
    """Stop the schedule of a source."""
    return _moved(source_id, life.pause, "{} is paused: its schedule stands still until it is resumed.")


@blueprint.does("/sources/<number:source_id>/resume", ADMIN)
def resume_source(source_id: int) -> Response:
    """Start the schedule of a source again."""
    return _moved(source_id, life.resume, "{} is active again.")


@blueprint.does("/sources/<number:source_id>/export", ADMIN)
def switch_export(source_id: int) -> Response:
    """Begin or stop to write a source's people back to it."""
    if request.form.get("on") == "yes":
        return _moved(
            source_id, write_back.switch_on, "Changes of its people are written back to {} from now on."
        )
    return _moved(
        source_id, write_back.switch_off, "Nothing is written back to {} any more; what was written stays."
    )


def _moved(source_id: int, move: Callable[[Connection, Source, str], object], said: str) -> Response:
    with refusals_told(), writing() as connection:
        known = source_here(connection, source_id, to_change=True)
        move(connection, known, by())
        flash(said.format(known.name), "success")
    return redirect(_page(source_id), 303)


def _page(source_id: int) -> str:
    return own_path(request.form.get("next"), url_for("console.source", source_id=source_id))
