"""Revealing a masked value: HR only, after proving again who one is, written down, shown once."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound

from app import directory
from app.access import audit
from app.access.roles import HR
from app.database import writing
from app.directory import sealing
from app.directory.documents import forms_of
from app.web.console.blueprint import blueprint
from app.web.console.people.fields import fields_page
from app.web.console.people.someone import employee
from app.web.console.proving import Answer, proven
from app.web.console.sessions import current_admin


@blueprint.does("/people/<employee:employee_id>/reveal", HR)
@proven
def reveal_value(employee_id: str) -> Answer:
    """Show a masked value on this one page, once who sees it is written down; no cache keeps the page."""
    path, admin = request.form.get("path", ""), current_admin()
    with writing() as connection:
        value = _value(connection, employee(connection, employee_id), path)
        subject = f"employee:{employee_id}"
        audit.record(
            connection, admin.tenant_id, f"admin:{admin.email}", "employee.revealed", subject, {"path": path}
        )
    return fields_page(employee_id, {path: value})


def _value(connection: Connection, found: directory.Resource, path: str) -> Any:
    """Return a masked value; raises ``NotFound`` (404) when nothing masked stands there."""
    sealed = sealing.opened(connection, found.tenant_id, found.id, path)
    if sealed is not None:
        return sealed
    values = directory.flatten(found.document)
    if path not in values or not forms_of(found.resource_type).is_concealed(path):
        raise NotFound
    return values[path]
