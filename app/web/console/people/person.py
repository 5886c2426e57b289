"""A person's page: who they are, how they stand at every target, where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from sqlalchemy import Connection, select

from app import directory
from app.database import reading
from app.directory import members
from app.sources.tables import SourceRecordRow, SourceRow
from app.web.console.blueprint import blueprint
from app.web.console.people.places import places
from app.web.console.people.someone import gone, someone, tabs
from app.web.console.sessions import current_admin

_record, _source = SourceRecordRow.__table__, SourceRow.__table__


@dataclass(frozen=True, slots=True)
class Record:
    """Where a source has this person."""

    source_id: int
    source: str
    record_id: str
    last_seen_run: int
    gone_at: str | None


@blueprint.shows("/people/<employee:employee_id>")
def person(employee_id: str) -> str:
    """Show a person; somebody who was deleted has a page that says so."""
    tenant_id = current_admin().tenant_id
    with reading() as connection:
        found = directory.get(connection, tenant_id, employee_id)
        if found is None:
            return _gone(connection, tenant_id, employee_id)
        facts: dict[str, Any] = {
            "who": someone(connection, found),
            "at_targets": places(connection, tenant_id, employee_id),
            "records": records(connection, tenant_id, employee_id),
            "groups": members.belongings(connection, tenant_id, [employee_id]).get(employee_id, []),
        }
    return render_template(
        "console/people/person.html", tabs=tabs(employee_id, "console.person"), here=request.path, **facts
    )


def _gone(connection: Connection, tenant_id: int, employee_id: str) -> str:
    who = gone(connection, employee_id)
    there = [place for place in places(connection, tenant_id, employee_id) if place.remote_id]
    return render_template("console/people/gone.html", who=who, at_targets=there)


def records(connection: Connection, tenant_id: int, employee_id: str) -> Sequence[Record]:
    """Return where sources have a person, by the sources' names."""
    of_source = (_source.c.tenant_id == _record.c.tenant_id) & (_source.c.id == _record.c.source_id)
    names = ("source_id", "record_id", "last_seen_run", "gone_at")
    query = (
        select(*(_record.c[name] for name in names), _source.c.name.label("source"))
        .join(_source, of_source)
        .where(_record.c.tenant_id == tenant_id, _record.c.employee_id == employee_id)
        .order_by(_source.c.name)
    )
    return [Record(**row._mapping) for row in connection.execute(query)]
