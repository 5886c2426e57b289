"""Lists by pages: keysets (the rows before or after one), so that the last page costs what the first does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Select, tuple_

PAGE = 25
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list somebody is: the rows older or newer than a key, or with neither the newest ones."""

    older_than: tuple[Any, ...] | None = None
    newer_than: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list, newest first, and the places of the rows beyond them where there are any."""

    rows: Sequence[Row] = ()
    older: Place | None = None
    newer: Place | None = None


def page_of(
    connection: Connection,
    query: Select[Any],
    key: Sequence[Any],
    place: Place,
    line: Callable[[Any], Row],
    size: int = PAGE,
) -> Page[Row]:
    """Return the rows next to a place, newest first, or the newest ones when nothing is there.

    The columns of ``key`` stand in the query under their own names, and order it.
    """
    position, unplaced = tuple_(*key), query
    backwards = place.newer_than is not None
    if place.newer_than is not None:
        query = query.where(position > place.newer_than).order_by(*key)
    else:
        if place.older_than is not None:
            query = query.where(position < place.older_than)
        query = query.order_by(*(column.desc() for column in key))
    found = list(connection.execute(query.limit(size + 1)))
    if not found and place != Place():
        return page_of(connection, unplaced, key, Place(), line, size)
    goes_on, shown = len(found) > size, found[:size]
    if backwards:
        shown.reverse()
    if not shown:
        return Page()
    first, last = (tuple(getattr(row, column.name) for column in key) for row in (shown[0], shown[-1]))
    return Page(
        [line(row) for row in shown],
        older=Place(older_than=last) if goes_on or backwards else None,
        newer=Place(newer_than=first) if place.older_than is not None or (backwards and goes_on) else None,
    )
