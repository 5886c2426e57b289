"""Shelves: where the resources of one type are kept, as the one write path and the reads see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam

from app.directory.documents import Forms, dumped, forms_of, index_key, wire_text
from app.directory.tables import EmployeeRow, ResourceRow
from app.directory.values import Document
from scim.resources import ENTERPRISE, GROUP, USER
from scim.schema import ResourceType


def _key(path: str, text: Any) -> str | None:
    return index_key(path, text) if isinstance(text, str) else None


def _employee_keys(document: Document) -> dict[str, Any]:
    return {
        "active": bool(document.get("active", True)),
        "user_name_key": index_key("userName", document["userName"]),
        "display_name_key": _key("displayName", document.get("displayName")),
        "employee_number_key": _key("employeeNumber", document.get(ENTERPRISE, {}).get("employeeNumber")),
    }


def _resource_keys(document: Document) -> dict[str, Any]:
    return {"display_name_key": _key("displayName", document.get("displayName"))}


@dataclass(frozen=True, eq=False)
class Shelf:
    """Where the resources of one type are kept. Use :func:`shelf_of`."""

    resource_type: ResourceType
    table: Table
    forms: Forms
    #: What searched columns hold besides the texts, from a document.
    keys: Callable[[Document], dict[str, Any]]
    #: Value paths with an indexed column of their own, which is written only when they may differ.
    keyed_paths: frozenset[str]

    @property
    def name(self) -> str:
        """Return the name of the resource type."""
        return self.resource_type.name

    @property
    def is_people(self) -> bool:
        """True for the shelf of employees."""
        return self.table is EmployeeRow.__table__

    @property
    def is_groups(self) -> bool:
        """True for the shelf of groups, which have members."""
        return self.resource_type.schema.id == GROUP

    def content(self, document: Document, *, is_sqlite: bool) -> dict[str, Any]:
        """Return the columns that follow from a document alone."""
        shown, asked = self.forms.split(document)
        compared = self.forms.compared(document)
        return {
            **self.keys(document),
            "wire": wire_text(shown),
            "on_request": dumped(asked) if asked else None,
            "compared": dumped(compared) if is_sqlite else compared,
        }

    def mine(self) -> list[ColumnElement[bool]]:
        """Return the conditions on the table that hold for this tenant's resources of this type."""
        conditions = [self.table.c.tenant_id == bindparam("tenant_id")]
        if not self.is_people:
            conditions.append(self.table.c.type == self.name)
        return conditions


@lru_cache(maxsize=256)
def shelf_of(resource_type: ResourceType) -> Shelf:
    """Return the shelf of a resource type, the same one every time."""
    forms = forms_of(resource_type)
    if resource_type.schema.id == USER:
        paths = frozenset({"userName", "displayName", f"{ENTERPRISE}:employeeNumber"})
        return Shelf(resource_type, EmployeeRow.__table__, forms, _employee_keys, paths)
    return Shelf(resource_type, ResourceRow.__table__, forms, _resource_keys, frozenset({"displayName"}))
