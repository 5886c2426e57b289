"""``/employees``: the people of the directory: found, shown, and explained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import fields
from sqlalchemy import Connection

from app import directory
from app.database import reading
from app.directory import listing
from app.directory.documents import forms_of, loaded
from app.directory.schemas import user_type
from app.directory.scopes import Scope
from app.directory.shelves import shelf_of
from app.directory.values import work_email
from app.errors import NotFoundError
from app.provisioning import explain, origins, targets
from app.web.api.access import principal, tenant_id
from app.web.api.blueprint import blueprint
from app.web.api.fields import UUID, Body, QueryFlag, QueryNumber, Shown, instant, text
from app.web.api.paging import page_of
from scim.cursors import CursorPage, Position
from scim.filter_tree import Filter
from scim.filters import parse_filter
from scim.resources import ENTERPRISE

SUBJECT = "employees"
_AT = "/employees/<employee:employee_id>"
#: What a search looks at: beginnings of names and addresses, whole numbers and ids. An index knows each of these …
_KNOWN = (
    *("userName sw {q}", "displayName sw {q}", "emails.value sw {q}"),
    *(f"{ENTERPRISE}:employeeNumber eq {{q}}", "id eq {q}"),
)
#: … and none knows these, for which everybody is looked through: in large directories they are left out.
_LOOKED_THROUGH = ("name.familyName sw {q}", "name.givenName sw {q}")


class EmployeesQuery(Body):
    """Who is listed."""

    q = text(
        r"^[^\x00-\x1f\x7f]+$",
        200,
        1,
        metadata={"description": "How a name or an e-mail begins; a whole employee number or id."},
    )
    active = QueryFlag(metadata={"description": "Only the active, or only the inactive."})
    limit = QueryNumber(1, 200, load_default=50, metadata={"description": "How many at most."})
    after = text(UUID, None, metadata={"description": "Only those behind this id."})


class EmployeeLine(Shown):
    """An employee in a line."""

    id = fields.String(required=True)
    user_name = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    work_email = fields.String(required=True, allow_none=True)
    employee_number = fields.String(required=True, allow_none=True)
    active = fields.Boolean(required=True)
    created_at = instant(required=True)
    last_modified = instant(required=True)


class EmployeeList(Shown):
    """A page of employees, and how many there are in all."""

    total = fields.Integer(required=True)
    employees = fields.List(fields.Nested(EmployeeLine), required=True)
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "The address of the next page."}
    )


class EmployeeShown(Shown):
    """An employee: the SCIM document without what must be asked for by name (birth date, gender …)."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    active = fields.Boolean(required=True)
    created_at = instant(required=True)
    last_modified = instant(required=True)
    document = fields.Dict(keys=fields.String(), required=True)


class Explanation(Shown):
    """Who set each value, and what became of it at every target."""

    id = fields.String(required=True)
    origins = fields.Dict(keys=fields.String(), required=True)
    targets = fields.List(fields.Dict(keys=fields.String()), required=True)


@blueprint.reads("/employees", SUBJECT)
@blueprint.arguments(EmployeesQuery, location="query")
@blueprint.response(200, EmployeeList)
def list_employees(query: dict[str, Any]) -> dict[str, Any]:
    """List employees in the order in which they were added; ``q`` searches."""
    scope = Scope(tenant_id(), principal().client_id, "")
    position = Position(None, query["after"]) if "after" in query else None
    # One more than is shown tells whether there is another page.
    asked = CursorPage(query["limit"] + 1, position)
    with reading() as connection:
        shelf = shelf_of(user_type(tenant_id(), connection))
        tree = _filter(connection, query)
        total, found = listing.cursor_page(connection, scope, shelf, tree, None, asked, look_through=None)
    rows, following = page_of([each.row for each in found], query, "after", lambda row: row.id)
    return {"total": total, "employees": [_line(row) for row in rows], "next": following}


@blueprint.reads(_AT, SUBJECT)
@blueprint.response(200, EmployeeShown)
def show_employee(employee_id: str) -> dict[str, Any]:
    """Show an employee; what is sensitive is left out."""
    with reading() as connection:
        found = _named(connection, employee_id)
    shown, _ = forms_of(found.resource_type).split(found.document)
    names = ("id", "version", "active", "created_at", "last_modified")
    return {name: getattr(found, name) for name in names} | {"document": shown}


@blueprint.reads(f"{_AT}/explain", SUBJECT)
@blueprint.response(200, Explanation)
def explain_employee(employee_id: str) -> dict[str, Any]:
    """Tell who set each value of an employee, and what became of it at every target."""
    with reading() as connection:
        found = _named(connection, employee_id)
        return {
            "id": found.id,
            "origins": origins.to_json(origins.of(connection, tenant_id(), found.id)),
            "targets": [
                explain.link_report(connection, target, found.id)
                for target in targets.listed(connection, tenant_id())
            ],
        }


def _named(connection: Connection, employee_id: str) -> directory.Resource:
    found = directory.get(connection, tenant_id(), employee_id)
    if found is None:
        raise NotFoundError(f"There is no employee {employee_id} in this tenant.")
    return found


def _filter(connection: Connection, query: Mapping[str, Any]) -> Filter | None:
    """Return the SCIM filter of a search, None for everybody."""
    terms = []
    if "q" in query:
        is_small = directory.total(connection, tenant_id()) <= listing.LOOK_THROUGH
        looked_at = (*_KNOWN, *(_LOOKED_THROUGH if is_small else ()))
        words = json.dumps(query["q"], ensure_ascii=False)
        terms.append("(" + " or ".join(term.replace("{q}", words) for term in looked_at) + ")")
    if "active" in query:
        terms.append(f"active eq {str(query['active']).lower()}")
    return parse_filter(" and ".join(terms), user_type(tenant_id(), connection)) if terms else None


def _line(row: Any) -> dict[str, Any]:
    document = loaded(row.wire)
    name = document.get("name", {})
    full = " ".join(part for part in (name.get("givenName"), name.get("familyName")) if part)
    return {
        "id": row.id,
        "user_name": document["userName"],
        "name": document.get("displayName") or name.get("formatted") or full or None,
        "work_email": work_email(document),
        "employee_number": document.get(ENTERPRISE, {}).get("employeeNumber"),
        "active": document.get("active") is not False,
        "created_at": row.created_at,
        "last_modified": row.last_modified,
    }
