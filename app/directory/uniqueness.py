"""Values that a loaded schema calls unique (RFC 7643 §2.2). ``userName`` has a unique column of its own instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.exc import IntegrityError

from app.directory.documents import bounded
from app.directory.shelves import Shelf
from app.directory.tables import UniqueValue
from app.directory.together import Write, inserting, together
from app.directory.values import Document
from app.prepared import Prepared
from scim.errors import Uniqueness, echo
from scim.filter_tree import stored_key
from scim.schema import Attribute

_unique = UniqueValue.__table__
_HOLDER = Prepared(
    select(_unique.c.resource_id).where(
        _unique.c.tenant_id == bindparam("tenant_id"),
        _unique.c.type == bindparam("type"),
        _unique.c.path == bindparam("path"),
        _unique.c.key == bindparam("key"),
    )
)
_RELEASE = Prepared(
    delete(_unique).where(
        _unique.c.tenant_id == bindparam("tenant_id"), _unique.c.resource_id == bindparam("resource_id")
    )
)
_insert = inserting(_unique)
#: The key of the table holds the path beside it.
_MOST_BYTES = 1_500


def claimed(
    connection: Connection,
    tenant_id: int,
    shelf: Shelf,
    resource_id: str,
    document: Document,
    *,
    before: Document | None = None,
) -> list[Write]:
    """Return the writes that claim a document's unique values, after giving up those it had ``before``.

    :raises Uniqueness: another resource has a value; the message names the attribute. Nothing is written then.
    """
    attributes = shelf.forms.unique_attributes
    if not attributes:
        return []
    wanted = {key for attribute in attributes for key in _keys(attribute, document)}
    if before is not None and wanted == {key for a in attributes for key in _keys(a, before)}:
        return []
    common = {"tenant_id": tenant_id, "type": shelf.name}
    for path, key in sorted(wanted):
        holder = _HOLDER.first(connection, {**common, "path": path, "key": key})
        if holder is not None and holder[0] != resource_id:
            raise Uniqueness(f"{path} {echo(key)} is taken by another {shelf.name}.")
    if before is not None:
        _RELEASE.run(connection, {"tenant_id": tenant_id, "resource_id": resource_id})
    return [
        Write(_insert, {**common, "path": path, "key": key, "resource_id": resource_id})
        for path, key in sorted(wanted)
    ]


def claim(connection: Connection, claims: list[Write]) -> None:
    """Execute claims. Two transactions that claim one value at once meet at the table's key.

    :raises Uniqueness: the other one came first; the transaction is to be rolled back.
    """
    if not claims:
        return
    try:
        with connection.begin_nested():
            together(connection, claims)
    except IntegrityError as error:
        raise Uniqueness("A value that must be unique was taken by another request a moment ago.") from error


def _keys(attribute: Attribute, document: Document) -> Iterator[tuple[str, str]]:
    """Yield (path, comparison key) of each value of a unique attribute."""
    values: list[Any] = [document]
    for name in attribute.keys:
        inner = [value.get(name) for value in values if isinstance(value, dict)]
        values = [each for value in inner for each in (value if isinstance(value, list) else [value])]
    for value in values:
        if value is not None:
            yield attribute.path, bounded(attribute.path, str(stored_key(attribute, value)), _MOST_BYTES)
