"""SCIM filters as SQL conditions on the resources of a shelf, the same answer on SQLite and PostgreSQL.

``scim.filter_tree.matches`` is the referee. Every condition is true or false, never NULL, so that ``not`` is plain
negation. Searched columns and tables answer for what clients filter on; the rest reads the ``compared`` document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from sqlalchemy import ColumnElement, String, and_, false, func, literal, not_, or_, select, union_all

from app.directory import json_sql
from app.directory.columns import EXTERNAL_ID, column_of
from app.directory.comparing import Condition, Leaf, Test, combined, fits, of_any
from app.directory.narrowing import is_narrowed, narrows
from app.directory.relations import Relations
from app.directory.scopes import Scope
from app.directory.shelves import Shelf
from app.directory.tables import EmployeeEmail, ExternalId
from scim.filter_tree import And, Comparison, Filter, Not, Or, ValuePath
from scim.notation import Names

_email, _external = EmployeeEmail.__table__, ExternalId.__table__

_EMAILS = (None, "emails")
_POSITIVE = frozenset({"eq", "co", "sw", "ew", "gt", "ge", "lt", "le"})


def condition(tree: Filter, scope: Scope, shelf: Shelf, dialect: str) -> Condition:
    """Return the SQL condition on the shelf's table that is true exactly where the filter is.

    It says nothing about the tenant and the type: :meth:`Shelf.mine` does.

    :param dialect: ``sqlite`` or ``postgresql``.
    """
    return _Compiler(scope, shelf, json_sql.of(dialect)).whole(tree)


class _Compiler:
    """Turns one filter on the resources of one shelf into a condition."""

    def __init__(self, scope: Scope, shelf: Shelf, json: json_sql.JsonSql) -> None:
        self._scope = scope
        self._shelf = shelf
        self._json = json
        self._table: Any = shelf.table
        self._names = (f"entry_{number}" for number in count())
        relations = Relations(scope, json)
        #: What has a table of its own, by extension and attribute.
        self._leaves: Mapping[tuple[str | None, str], Leaf] = {
            EXTERNAL_ID[:2]: self._external_id,
            **({_EMAILS: self._emails, (None, "groups"): relations.groups} if shelf.is_people else {}),
            **({(None, "members"): relations.members} if shelf.is_groups else {}),
        }

    def whole(self, tree: Filter) -> Condition:
        """Return the condition of a filter; each alternative of a narrowed ``or`` uses its own index."""
        if isinstance(tree, And):
            return and_(*map(self.whole, tree.terms))
        if isinstance(tree, Not):
            return not_(self.whole(tree.term))
        if not isinstance(tree, Or):
            return self.leaf(tree)
        if not is_narrowed(tree, self._shelf):
            return or_(*map(self.whole, tree.terms))
        mine = self._shelf.mine()
        found = (select(self._table.c.id).where(*mine, self.whole(term)) for term in tree.terms)
        return self._table.c.id.in_(union_all(*(alternative.correlate(None) for alternative in found)))

    def leaf(self, test: Test | ValuePath) -> Condition:
        """Return the condition of a test or value path that starts at the resource."""
        own = self._leaves.get(test.path[:2])
        return own(test) if own else self._in_row(test)

    def _in_row(self, test: Test | ValuePath) -> Condition:
        """Return the condition of what the row itself tells."""
        if isinstance(test, ValuePath):
            return self._value_path(test)
        column = column_of(self._shelf, self._scope, self._json, test.path)
        if column is not None:
            return fits(self._json, test, column)
        if test.multi_valued:
            return of_any(
                test, lambda one: self._any_entry(test.path, lambda entry: self._entry_test(one, entry))
            )
        if _has_many(test):
            return of_any(test, lambda one: self._any_value(one, self._table.c.compared, _steps(test.path)))
        return fits(self._json, test, self._json.value(self._table.c.compared, _steps(test.path), test.type))

    def _value_path(self, tree: ValuePath) -> Condition:
        if not tree.attribute.multi_valued:
            value = self._json.value(self._table.c.compared, _steps(tree.path), "complex")
            return and_(value.is_not(None), combined(tree.filter, self.leaf))
        return self._any_entry(
            tree.path, lambda entry: combined(tree.filter, lambda test: self._entry_test(test, entry))
        )

    def _any_entry(self, path: Names, test: Callable[[Any], Condition]) -> Condition:
        """Some entry of the list under a path fits."""
        entry = self._json.entries(self._table.c.compared, _steps((*path[:2], None)), next(self._names))
        return self._exists(entry, test(entry))

    def _entry_test(self, test: Test | ValuePath, entry: Any) -> Condition:
        if isinstance(test, ValuePath):
            return false()
        name = test.path[2]
        if name is not None and _has_many(test):
            return of_any(test, lambda one: self._any_value(one, entry.c.value, [name]))
        return fits(self._json, test, self._json.entry_value(entry, name, test.type))

    def _any_value(self, test: Test, document: Any, steps: list[str]) -> Condition:
        """Some plain value of the list under ``steps`` fits."""
        value = self._json.entries(document, steps, next(self._names))
        return self._exists(value, fits(self._json, test, self._json.entry_value(value, None, test.type)))

    def _exists(self, source: Any, test: Condition) -> Condition:
        return select(literal(1)).select_from(source).where(test).correlate(self._table).exists()

    def _external_id(self, test: Test | ValuePath) -> Condition:
        """What the asking client calls it."""
        mine = (
            _external.c.tenant_id == self._scope.tenant_id,
            _external.c.client_id == self._scope.client_id,
        )

        def named(one: Test) -> Condition:
            found = select(_external.c.resource_id).where(*mine, fits(self._json, one, _external.c.value))
            return self._table.c.id.in_(found)

        return false() if isinstance(test, ValuePath) else of_any(test, named)

    def _emails(self, test: Test | ValuePath) -> Condition:
        """The table of addresses answers what it can, and narrows what the document must answer."""
        if isinstance(test, ValuePath):
            terms = test.filter.terms if isinstance(test.filter, And) else (test.filter,)
            found = [self._email_test(term) for term in terms if _names_an_address(term)]
            if _names_an_address(test.filter):
                return self._any_email(self._email_test(test.filter))
            whole = self._value_path(test)
            return and_(self._any_email(and_(*found)), whole) if found else whole
        if isinstance(test, Comparison) and test.path[2] == "value" and test.key is not None:
            return of_any(test, lambda one: self._any_email(self._email_test(one)))
        return self._in_row(test)

    def _any_email(self, test: Condition) -> Condition:
        mine = _email.c.tenant_id == self._scope.tenant_id
        return self._table.c.id.in_(select(_email.c.employee_id).where(mine, test))

    def _email_test(self, tree: Filter) -> Condition:
        """Return the condition on an address, which has an empty type where there is none."""
        kind = func.nullif(_email.c.type, "", type_=String())

        def test_of(test: Test | ValuePath) -> Condition:
            if isinstance(test, ValuePath):
                return false()
            is_look_up = isinstance(test, Comparison) and test.operator == "eq" and bool(test.key)
            columns: dict[str | None, ColumnElement[Any]] = {
                "value": _email.c.key,
                "type": _email.c.type if is_look_up else kind,
            }
            return fits(self._json, test, columns[test.path[2]])

        return combined(tree, test_of)


def _steps(path: Names) -> list[str]:
    return [name for name in path if name is not None]


def _has_many(test: Test) -> bool:
    """True when the sub-attribute that a path ends in has many values by itself."""
    return test.path[2] is not None and test.attribute.multi_valued


def _names_an_address(tree: Filter) -> bool:
    """True when only entries with an address can fit, and the table of addresses knows all that is asked."""
    return _asks_only_for_addresses(tree) and narrows(
        tree, lambda test: test.path[2] == "value" and test.key is not None and test.operator in _POSITIVE
    )


def _asks_only_for_addresses(tree: Filter) -> bool:
    if isinstance(tree, And | Or):
        return all(map(_asks_only_for_addresses, tree.terms))
    if isinstance(tree, Not):
        return _asks_only_for_addresses(tree.term)
    return not isinstance(tree, ValuePath) and tree.path[2] in ("value", "type")
