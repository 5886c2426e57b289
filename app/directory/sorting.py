"""Orders of lists in SQL (RFC 7644 §3.4.2.3), the same on SQLite and PostgreSQL; ``scim.sorting`` is the referee.

Resources without a value come last in ascending and first in descending order, equal ones in order of their ids. The
columns that are never NULL are ordered by as they are, so that their indexes give the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement

from app.directory import json_sql
from app.directory.columns import column_of, stored_column
from app.directory.comparing import Condition
from app.directory.scopes import Scope
from app.directory.shelves import Shelf
from scim.cursors import Position
from scim.errors import InvalidValue
from scim.filter_tree import Key
from scim.notation import Names
from scim.sorting import Sort

_ID: Names = (None, "id", None)
#: What is in no document but worked out from memberships.
_WORKED_OUT = frozenset({"groups", "members"})


class Stretch(NamedTuple):
    """A part of the list in which the order is that of plain columns."""

    conditions: tuple[Condition, ...]
    #: The ORDER BY for choosing ids, which an index may give.
    order_by: tuple[Any, ...]
    #: The same for the rows of chosen ids, in words that lead no database to walk an index instead.
    shown_by: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Ordering:
    """An order of a shelf's resources; without a ``value`` that of their ids."""

    id: ColumnElement[str]
    json: json_sql.JsonSql
    value: ColumnElement[Any] | None = None
    type: str = "string"
    has_missing: bool = False
    descending: bool = False

    def whole(self) -> Stretch:
        """Return the whole list as one stretch."""
        if self.value is None:
            return Stretch((), (self.id,), (self.id,))
        value, shown = self._directed_both(descending=self.descending)
        if self.has_missing and self.descending:
            value, shown = value.nulls_first(), shown.nulls_first()
        elif self.has_missing:
            value, shown = value.nulls_last(), shown.nulls_last()
        return Stretch((), (value, self.id), (shown, self.id))

    def stretches(self, position: Position | None, *, is_backward: bool) -> list[Stretch]:
        """Return what lies beyond a position (None: everything) in the order of reading.

        Each stretch is a range of an index, where the value has one, so that a page far down the list costs as much as
        the first one.
        """
        by_id = _directed(self.id, descending=is_backward)
        beyond_id: tuple[Condition, ...] = ()
        if position is not None:
            beyond_id = (self.id < position.id if is_backward else self.id > position.id,)
        if self.value is None:
            return [Stretch(beyond_id, (by_id,), (by_id,))]
        descends = self.descending is not is_backward
        value, shown = self._directed_both(descending=descends)

        def with_value(*conditions: Condition) -> Stretch:
            return Stretch(conditions, (value, by_id), (shown, by_id))

        def without(*conditions: Condition) -> list[Stretch]:
            missing = self.value.is_(None)  # type: ignore[union-attr]
            return [Stretch((missing, *conditions), (by_id,), (by_id,))] if self.has_missing else []

        has_value = (self.value.is_not(None),) if self.has_missing else ()
        if position is None:
            stretches = [with_value(*has_value), *without()]
            return stretches[::-1] if descends else stretches
        if position.key is None:
            return [*without(*beyond_id), with_value(*has_value)] if descends else without(*beyond_id)
        key = self.json.operand(position.key, self.type)
        equal = Stretch((self.value == key, *beyond_id), (by_id,), (by_id,))
        further = with_value(self.value < key if descends else self.value > key)
        return [equal, further] if descends else [equal, further, *without()]

    def _directed_both(self, *, descending: bool) -> tuple[Any, Any]:
        """Return what ids are chosen by and what rows are shown by."""
        apart = self.json.apart(self.value)
        return _directed(self.value, descending=descending), _directed(apart, descending=descending)

    def key(self, value: Any) -> Key:
        """Return a value that the database gave as ``scim.sorting.sort_key`` does."""
        if value is None or self.value is None:
            return None
        if self.type == "boolean":
            return bool(value)
        if isinstance(value, Decimal):
            return int(value) if value == value.to_integral_value() else float(value)
        known: Key = value
        return known


def ordering(sort: Sort | None, scope: Scope, shelf: Shelf, dialect: str) -> Ordering:
    """Return the order that a sort asks for; without one that of the ids, which is that of creation.

    :param dialect: ``sqlite`` or ``postgresql``.
    :raises InvalidValue: the attribute is worked out from memberships, which no list can be sorted by.
    """
    json = json_sql.of(dialect)
    if sort is None:
        return Ordering(shelf.table.c.id, json)
    stored = stored_ordering(shelf, sort.path, sort.type, sort.descending, dialect)
    if stored is not None:
        return stored
    value = json.ordered(_value(sort, scope, shelf, json), sort.type)
    return Ordering(shelf.table.c.id, json, value, sort.type, has_missing=True, descending=sort.descending)


def stored_ordering(shelf: Shelf, path: Names, type_: str, descending: bool, dialect: str) -> Ordering | None:
    """Return the order by a path with a column of its own, the same for everybody; None without such a column."""
    ids, json = shelf.table.c.id, json_sql.of(dialect)
    if path == _ID and not descending:
        return Ordering(ids, json)
    column = stored_column(shelf, path)
    if column is None:
        return None
    return Ordering(ids, json, json.ordered(column, type_), type_, bool(column.nullable), descending)


def _value(sort: Sort, scope: Scope, shelf: Shelf, json: json_sql.JsonSql) -> ColumnElement[Any]:
    """Return what a resource is sorted by, NULL when it has no such value."""
    urn, name, sub_name = sort.path
    if urn is None and name in _WORKED_OUT and _is_worked_out(shelf, name):
        raise InvalidValue(
            f"sortBy: {name} is worked out from memberships; sort by an attribute of {shelf.name}."
        )
    column = column_of(shelf, scope, json, sort.path)
    if column is not None:
        return column
    way: json_sql.Steps = [name] if urn is None else [urn, name]
    inner: list[str | int] = [] if sub_name is None else [sub_name]
    if inner and sort.attribute.multi_valued:
        inner.append(0)
    document = shelf.table.c.compared
    if sort.multi_valued and inner:
        return json.leading(document, way, inner, sort.type)
    first: json_sql.Steps = [0] if sort.multi_valued else inner
    return json.value(document, [*way, *first], sort.type)


def _is_worked_out(shelf: Shelf, name: str) -> bool:
    owners: Mapping[str, bool] = {"groups": shelf.is_people, "members": shelf.is_groups}
    return owners[name]


def _directed(value: Any, *, descending: bool) -> Any:
    return value.desc() if descending else value.asc()
