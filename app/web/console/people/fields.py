"""The fields of a person with why each value is there: who wrote it, when, by which rule, and what stood before."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for
from sqlalchemy import Connection, select

from app import directory
from app.database import reading
from app.directory import sealing
from app.directory.documents import forms_of
from app.provisioning import origins
from app.provisioning.origins import Origin
from app.sources.explaining import Told, told_of
from app.sources.precedence import fields_by_path
from app.sources.tables import SourceRow
from app.web.console.blueprint import blueprint
from app.web.console.field_words import field_words
from app.web.console.people.someone import employee, someone, tabs
from app.web.console.sessions import current_admin
from scim.resources import ENTERPRISE

#: Title of a group → how the paths of its fields begin, extensions without their URN. The first that fits counts.
_GROUPS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("Name", ("name.", "displayName", "nickName", "userName")),
    ("Contact", ("emails", "phoneNumbers", "addresses", "ims", "profileUrl", "photos")),
    (
        "Work",
        ("title", "department", "manager", "division", "organization", "costCenter", "employeeNumber", "location",
         "position", "userType"),
    ),
    ("Employment", ("active", "startDate", "terminationDate", "employment", "fte", "onboarding", "application")),
    ("Confidential", ("dateOfBirth", "gender", "nationalId", "salary")),
)  # fmt: skip
_OTHER = "More"
_MANAGER = f"{ENTERPRISE}:manager.value"
#: Previous values that are shown of one field.
PREVIOUS = 10
_URN = re.compile(r"urn:.*:")
#: What an entry of a list says of itself beside its value: its place in the document, and no news to HR.
_OF_ENTRIES = re.compile(r".*\]\.(?:type|primary)")


@dataclass(frozen=True, slots=True)
class Before:
    """A value that stood before, until when, and who changed it in which run; ``text`` None: it is not told."""

    text: str | None
    until: str
    by: str
    run: int | None


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its words, its value, and why it is there. ``text`` None: the value is masked, or there is none."""

    path: str
    words: str
    text: str | None
    address: str
    is_masked: bool
    origin: Origin | None
    source_id: int | None
    told: Told | None
    previous: Sequence[Before]
    may_be_pinned: bool


@blueprint.shows("/people/<employee:employee_id>/fields")
def person_fields(employee_id: str) -> str:
    """Show every value of a person, and why it is there; confidential ones are masked."""
    return fields_page(employee_id)


def fields_page(employee_id: str, revealed: Mapping[str, Any] | None = None) -> str:
    """Return the page; ``revealed``: path → value of what is shown this once."""
    with reading() as connection:
        found = employee(connection, employee_id)
        groups = grouped(fields_of(connection, found))
        who = someone(connection, found)
    return render_template(
        "console/people/fields.html",
        who=who,
        groups=groups,
        revealed={path: shown(value) for path, value in (revealed or {}).items()},
        tabs=tabs(employee_id, "console.person_fields"),
    )


def fields_of(connection: Connection, found: directory.Resource) -> list[Field]:
    """Return every field of an employee that has a value, or of which something is to be told."""
    tenant_id = current_admin().tenant_id
    values, forms = directory.flatten(found.document), forms_of(found.resource_type)
    told = told_of(
        connection, tenant_id, found.id, found.document, directory.owners(connection, tenant_id, found.id)
    )
    made = origins.of(connection, tenant_id, found.id)
    sealed = sealing.sealed_paths(connection, tenant_id, found.id)
    past = _past(connection, tenant_id, found.id)
    sources = _numbers_of_sources(connection, tenant_id)
    texts, addresses = _manager(connection, found)
    fields = []
    for path in sorted(filter(is_shown, {*values, *told, *sealed})):
        is_masked, origin = path in sealed or forms.is_concealed(path), made.get(path)
        fields.append(
            Field(
                path=path,
                words=field_words(path),
                text=None if is_masked or path not in values else texts.get(path, shown(values[path])),
                address=addresses.get(path, ""),
                is_masked=is_masked and (path in values or path in sealed),
                origin=origin,
                source_id=sources.get(origin.owner) if origin else None,
                told=told.get(path),
                previous=past.get(path, ())[:PREVIOUS],
                may_be_pinned=path in fields_by_path(),
            )
        )
    return fields


def _manager(connection: Connection, found: directory.Resource) -> tuple[dict[str, str], dict[str, str]]:
    """Return path → name and path → address of the manager, who is named by an id."""
    manager = someone(connection, found).manager
    if manager is None or not manager[0]:
        return {}, {}
    return {_MANAGER: manager[1]}, {_MANAGER: url_for("console.person", employee_id=manager[0])}


def _past(connection: Connection, tenant_id: int, employee_id: str) -> dict[str, list[Before]]:
    """Return path → the values that stood before, the latest first."""
    found: dict[str, list[Before]] = {}
    for revision in directory.revisions(connection, tenant_id, employee_id):
        for path, (before, _) in revision["changes"].items():
            if before is None:
                continue
            is_told = not (isinstance(before, dict) and set(before) == {"changed"})
            by = origins.writer_named(connection, tenant_id, revision["actor"])
            text = shown(before) if is_told else None
            found.setdefault(path, []).append(Before(text, revision["at"], by, revision["run"]))
    return found


def _numbers_of_sources(connection: Connection, tenant_id: int) -> dict[str, int]:
    """Return the owner that a source is → its number."""
    table = SourceRow.__table__.c
    query = select(table.id, table.name).where(table.tenant_id == tenant_id)
    return {f"source:{row.name}": row.id for row in connection.execute(query)}


def grouped(fields: Iterable[Field]) -> list[tuple[str, list[Field]]]:
    """Return (title, fields) of the groups that have any."""
    found: dict[str, list[Field]] = {title: [] for title in (*dict(_GROUPS), _OTHER)}
    for field in fields:
        found[_group_of(field.path)].append(field)
    return [(title, some) for title, some in found.items() if some]


def _group_of(path: str) -> str:
    name = _URN.sub("", path)
    return next((title for title, beginnings in _GROUPS if name.startswith(beginnings)), _OTHER)


def is_shown(path: str) -> bool:
    """True for the value paths that people are shown.

    >>> is_shown("emails[work].value"), is_shown("emails[work].type")
    (True, False)
    """
    return _OF_ENTRIES.fullmatch(path) is None


def shown(value: Any) -> str:
    """Return a value as people read it.

    >>> shown(True), shown(["a", "b"]), shown({"amount": "5000", "currency": "EUR"})
    ('yes', 'a, b', 'amount: 5000, currency: EUR')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {shown(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(shown(part) for part in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
