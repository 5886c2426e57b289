"""The list of people: words and filters in the address, facets beside it, saved views, all of it as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import Response, flash, redirect, render_template, request, stream_with_context, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from app import directory
from app.access.roles import VIEWER
from app.database import reading, writing
from app.directory import finding
from app.errors import NotFoundError, WrongUse
from app.sources.error_file import neutral
from app.web.console.blueprint import blueprint
from app.web.console.people import facets, views
from app.web.console.people import reading as lists
from app.web.console.people.asked import LONGEST, ORDERS, Asked
from app.web.console.people.facets import Names
from app.web.console.people.reading import Line
from app.web.console.sessions import current_admin
from app.web.console.wording import LINK_STATES, known

_COLUMNS = (
    *("Name", "User name", "Work e-mail", "Employee number", "State", "Department", "First day", "Last day"),
    *("Last change", "Id"),
)
_BATCH = 500


@blueprint.shows("/people")
def people() -> str:
    """Show the list that the address asks for."""
    admin, asked = current_admin(), Asked.of(request.args)
    with reading() as connection:
        named = facets.names(connection, admin.tenant_id)
        who = lists.wanted(connection, admin.tenant_id, asked)
        counts = finding.counted(connection, admin.tenant_id, who)
        who = lists.narrowed(connection, admin.tenant_id, who, counts.total)
        return render_template(
            "console/people/list.html",
            asked=asked,
            page=lists.page(connection, admin.tenant_id, asked, who),
            counts=counts,
            facets=facets.facets(connection, admin.tenant_id, asked, who, counts, named),
            chosen=facets.chosen(asked, named),
            named=named,
            views=views.listed(connection, admin),
            orders=ORDERS,
            longest=LONGEST,
            everybody=directory.total(connection, admin.tenant_id),
        )


@blueprint.shows("/people.csv")
def people_file() -> AnyResponse:
    """Give the whole list that the address asks for as a CSV file, by name."""
    tenant_id, asked = current_admin().tenant_id, Asked.of(request.args)
    response = Response(stream_with_context(_file(tenant_id, asked)), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="people.csv"'
    return response


def _file(tenant_id: int, asked: Asked) -> Iterator[str]:
    with reading() as connection:
        named = facets.names(connection, tenant_id)
        yield "\ufeff" + _rows([[*_COLUMNS, *(f"At {name}" for name in named.targets.values())]])
        who = lists.wanted(connection, tenant_id, asked)
        for ids in finding.every(connection, tenant_id, who, _BATCH):
            yield _rows(_cells(line, named) for line in lists.lines(connection, tenant_id, ids))


def _cells(line: Line, named: Names) -> list[str]:
    state = "active" if line.active else "inactive"
    person = (line.name, line.user_name, line.work_email, line.employee_number, state, line.department)
    dates = (line.starts_on, line.ends_on, line.last_modified, line.id)
    there = (known(LINK_STATES, line.links[id_]).label if id_ in line.links else "" for id_ in named.targets)
    return [cell or "" for cell in (*person, *dates, *there)]


def _rows(rows: Iterator[list[str]] | list[list[str]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    return file.getvalue()


# --- saved views --------------------------------------------------------------------------------------------------


@blueprint.does("/people/views", VIEWER)
def save_view() -> AnyResponse:
    """Keep the list under a name."""
    query = request.form.get("query", "")
    try:
        with writing() as connection:
            name = views.save(connection, current_admin(), request.form.get("name", ""), query)
        flash(f"The view “{name}” is saved.", "success")
    except WrongUse as refusal:
        flash(str(refusal), "danger")
    return redirect(views.asked_by(query).url(), 303)


@blueprint.does("/people/views/<number:view_id>/rename", VIEWER)
def rename_view(view_id: int) -> AnyResponse:
    """Give a saved view another name."""
    try:
        with writing() as connection:
            name = views.rename(connection, current_admin(), view_id, request.form.get("name", ""))
        flash(f"The view is called “{name}” now.", "success")
    except NotFoundError as missing:
        raise NotFound from missing
    except WrongUse as refusal:
        flash(str(refusal), "danger")
    return redirect(url_for("console.people"), 303)


@blueprint.does("/people/views/<number:view_id>/delete", VIEWER)
def delete_view(view_id: int) -> AnyResponse:
    """Delete a saved view."""
    try:
        with writing() as connection:
            views.remove(connection, current_admin(), view_id)
    except NotFoundError as missing:
        raise NotFound from missing
    flash("The view is deleted.", "success")
    return redirect(url_for("console.people"), 303)
