"""Saved views: filters of the list of people under a name, each admin's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import Connection, delete, func, insert, select, update

from app import clock
from app.access.admins import Admin
from app.access.tables import SavedView
from app.errors import NotFoundError, WrongUse
from app.identifiers import next_number
from app.web.console.people.asked import Asked

LONGEST, MOST = 80, 50
_view = SavedView.__table__.c


@dataclass(frozen=True, slots=True)
class View:
    """A saved view: its number, its name, and the list that it shows."""

    id: int
    name: str
    asked: Asked


def listed(connection: Connection, admin: Admin) -> list[View]:
    """Return an admin's saved views by name."""
    query = select(_view.id, _view.name, _view.query).where(*_of(admin)).order_by(_view.name)
    return [View(row.id, row.name, asked_by(row.query)) for row in connection.execute(query)]


def asked_by(query: str) -> Asked:
    """Return what a query string asks for, without a place."""
    kept = {name: text for name, text in parse_qsl(query) if name not in ("after", "before")}
    return Asked.of(kept)


def save(connection: Connection, admin: Admin, name: str, query: str) -> str:
    """Keep a list under a name, and return the name; the view that had it before shows this list from now on.

    :raises WrongUse: the name does not do, nothing is filtered, or there are too many.
    """
    name, asked = _checked(name), asked_by(query)
    if not asked.query:
        raise WrongUse("Choose a filter, words or an order first: a view keeps them under a name.")
    values = {"query": asked.query}
    if connection.execute(
        update(SavedView.__table__).where(*_of(admin), _view.name == name).values(values)
    ).rowcount:
        return name
    number = connection.scalar(select(func.count()).select_from(SavedView.__table__).where(*_of(admin))) or 0
    if number >= MOST:
        raise WrongUse(f"You have {MOST} views already; delete one that you do not need any more.")
    row = values | {
        "tenant_id": admin.tenant_id,
        "admin_id": admin.id,
        "name": name,
        "created_at": clock.now(),
    }
    view_id = next_number(connection, SavedView.__table__, admin.tenant_id)
    connection.execute(insert(SavedView.__table__), row | {"id": view_id})
    return name


def rename(connection: Connection, admin: Admin, view_id: int, name: str) -> str:
    """Give a view another name and return it; raises ``WrongUse``, and ``NotFoundError`` when it is not the admin's."""
    name = _checked(name)
    taken = select(_view.id).where(*_of(admin), _view.name == name, _view.id != view_id)
    if connection.scalar(taken) is not None:
        raise WrongUse(
            f"You have a view named {name!r} already; choose another name, or delete that one first."
        )
    changed = update(SavedView.__table__).where(*_of(admin), _view.id == view_id).values(name=name)
    if not connection.execute(changed).rowcount:
        raise NotFoundError(f"You have no view with the number {view_id}.")
    return name


def remove(connection: Connection, admin: Admin, view_id: int) -> None:
    """Delete a view; raises ``NotFoundError`` when it is not the admin's."""
    if not connection.execute(delete(SavedView.__table__).where(*_of(admin), _view.id == view_id)).rowcount:
        raise NotFoundError(f"You have no view with the number {view_id}.")


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST or not name.isprintable():
        raise WrongUse(f"Give the view a name of 1 to {LONGEST} characters.")
    return name


def _of(admin: Admin) -> tuple[Any, ...]:
    return (_view.tenant_id == admin.tenant_id, _view.admin_id == admin.id)
