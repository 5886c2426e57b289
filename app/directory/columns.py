"""Which paths of a resource type are answered by a column of its row instead of by the ``compared`` document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, String, and_, cast, func, literal, select

from app.directory.json_sql import JsonSql
from app.directory.scopes import Scope
from app.directory.shelves import Shelf
from app.directory.tables import ExternalId
from scim.attributes import Attribute
from scim.keys import comparison_key
from scim.notation import Names
from scim.resources import ENTERPRISE

_external = ExternalId.__table__

EXTERNAL_ID: Names = (None, "externalId", None)
_DISPLAY_NAME: Names = (None, "displayName", None)
_MANAGER = (ENTERPRISE, "manager")
_NAMES: Mapping[Names, str] = {
    (None, "id", None): "id",
    (None, "meta", "created"): "created_at",
    (None, "meta", "lastModified"): "last_modified",
}
_NAMES_OF_PEOPLE: Mapping[Names, str] = {
    (None, "userName", None): "user_name_key",
    _DISPLAY_NAME: "display_name_key",
    (None, "active", None): "active",
    (ENTERPRISE, "employeeNumber", None): "employee_number_key",
}


def stored_column(shelf: Shelf, path: Names) -> Column[Any] | None:
    """Return the column that holds the comparison key under a path, None when there is none of its own."""
    name = _NAMES.get(path)
    if name is None and shelf.is_people:
        name = _NAMES_OF_PEOPLE.get(path)
    elif path == _DISPLAY_NAME and _is_folded_text(shelf.resource_type.attributes["displayname"]):
        name = "display_name_key"
    return None if name is None else shelf.table.c[name]


def _is_folded_text(attribute: Attribute) -> bool:
    """True when a column of comparison keys compares as the attribute does, which loaded schemas are free to say."""
    return attribute.type == "string" and not attribute.multi_valued and not attribute.case_exact


def column_of(shelf: Shelf, scope: Scope, json: JsonSql, path: Names) -> ColumnElement[Any] | None:
    """Return what holds or tells the comparison key under a path without the document, else None."""
    table = shelf.table
    stored = stored_column(shelf, path)
    if stored is not None:
        return stored
    if path == EXTERNAL_ID:
        return _external_id(shelf, scope)
    if path == (*_MANAGER, "$ref") and shelf.is_people:
        return _reference_to_manager(table.c.compared, scope, json)
    told: Mapping[Names, Any] = {
        (None, "meta", None): literal("present", String),
        (None, "meta", "resourceType"): literal(shelf.name, String),
        (None, "meta", "version"): literal('W/"', String)
        + cast(table.c.version, String)
        + literal('"', String),
        # Not case-exact (RFC 7643 §3.1 says nothing, §2.2 gives the default); ids are lower-case already.
        (None, "meta", "location"): literal(
            comparison_key(f"{scope.base_url}{shelf.resource_type.endpoint}/"), String
        )
        + table.c.id,
    }
    return told.get(path)


def _external_id(shelf: Shelf, scope: Scope) -> ColumnElement[Any]:
    mine = and_(
        _external.c.tenant_id == shelf.table.c.tenant_id,
        _external.c.resource_id == shelf.table.c.id,
        _external.c.client_id == scope.client_id,
    )
    return select(_external.c.value).where(mine).correlate(shelf.table).scalar_subquery()


def _reference_to_manager(compared: Any, scope: Scope, json: JsonSql) -> ColumnElement[Any]:
    """The address as sent, else the one that ``documents.wire_text`` fills in."""
    sent = json.value(compared, [*_MANAGER, "$ref"], "reference")
    value = json.value(compared, [*_MANAGER, "value"], "string")
    return func.coalesce(sent, literal(f"{scope.base_url}/Users/", String) + value)
