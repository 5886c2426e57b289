"""The audit chain as it is shown: filtered, by pages, with names instead of numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, or_, select, tuple_

from app import directory
from app.access.tables import AuditRow, Client
from app.database import has_text
from app.directory.tables import Revision
from app.sources.precedence import fields_by_path
from app.web.console.auditing.asked import Asked
from app.web.console.auditing.subjects import Thing, client_names, things
from app.web.console.auditing.words import SYSTEM, actor_words, deed
from app.web.console.field_words import field_words
from app.web.console.paging import Page, page_of

_audit, _client, _revision = AuditRow.__table__, Client.__table__, Revision.__table__
_COLUMNS = tuple(
    _audit.c[name] for name in ("id", "at", "actor", "action", "subject", "values", "seal_number")
)
#: Characters of a value that are shown.
LONGEST_VALUE = 300


@dataclass(frozen=True, slots=True)
class Change:
    """One value of a deed; ``before`` is None where there was none, or where only the value itself is told."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A deed as it is shown. ``values`` is None when they were erased with a person."""

    id: str
    at: str
    actor: str
    who: str
    action: str
    deed: str
    subject: str
    about: Thing
    related: Sequence[Thing]
    values: Mapping[str, Any] | None
    changes: Sequence[Change]
    seal_number: int | None


def page_of_deeds(connection: Connection, tenant_id: int, asked: Asked) -> Page[Line]:
    """Return a page of the deeds that are asked for, newest first, with what they changed."""
    query = deeds(connection, tenant_id, asked)
    found = page_of(connection, query, (_audit.c.id,), asked.place, lambda row: row)
    lines = dressed(connection, tenant_id, found.rows)
    return Page(_with_revisions(connection, tenant_id, lines), found.older, found.newer)


def deeds(connection: Connection, tenant_id: int, asked: Asked) -> Select[Any]:
    """Return the query of the deeds that are asked for, without an order."""
    query = select(*_COLUMNS).where(_audit.c.tenant_id == tenant_id)
    if asked.who:
        query = query.where(_is_by(connection, tenant_id, asked.who))
    if asked.actions:
        query = query.where(_audit.c.action.in_(asked.actions))
    if asked.about:
        query = query.where(_is_about(connection, tenant_id, asked.about))
    if asked.starts_at:
        query = query.where(_audit.c.at >= asked.starts_at)
    if asked.ends_at:
        query = query.where(_audit.c.at < asked.ends_at)
    if asked.text:
        query = query.where(
            or_(has_text(_audit.c["values"], asked.text), has_text(_audit.c.subject, asked.text))
        )
    return query


def dressed(connection: Connection, tenant_id: int, rows: Sequence[Any]) -> list[Line]:
    """Return rows of the chain as they are shown, all their names looked up at once."""
    numbers = [row.actor.removeprefix("client:") for row in rows if row.actor.startswith("client:")]
    clients = client_names(connection, tenant_id, numbers)
    said = {row.id: None if row.values is None else json.loads(row.values) for row in rows}
    others = {row.id: _related(said[row.id] or {}) for row in rows}
    wanted = {row.subject for row in rows} | {each for found in others.values() for each in found}
    known = things(connection, tenant_id, wanted)
    return [
        Line(
            id=row.id,
            at=row.at,
            actor=row.actor,
            who=actor_words(row.actor, clients),
            action=row.action,
            deed=deed(row.action),
            subject=row.subject,
            about=_told(known[row.subject], said[row.id]),
            related=[known[each] for each in others[row.id]],
            values=said[row.id],
            changes=_changes(said[row.id] or {}),
            seal_number=row.seal_number,
        )
        for row in rows
    ]


def _told(found: Thing, values: Mapping[str, Any] | None) -> Thing:
    """Return what a deed is about; of something that is gone, the name that the deed itself has."""
    name = (values or {}).get("userName") or (values or {}).get("displayName")
    return Thing(str(name)) if name and found.address is None else found


def _related(values: Mapping[str, Any]) -> list[str]:
    """Return the runs and plans that a deed's values name."""
    return [f"{kind}:{values[kind]}" for kind in ("run", "plan") if isinstance(values.get(kind), int)]


# --- filters --------------------------------------------------------------------------------------------------------


def _is_by(connection: Connection, tenant_id: int, who: str) -> ColumnElement[bool]:
    """The condition of a name: of an admin, source or client, or one of Rollcall's own."""
    named = select(_client.c.id).where(_client.c.tenant_id == tenant_id, has_text(_client.c.name, who))
    actors = [f"client:{number}" for number in connection.scalars(named)]
    actors += [actor for actor, words in SYSTEM.items() if who.lower() in words.lower()]
    return or_(has_text(_audit.c.actor, who), _audit.c.actor.in_(actors))


def _is_about(connection: Connection, tenant_id: int, about: str) -> ColumnElement[bool]:
    """The condition of a person (by id, userName or e-mail address), or of anything else by its name."""
    people = {
        *directory.ids_by_user_name(connection, tenant_id, about),
        *directory.ids_by_any_email(connection, tenant_id, about),
    }
    if people:
        return _audit.c.subject.in_([f"employee:{employee_id}" for employee_id in sorted(people)])
    return has_text(_audit.c.subject, about)


# --- what was changed -----------------------------------------------------------------------------------------------


def _changes(values: Mapping[str, Any]) -> list[Change]:
    return [_change(name, value) for name, value in values.items() if name not in ("paths", "revision")]


def _change(name: str, value: Any) -> Change:
    return Change(name.replace("_", " "), None, shown(value))


def _with_revisions(connection: Connection, tenant_id: int, lines: Sequence[Line]) -> list[Line]:
    """Return the lines, those of changed people and groups with each value before and after."""
    wanted = {line.id: _revision_of(line) for line in lines}
    keys = sorted({key for key in wanted.values() if key})
    if not keys:
        return list(lines)
    query = select(_revision.c.resource_id, _revision.c.number, _revision.c.changes).where(
        _revision.c.tenant_id == tenant_id,
        tuple_(_revision.c.resource_id, _revision.c.number).in_(keys),
    )
    found = {(row.resource_id, row.number): json.loads(row.changes) for row in connection.execute(query)}
    return [
        replace(
            line, changes=[Change(_called(path), *map(shown, sides)) for path, sides in sorted(said.items())]
        )
        if (said := found.get(wanted[line.id] or ("", 0)))
        else line
        for line in lines
    ]


def _called(path: str) -> str:
    return field_words(fields_by_path().get(path, path))


def _revision_of(line: Line) -> tuple[str, int] | None:
    number = (line.values or {}).get("revision")
    return (line.subject.partition(":")[2], number) if isinstance(number, int) else None


def shown(value: Any) -> str | None:
    """Return a value as it is read; of a concealed one only that it is.

    >>> shown({"changed": "k1:0a1b"}), shown(["a", "b"]), shown(None), shown(True), shown({"b": 1})
    ('(not shown)', 'a, b', None, 'yes', '{"b": 1}')
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        text = "(not shown)" if set(value) == {"changed"} else json.dumps(value, ensure_ascii=False)
    elif isinstance(value, list):
        text = ", ".join(filter(None, map(shown, value)))
    else:
        text = str(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
