"""Disconnecting and removing a source, each behind a page that lists what that means."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from app.access.roles import ADMIN
from app.database import reading
from app.exporting import write_back
from app.sources import parting
from app.sources.adapter import TakesWebhooks
from app.sources.catalog import Source
from app.sources.parting import Parted
from app.web.console.blueprint import blueprint
from app.web.console.connecting import steps, uploads
from app.web.console.runs.finding import by, refusals_told
from app.web.console.sources.finding import source_here
from app.web.console.sources.reading import numbers_of
from app.web.console.sources.tabs import tab

Answer = str | Response


@blueprint.fills_in("/sources/<number:source_id>/disconnect", ADMIN)
def disconnect_source(source_id: int) -> Answer:
    """Show what disconnecting means; forget the credentials when it is sent."""
    if request.method == "GET":
        return _asked(source_id, "disconnect.html")
    with refusals_told():
        parted = parting.disconnect(_known(source_id), by())
        name = parted.source.name
        flash(f"{name} is disconnected: its credentials are forgotten, its people stay.", "success")
        _say_what_is_left(parted)
    return redirect(url_for("console.source", source_id=source_id), 303)


@blueprint.fills_in("/sources/<number:source_id>/remove", ADMIN)
def remove_source(source_id: int) -> Answer:
    """Show what removing means; remove the source when it is sent."""
    if request.method == "GET":
        return _asked(source_id, "remove.html")
    address = url_for("console.source", source_id=source_id)
    with refusals_told():
        known = _known(source_id)
        parted = parting.remove(known, by())
        uploads.forget(known.tenant_id, known.settings.get(steps.FILE_OPTION, ""))
        flash(f"{known.name} is removed; the people that it brought stay.", "success")
        _say_what_is_left(parted)
        address = url_for("console.sources")
    return redirect(address, 303)


def _known(source_id: int) -> Source:
    with reading() as connection:
        return source_here(connection, source_id)


def _say_what_is_left(parted: Parted) -> None:
    if parted.left:
        flash(parted.left, "warning")


def _asked(source_id: int, template: str) -> str:
    with reading() as connection:
        known = source_here(connection, source_id)
        return tab(
            template,
            known,
            numbers=numbers_of(connection, known),
            stops=_stops(connection, known),
            needs_credentials=known.adapter().needs_consent,
        )


def _stops(connection: Connection, known: Source) -> list[str]:
    """Return what goes on no more without the source, in sentences."""
    said = ["Imports by its schedule and on request; one that is under way is cancelled."]
    if isinstance(known.adapter(), TakesWebhooks):
        said.append(f"Calls from {known.adapter().label} are not taken any more.")
    if write_back.target_of(connection, known) is not None:
        said.append(f"Nothing is written back to {known.adapter().label}.")
    return said
