"""Lists of resources: by index, by cursor, and across several types; filtered and sorted in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, literal, null, select, union_all

from app.directory import json_sql, reading
from app.directory.columns import stored_column
from app.directory.comparing import Condition
from app.directory.narrowing import is_narrowed
from app.directory.scopes import Scope
from app.directory.search import condition
from app.directory.shelves import Shelf
from app.directory.sorting import Ordering, Stretch, ordering, stored_ordering
from app.directory.wires import WireRow, wires_of
from app.prepared import Prepared
from scim.cursors import CursorPage, Place, Position
from scim.errors import TooMany
from scim.filter_tree import Filter, Key
from scim.notation import Names
from scim.sorting import Sort

#: How many resources a filter may look through when no index narrows it.
LOOK_THROUGH = 250_000
_WIDTH = len(WireRow._fields)


class Listed(NamedTuple):
    """A resource of a list with the value by which it is sorted."""

    row: WireRow
    key: Key

    @property
    def place(self) -> Place:
        """Return where it stands in the order of the list: what a cursor names."""
        return self.key, self.row.id


class Wanted(NamedTuple):
    """What a search over several types wants of one type; a type without the attribute has no sort."""

    shelf: Shelf
    tree: Filter | None = None
    sort: Sort | None = None


def page(
    connection: Connection,
    scope: Scope,
    shelf: Shelf,
    tree: Filter | None,
    sort: Sort | None,
    start_index: int,
    count: int,
    *,
    look_through: int | None = LOOK_THROUGH,
) -> tuple[int, list[WireRow]]:
    """Return (how many fit the filter, those of the page in order); ``start_index`` counts from 1.

    :param look_through: how many resources a filter that no index narrows may look through; None for any number.
    :raises TooMany: there are more; nothing was looked through.
    :raises InvalidValue: see :func:`app.directory.sorting.ordering`.
    """
    wanted = Wanted(shelf, tree, sort)
    fitting = _fitting(connection, scope, wanted, look_through)
    order = ordering(sort, scope, shelf, connection.dialect.name)
    number = _number(connection, scope, shelf, fitting)
    if count == 0 or start_index > number:
        return number, []
    return number, _window(connection, scope, wanted, fitting, order, start_index - 1, count)


def cursor_page(
    connection: Connection,
    scope: Scope,
    shelf: Shelf,
    tree: Filter | None,
    sort: Sort | None,
    asked: CursorPage,
    *,
    look_through: int | None = LOOK_THROUGH,
) -> tuple[int, list[Listed]]:
    """Return (how many fit the filter, up to ``asked.limit`` of them beyond the position, in the order of reading).

    The list is what ``scim.paging.CursorPaging.turned`` takes. Raises what :func:`page` does.

    :raises ExpiredCursor: the place of a resource with a long sort key, which has another one by now or is gone.
    """
    fitting = _fitting(connection, scope, Wanted(shelf, tree, sort), look_through)
    order = ordering(sort, scope, shelf, connection.dialect.name)
    position = asked.position
    if position is not None and position.digest is not None:
        position = position.resumed(_key_now(connection, scope, shelf, order, position))
    number, listed = _number(connection, scope, shelf, fitting), list[Listed]()
    for stretch in order.stretches(position, is_backward=asked.is_backward):
        missing = asked.limit - len(listed)
        if missing <= 0:
            break
        chosen = _ids(shelf, fitting, stretch).limit(missing)
        statement = _rows_of(shelf, chosen, stretch, order.json).add_columns(_value_of(order))
        for row in connection.execute(statement, scope.parameters):
            listed.append(Listed(WireRow._make(row[:_WIDTH]), order.key(row[_WIDTH])))
    return number, listed


def across(
    connection: Connection,
    scope: Scope,
    wanted: Sequence[Wanted],
    start_index: int,
    count: int,
    *,
    look_through: int | None = LOOK_THROUGH,
) -> tuple[int, list[tuple[Shelf, WireRow]]]:
    """Return (how many fit in all types, those of the page with their shelves): the search of RFC 7644 §3.4.2.1.

    Without a sort the types follow each other as given, each in the order of creation. With one the resources of all
    types are one list, and equal ones are in the order of their ids. Raises what :func:`page` does.
    """
    fitting = [_fitting(connection, scope, one, look_through) for one in wanted]
    if any(one.sort for one in wanted):
        chosen = _sorted_ids(connection.dialect.name, scope, wanted, fitting)
        number = sum(_number(connection, scope, o.shelf, f) for o, f in zip(wanted, fitting, strict=True))
        if count == 0 or start_index > number:
            return number, []
        found = connection.execute(chosen.limit(count).offset(start_index - 1), scope.parameters)
        return number, _by_ids(connection, scope, wanted, [(rank, id_) for rank, id_ in found])
    number, offset, rows = 0, start_index - 1, list[tuple[Shelf, WireRow]]()
    for one, conditions in zip(wanted, fitting, strict=True):
        of_type = _number(connection, scope, one.shelf, conditions)
        skipped, missing = max(offset - number, 0), count - len(rows)
        number += of_type
        if missing > 0 and skipped < of_type:
            order = ordering(None, scope, one.shelf, connection.dialect.name)
            window = _window(connection, scope, one, conditions, order, skipped, missing)
            rows += [(one.shelf, row) for row in window]
    return number, rows


def _fitting(
    connection: Connection, scope: Scope, wanted: Wanted, look_through: int | None
) -> tuple[Condition, ...]:
    """Return the filter as conditions, none for no filter; raises ``TooMany`` when it would look at too many."""
    shelf, tree = wanted.shelf, wanted.tree
    if tree is None:
        return ()
    if look_through is not None and not is_narrowed(tree, shelf):
        number = reading.total(connection, scope.tenant_id, shelf.name)
        if number > look_through:
            raise TooMany(
                f"The filter would look through all {number} resources of type {shelf.name}, more than {look_through}. "
                "Add a comparison that an index knows, such as eq or sw on a name, an e-mail address or an id."
            )
    return (condition(tree, scope, shelf, connection.dialect.name),)


def _number(connection: Connection, scope: Scope, shelf: Shelf, fitting: tuple[Condition, ...]) -> int:
    """Return how many resources fit; that of all of them is counted already."""
    if not fitting:
        return reading.total(connection, scope.tenant_id, shelf.name)
    statement = select(func.count()).select_from(shelf.table).where(*shelf.mine(), *fitting)
    return int(connection.scalar(statement, scope.parameters) or 0)


def _window(
    connection: Connection,
    scope: Scope,
    wanted: Wanted,
    fitting: tuple[Condition, ...],
    order: Ordering,
    offset: int,
    count: int,
) -> list[WireRow]:
    shelf, sort = wanted.shelf, wanted.sort
    parameters = {**scope.parameters, "count": count, "offset": offset}
    if not fitting and order.value is None:
        found: Iterable[Any] = (_whole_list if offset else _first_page)(shelf).rows(connection, parameters)
    elif not fitting and sort is not None and stored_column(shelf, sort.path) is not None:
        found = _whole_list(shelf, sort.path, sort.type, sort.descending).rows(connection, parameters)
    else:
        found = connection.execute(_read(shelf, fitting, order), parameters)
    return [WireRow._make(row) for row in found]


@lru_cache(maxsize=256)
def _first_page(shelf: Shelf) -> Prepared:
    """Return the read of the first ``count`` resources of a shelf: with nothing to skip, ids need not come first."""
    return Prepared(wires_of(shelf).select.order_by(shelf.table.c.id).limit(bindparam("count")))


@lru_cache(maxsize=256)
def _whole_list(
    shelf: Shelf, path: Names | None = None, type_: str = "string", descending: bool = False
) -> Prepared:
    """Return the read of a window on all resources of a shelf, in the order of a column."""

    def statement(dialect: str) -> Select[Any]:
        order = stored_ordering(shelf, path, type_, descending, dialect) if path else None
        return _read(shelf, (), order or Ordering(shelf.table.c.id, json_sql.of(dialect)))

    return Prepared(statement)


def _read(shelf: Shelf, fitting: tuple[Condition, ...], order: Ordering) -> Select[Any]:
    """Return the read of a window."""
    whole = order.whole()
    chosen = _ids(shelf, fitting, whole).limit(bindparam("count")).offset(bindparam("offset"))
    return _rows_of(shelf, chosen, whole, order.json)


def _ids(shelf: Shelf, fitting: tuple[Condition, ...], stretch: Stretch) -> Select[Any]:
    return (
        select(shelf.table.c.id)
        .where(*shelf.mine(), *fitting, *stretch.conditions)
        .order_by(*stretch.order_by)
    )


def _rows_of(shelf: Shelf, chosen: Select[Any], stretch: Stretch, json: json_sql.JsonSql) -> Select[Any]:
    """Return the read of chosen ids: what lies before a window is skipped in an index, and never read."""
    is_chosen = json.is_chosen(shelf.table.c.id, chosen.correlate(None))
    return wires_of(shelf).select.where(is_chosen).order_by(*stretch.shown_by)


def _value_of(order: Ordering) -> ColumnElement[Any]:
    return (null() if order.value is None else order.value).label("sort_value")


def _key_now(connection: Connection, scope: Scope, shelf: Shelf, order: Ordering, position: Position) -> Key:
    """Return the sort key that the resource of a position has now, None when it is gone."""
    statement = select(_value_of(order)).where(*shelf.mine(), shelf.table.c.id == position.id)
    return order.key(connection.scalar(statement, scope.parameters))


def _sorted_ids(
    dialect: str, scope: Scope, wanted: Sequence[Wanted], fitting: Sequence[tuple[Condition, ...]]
) -> Select[Any]:
    """Return the read of (number of the type in ``wanted``, id) in the order of the sort."""
    sorts = [one.sort for one in wanted if one.sort]
    types = {sort.type for sort in sorts}
    # Types that spell one path differently: text is what all values have in common.
    type_ = types.pop() if len(types) == 1 else "string"
    json, branches = json_sql.of(dialect), []
    for rank, (one, conditions) in enumerate(zip(wanted, fitting, strict=True)):
        order = ordering(one.sort, scope, one.shelf, dialect)
        value = json.as_type(null() if order.value is None else order.value, type_)
        columns = (literal(rank).label("rank"), one.shelf.table.c.id.label("id"), value.label("value"))
        branches.append(select(*columns).where(*one.shelf.mine(), *conditions))
    found = union_all(*branches).subquery()
    value = json.ordered(found.c.value, type_)
    whole = Ordering(found.c.id, json, value, type_, has_missing=True, descending=sorts[0].descending).whole()
    return select(found.c.rank, found.c.id).order_by(*whole.order_by)


def _by_ids(
    connection: Connection, scope: Scope, wanted: Sequence[Wanted], found: list[tuple[int, str]]
) -> list[tuple[Shelf, WireRow]]:
    """Return the resources of (number of the type, id), in this order."""
    rows: dict[str, WireRow] = {}
    for rank, one in enumerate(wanted):
        ids = [id_ for of_rank, id_ in found if of_rank == rank]
        if ids:
            statement = wires_of(one.shelf).select.where(one.shelf.table.c.id.in_(ids))
            rows |= {row.id: WireRow._make(row) for row in connection.execute(statement, scope.parameters)}
    return [(wanted[rank].shelf, rows[id_]) for rank, id_ in found if id_ in rows]
