"""What deeds are about, by name and with the page where it is shown."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import Connection, Table, select

from app.access.tables import Admin, Client
from app.directory.documents import loaded
from app.directory.tables import EmployeeRow
from app.provisioning.tables import TargetRow
from app.sources.tables import SourceRow
from app.web.console.field_words import field_words
from app.web.console.naming import name_of

_employee, _source, _target = EmployeeRow.__table__, SourceRow.__table__, TargetRow.__table__
_admin, _client = Admin.__table__, Client.__table__


@dataclass(frozen=True, slots=True)
class Thing:
    """What a deed is about; without an address when there is no page of it (any more)."""

    label: str
    address: str | None = None


Things = Mapping[str, Thing]
_NUMBER = re.compile("[1-9][0-9]{0,8}")
_Finder = Callable[[Connection, int, list[str]], dict[str, Thing]]


def things(connection: Connection, tenant_id: int, subjects: Iterable[str]) -> Things:
    """Return subject (``kind:name``) → what it is; for one that is unknown or gone, its name only."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for subject in set(subjects):
        kind, _, name = subject.partition(":")
        by_kind[kind].append(name)
    found: dict[str, Thing] = {}
    for kind, names in by_kind.items():
        finder = _FINDERS.get(kind)
        known = finder(connection, tenant_id, names) if finder else {}
        for name in names:
            found[f"{kind}:{name}" if name else kind] = known.get(name) or _unknown(kind, name)
    return found


def _unknown(kind: str, name: str) -> Thing:
    if kind in _PLACES:
        words, endpoint = _PLACES[kind]
        return Thing(f"{words} {name}".strip() if words else name, url_for(endpoint))
    return Thing(_GONE.get(kind) or f"{kind.capitalize()} {name}".strip())


def _employees(connection: Connection, tenant_id: int, ids: list[str]) -> dict[str, Thing]:
    query = select(_employee.c.id, _employee.c.wire).where(
        _employee.c.tenant_id == tenant_id, _employee.c.id.in_(ids)
    )
    return {
        row.id: Thing(name_of(loaded(row.wire)), url_for("console.person", employee_id=row.id))
        for row in connection.execute(query)
    }


def _named(table: Table, word: str, endpoint: str, argument: str) -> _Finder:
    def find(connection: Connection, tenant_id: int, names: list[str]) -> dict[str, Thing]:
        query = select(table.c.id, table.c.name).where(
            table.c.tenant_id == tenant_id, table.c.name.in_(names)
        )
        return {
            row.name: Thing(f"{word} {row.name}", url_for(endpoint, **{argument: row.id}))
            for row in connection.execute(query)
        }

    return find


def _numbered(word: str, endpoint: str, argument: str) -> _Finder:
    def find(_connection: Connection, _tenant_id: int, numbers: list[str]) -> dict[str, Thing]:
        found: dict[str, Thing] = {}
        for number in numbers:
            if _NUMBER.fullmatch(number):
                named: dict[str, Any] = {argument: int(number)}
                found[number] = Thing(f"{word} {number}", url_for(endpoint, **named))
        return found

    return find


def _clients(connection: Connection, tenant_id: int, numbers: list[str]) -> dict[str, Thing]:
    return {
        number: Thing(f"Client {name}", url_for("console.client", client_id=int(number)))
        for number, name in client_names(connection, tenant_id, numbers).items()
    }


def client_names(connection: Connection, tenant_id: int, numbers: Iterable[str]) -> dict[str, str]:
    """Return number (as text) → name of clients of a tenant."""
    wanted = [int(number) for number in numbers if _NUMBER.fullmatch(number)]
    query = select(_client.c.id, _client.c.name).where(
        _client.c.tenant_id == tenant_id, _client.c.id.in_(wanted)
    )
    return {str(row.id): row.name for row in connection.execute(query)} if wanted else {}


def _fields(_connection: Connection, _tenant_id: int, names: list[str]) -> dict[str, Thing]:
    return {name: Thing(field_words(name), url_for("console.settings_precedence")) for name in names}


def _admins(connection: Connection, tenant_id: int, numbers: list[str]) -> dict[str, Thing]:
    wanted = [int(number) for number in numbers if _NUMBER.fullmatch(number)]
    query = select(_admin.c.id, _admin.c.email).where(
        _admin.c.tenant_id == tenant_id, _admin.c.id.in_(wanted)
    )
    return {
        str(row.id): Thing(row.email, url_for("console.settings_people")) for row in connection.execute(query)
    }


_FINDERS: Mapping[str, _Finder] = {
    "employee": _employees,
    "source": _named(_source, "Source", "console.source", "source_id"),
    "target": _named(_target, "Target", "console.target", "target_id"),
    "run": _numbered("Import run", "console.run", "run_id"),
    "plan": _numbered("Changes", "console.plan", "plan_id"),
    "client": _clients,
    "field": _fields,
    "admin": _admins,
}
#: Kind → word before its name, and the page where it is.
_PLACES: Mapping[str, tuple[str, str]] = {
    "token": ("Token", "console.tokens"),
    "channel": ("Channel", "console.settings_notices"),
    "welcome": ("Welcome mail", "console.settings_welcome"),
    "keys": ("Keys", "console.settings_keys"),
    "schemas": ("Schemas", "console.settings"),
    "tenant": ("Organisation", "console.settings"),
    "sign_in_provider": ("Sign-in provider", "console.settings_sign_in"),
    "vendor": ("Kind of source", "console.sources"),
}
#: Kind → what is said of one whose name is gone with it, or never was one for people.
_GONE: Mapping[str, str] = {"employee": "A deleted person", "group": "A group", "admin": "A removed admin"}
