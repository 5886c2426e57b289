"""Look-alikes: records that may be somebody who is known already, side by side, and what a person says about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, request, url_for
from sqlalchemy import Connection, func, select
from werkzeug.wrappers import Response

from app import directory
from app.access.roles import HR
from app.database import reading, writing
from app.errors import RollcallError
from app.sources import catalog, suggestions
from app.sources.tables import import_run, match_suggestion, row_error, source, source_record
from app.web.console.blueprint import blueprint
from app.web.console.naming import name_of
from app.web.console.sessions import current_admin, own_path

#: Pairs on the page; when they are decided, the next ones stand there.
SHOWN = 25
#: In so many of a source's last runs it is looked which was the last to meet a record.
LOOKED_AT = 5
#: Facts of a person → what they are called on the page, in its order.
LABELS = {
    "work_email": "Work e-mail",
    "employee_number": "Employee number",
    "title": "Job title",
    "department": "Department",
    "start_date": "Start date",
    "state": "State",
}
_m = match_suggestion.c


@dataclass(frozen=True, slots=True)
class Pair:
    """A record and the employee whom it may be.

    ``alike`` are labels and values of both, ``said`` of the record and ``facts`` of the employee.
    """

    source_id: int
    source_name: str
    record_id: str
    at: str
    run_id: int | None
    employee_id: str
    name: str
    alike: tuple[tuple[str, str], ...]
    said: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    known_from: tuple[str, ...]


def waiting(connection: Connection, tenant_id: int) -> list[Pair]:
    """Return the pairs that wait for somebody, the oldest first."""
    query = (
        select(_m.source_id, _m.record_id, _m.employee_id, _m.facts, _m.at, source.c.name)
        .join(source, (source.c.tenant_id == _m.tenant_id) & (source.c.id == _m.source_id))
        .where(_m.tenant_id == tenant_id, suggestions.is_waiting())
        .order_by(_m.at, _m.source_id, _m.record_id)
        .limit(SHOWN)
    )
    rows = connection.execute(query).all()
    people = directory.get_many(connection, tenant_id, [row.employee_id for row in rows])
    seen = _last_runs(connection, tenant_id, rows)
    return [
        _pair(connection, tenant_id, row, people[row.employee_id].document, seen)
        for row in rows
        if row.employee_id in people
    ]


def _pair(
    connection: Connection,
    tenant_id: int,
    row: Any,
    document: dict[str, Any],
    seen: Mapping[tuple[int, str], int],
) -> Pair:
    return Pair(
        row.source_id,
        row.name,
        row.record_id,
        row.at,
        seen.get((row.source_id, row.record_id)),
        row.employee_id,
        name_of(document),
        tuple(_alike(document)),
        tuple(_labelled(row.facts or {})),
        tuple(_labelled(suggestions.facts_of(document))),
        _known_from(connection, tenant_id, row.employee_id),
    )


def _alike(document: dict[str, Any]) -> list[tuple[str, str]]:
    """What the record has as the employee has it: it is why the two were put side by side."""
    addresses = [e["value"] for e in document.get("emails", ()) if e.get("type") != "work" and e.get("value")]
    return [("Name", name_of(document)), ("Personal e-mail", " or ".join(addresses))]


def _labelled(facts: Mapping[str, str]) -> list[tuple[str, str]]:
    shown = {**facts, "state": facts.get("state", "").capitalize()}
    return [(label, shown[name]) for name, label in LABELS.items() if shown.get(name)]


def _known_from(connection: Connection, tenant_id: int, employee_id: str) -> tuple[str, ...]:
    """Names of the sources that know the employee, with the record there."""
    joined = (source.c.tenant_id == source_record.c.tenant_id) & (source.c.id == source_record.c.source_id)
    query = (
        select(source.c.name, source_record.c.record_id)
        .join(source, joined)
        .where(source_record.c.tenant_id == tenant_id, source_record.c.employee_id == employee_id)
        .order_by(source.c.name)
    )
    return tuple(f"{row.name} (record {row.record_id})" for row in connection.execute(query))


def _last_runs(connection: Connection, tenant_id: int, rows: Sequence[Any]) -> dict[tuple[int, str], int]:
    """Source and record → the newest run of that source that left the record for somebody to decide."""
    records: dict[int, list[str]] = {}
    for row in rows:
        records.setdefault(row.source_id, []).append(row.record_id)
    found = {}
    for source_id, ids in records.items():
        for record_id, run_id in connection.execute(_of_last_runs(connection, tenant_id, source_id, ids)):
            found[source_id, record_id] = run_id
    return found


def _of_last_runs(connection: Connection, tenant_id: int, source_id: int, record_ids: list[str]) -> Any:
    of_source = (import_run.c.tenant_id == tenant_id, import_run.c.source_id == source_id)
    newest = select(import_run.c.id).where(*of_source).order_by(import_run.c.id.desc()).limit(LOOKED_AT)
    return (
        select(row_error.c.record_id, func.max(row_error.c.run_id))
        .where(
            row_error.c.tenant_id == tenant_id,
            row_error.c.run_id.in_(connection.scalars(newest).all()),
            row_error.c.code == "confirm_match",
            row_error.c.record_id.in_(record_ids),
        )
        .group_by(row_error.c.record_id)
    )


@blueprint.does("/approvals/look-alikes", HR)
def decide_look_alike() -> Response:
    """Store what somebody says about a record: the same person, or another one. Its next import goes by it."""
    admin, form = current_admin(), request.form
    answer, record_id, source_id = form.get("answer"), form.get("record", ""), form.get("source", "")
    if answer not in ("same", "other") or not source_id.isascii() or not source_id.isdigit():
        abort(400)
    with reading() as connection:
        known = catalog.with_id(connection, admin.tenant_id, int(source_id[:9]))
        found = suggestions.of_records(connection, admin.tenant_id, int(source_id[:9]), [record_id])
    if known is None or record_id not in found:
        abort(404)
    said = found[record_id]
    if said.state != "waiting":
        words = {"same": "the same person", "other": "another person"}[said.state]
        flash(f"{_who(said.decided_by)} has already decided about record {record_id}: {words}.", "warning")
        return _back()
    try:
        with writing() as connection:
            by = f"admin:{admin.email}"
            suggestions.confirm(connection, known, record_id, is_same=answer == "same", by=by)
    except RollcallError as error:
        flash(str(error), "danger")
        return _back()
    outcome = "is the same person" if answer == "same" else "is another person and will be added"
    flash(f"Record {record_id} {outcome}. It counts with the next import of {known.name}.", "success")
    return _back()


def _who(actor: str | None) -> str:
    return (actor or "somebody").removeprefix("admin:")


def _back() -> Response:
    return redirect(
        own_path(request.form.get("next"), url_for("console.approvals", _anchor="look-alikes")), 303
    )
