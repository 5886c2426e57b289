"""Whose word counts: the lists of writers of each field, the strongest first."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response

from app.access import clients
from app.access.roles import ADMIN
from app.database import reading, writing
from app.errors import WrongUse
from app.sources import precedence as lists
from app.sources.tables import source
from app.web.console.blueprint import blueprint
from app.web.console.field_words import field_words
from app.web.console.sessions import current_admin


def writer_words(writer: str) -> str:
    """Return who a writer is.

    >>> writer_words("source:hr"), writer_words("client:okta")
    ('Source hr', 'Client okta')
    """
    kind, _, name = writer.partition(":")
    return f"{kind.capitalize()} {name}"


@blueprint.shows("/settings/precedence")
def settings_precedence() -> str:
    """Show the lists there are."""
    tenant_id = current_admin().tenant_id
    with reading() as connection:
        found = lists.listed(connection, tenant_id)
        writers = known_writers(connection, tenant_id)
    return render_template(
        "console/settings/precedence.html",
        lists=found,
        writers=writers,
        field_words=field_words,
        writer_words=writer_words,
    )


def known_writers(connection: Connection, tenant_id: int) -> list[str]:
    """Return who may stand in a list: sources, then clients, by name."""
    names = select(source.c.name).where(source.c.tenant_id == tenant_id).order_by(source.c.name)
    sources = [f"source:{name}" for name in connection.scalars(names)]
    return sources + [f"client:{client.name}" for client in clients.listed(connection, tenant_id)]


@blueprint.does("/settings/precedence/move", ADMIN)
def move_writer() -> Response:
    """Let one writer of a list change places with the one before or behind it."""
    admin, field, writer = current_admin(), request.form.get("field", ""), request.form.get("writer", "")
    try:
        with writing() as connection:
            order = lists.listed(connection, admin.tenant_id).get(field) or abort(404)
            if writer not in order:
                abort(404)
            known = known_writers(connection, admin.tenant_id)
            moved = _moved(order, writer, -1 if request.form.get("to") == "up" else 1)
            left, gone = [w for w in moved if w in known], [w for w in moved if w not in known]
            if left != order:
                lists.put(connection, admin.tenant_id, field, left, f"admin:{admin.email}")
    except WrongUse as error:
        flash(str(error), "danger")
        return _back()
    flash(f"{field_words(field)}: {', then '.join(map(writer_words, left))}.", "success")
    if gone:
        flash(f"{' and '.join(map(writer_words, gone))} was removed, so the list names it no more.", "info")
    return _back()


def _moved(order: Sequence[str], writer: str, by: int) -> list[str]:
    """Return an order in which a writer has changed places with a neighbour, if it has one on that side."""
    moved, place = list(order), order.index(writer)
    if 0 <= place + by < len(moved):
        moved[place], moved[place + by] = moved[place + by], moved[place]
    return moved


@blueprint.does("/settings/precedence/remove", ADMIN)
def remove_precedence() -> Response:
    """Remove the list of a field."""
    admin, field = current_admin(), request.form.get("field", "")
    try:
        with writing() as connection:
            lists.take_away(connection, admin.tenant_id, field, f"admin:{admin.email}")
    except WrongUse:
        abort(404)
    flash(f"{field_words(field)} has no order of its own any more. Its values stay as they are.", "success")
    return _back()


def _back() -> Response:
    return redirect(url_for("console.settings_precedence"), 303)
