"""Resources as stored text, ready to be spliced into an answer: by id, and by what they are looked up for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, literal, select

from app.directory.members import is_member
from app.directory.scopes import Scope
from app.directory.shelves import Shelf
from app.directory.tables import ExternalId
from app.prepared import Prepared
from scim.filter_tree import Comparison, Filter
from scim.notation import Names

_external = ExternalId.__table__


class WireRow(NamedTuple):
    """A resource as it is stored, with what the asking client calls it."""

    id: str
    version: int
    wire: str
    on_request: str | None
    created_at: str
    last_modified: str
    external_id: str | None
    #: Somebody who is a member of some group: ``groups`` has something to show.
    is_member: bool


class Wires:
    """The prebuilt reads of one shelf. Use :func:`wires_of`.

    Their parameters: ``tenant_id``, ``client_id`` and ``key``.
    """

    def __init__(self, shelf: Shelf) -> None:
        table = shelf.table
        names = ("id", "version", "wire", "on_request", "created_at", "last_modified")
        own_external = and_(
            _external.c.tenant_id == table.c.tenant_id,
            _external.c.resource_id == table.c.id,
            _external.c.client_id == bindparam("client_id"),
        )
        #: Every column of :class:`WireRow`, of this tenant's resources of the type.
        self.select: Select[Any] = (
            select(
                *(table.c[name] for name in names),
                _external.c.value,
                is_member(table) if shelf.is_people else literal(0),
            )
            .select_from(table.outerjoin(_external, own_external))
            .where(*shelf.mine())
        )
        by_key: dict[str, ColumnElement[Any]] = {"id": table.c.id, "externalId": _external.c.value}
        if shelf.is_people:
            by_key["userName"] = table.c.user_name_key
        self.by_id = Prepared(self.select.where(table.c.id == bindparam("key")))
        #: What identity providers look things up by, each an index away and with at most a few answers.
        self.look_ups: dict[Names, Prepared] = {
            (None, name, None): Prepared(
                self.select.where(column == bindparam("key")).order_by(table.c.id)
                if name == "externalId"
                else self.select.where(column == bindparam("key"))
            )
            for name, column in by_key.items()
        }


@lru_cache(maxsize=256)
def wires_of(shelf: Shelf) -> Wires:
    """Return the reads of a shelf, the same ones every time."""
    return Wires(shelf)


def wire_row(connection: Connection, scope: Scope, shelf: Shelf, resource_id: str) -> WireRow | None:
    """Return one resource ready to be spliced into an answer, or None."""
    found = wires_of(shelf).by_id.first(connection, {**scope.parameters, "key": resource_id})
    return WireRow._make(found) if found else None


def look_up(connection: Connection, scope: Scope, shelf: Shelf, tree: Filter | None) -> list[WireRow] | None:
    """Return all that fit an equality filter on a name or id, or None when the filter is of another form."""
    if not isinstance(tree, Comparison) or tree.operator != "eq" or tree.key is None:
        return None
    statement = wires_of(shelf).look_ups.get(tree.path)
    if statement is None:
        return None
    return [WireRow._make(row) for row in statement.rows(connection, {**scope.parameters, "key": tree.key})]
