"""SCIM filters as SQL conditions on employees, the same answer on SQLite and PostgreSQL.

``scim.filter_tree.matches`` is the referee. Every condition is true or false, never NULL, so that ``not`` is plain
negation. Searched columns answer for what clients filter on; the rest reads the ``compared`` document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, false, func, literal, not_, or_, select, true

from app.directory import json_sql
from app.directory.tables import EmployeeEmail, EmployeeRow, ExternalId
from scim.filter_tree import And, Comparison, Filter, Not, Or, Present, ValuePath
from scim.notation import Names
from scim.resources import ENTERPRISE

_employee, _email, _external = EmployeeRow.__table__, EmployeeEmail.__table__, ExternalId.__table__

Condition = ColumnElement[bool]
Test = Comparison | Present

#: Paths with a column of their own.
_COLUMNS: Mapping[Names, ColumnElement[Any]] = {
    (None, "id", None): _employee.c.id,
    (None, "userName", None): _employee.c.user_name_key,
    (None, "displayName", None): _employee.c.display_name_key,
    (None, "active", None): _employee.c.active,
    (ENTERPRISE, "employeeNumber", None): _employee.c.employee_number_key,
    (None, "meta", "created"): _employee.c.created_at,
    (None, "meta", "lastModified"): _employee.c.last_modified,
    (None, "meta", "resourceType"): literal("User", String),
    (None, "meta", "version"): literal('W/"', String)
    + cast(_employee.c.version, String)
    + literal('"', String),
    (None, "meta", None): literal("present", String),
}
_EMAILS = (None, "emails")
_POSITIVE = frozenset({"eq", "co", "sw", "ew", "gt", "ge", "lt", "le"})


@dataclass(frozen=True)
class Scope:
    """Whose view a search takes: the tenant, the asking client (its externalIds), the API's address."""

    tenant_id: int
    client_id: int
    base_url: str


def condition(tree: Filter, scope: Scope, dialect: str) -> Condition:
    """Return the SQL condition on ``employee`` that is true exactly where the filter is.

    :param dialect: ``sqlite`` or ``postgresql``.
    """
    compiler = _Compiler(scope, json_sql.of(dialect))
    return _combined(tree, compiler.leaf)


def _combined(tree: Filter, leaf: Callable[[Test | ValuePath], Condition]) -> Condition:
    """Return and, or and not over what ``leaf`` makes of the tests."""
    if isinstance(tree, And):
        return and_(*(_combined(term, leaf) for term in tree.terms))
    if isinstance(tree, Or):
        return or_(*(_combined(term, leaf) for term in tree.terms))
    if isinstance(tree, Not):
        return not_(_combined(tree.term, leaf))
    return leaf(tree)


class _Compiler:
    """Turns the tests of one filter into conditions."""

    def __init__(self, scope: Scope, json: json_sql.JsonSql) -> None:
        self._scope = scope
        self._json = json
        self._aliases = (f"entry_{number}" for number in count())

    def leaf(self, test: Test | ValuePath) -> Condition:
        """Return the condition of a test or value path that starts at the resource."""
        if test.path[:2] == (None, "groups"):
            return false() if _needs_a_value(test) else true()
        if isinstance(test, ValuePath):
            return self._value_path(test)
        column = self._column(test.path)
        if column is not None:
            return self._scalar(test, column)
        if not test.multi_valued:
            return self._scalar(test, self._json.value(_employee.c.compared, _names(test.path), test.type))
        if (
            test.path in ((*_EMAILS, "value"), (*_EMAILS, None))
            and isinstance(test, Comparison)
            and test.key is not None
        ):
            return _of_any(test, lambda inner: self._any_email(self._email_test(inner)))
        return _of_any(
            test, lambda inner: self._any_entry(test.path, lambda entry: self._entry_test(inner, entry))
        )

    def _value_path(self, tree: ValuePath) -> Condition:
        if not tree.attribute.multi_valued:
            present = self._json.value(_employee.c.compared, _names(tree.path), "complex").is_not(None)
            return and_(present, _combined(tree.filter, self.leaf))
        if tree.path[:2] == _EMAILS and _is_answered_by_addresses(tree.filter):
            return self._any_email(_combined(tree.filter, self._email_test))
        return self._any_entry(
            tree.path, lambda entry: _combined(tree.filter, lambda test: self._entry_test(test, entry))
        )

    def _column(self, path: Names) -> ColumnElement[Any] | None:
        if path == (None, "externalId", None):
            mine = and_(
                _external.c.tenant_id == _employee.c.tenant_id,
                _external.c.employee_id == _employee.c.id,
                _external.c.client_id == self._scope.client_id,
            )
            return select(_external.c.value).where(mine).correlate(_employee).scalar_subquery()
        if path == (None, "meta", "location"):
            return literal(f"{self._scope.base_url}/Users/", String) + _employee.c.id
        return _COLUMNS.get(path)

    def _any_entry(self, path: Names, test: Callable[[Any], Condition]) -> Condition:
        entry = self._json.entries(_employee.c.compared, _names((*path[:2], None)), next(self._aliases))
        return select(literal(1)).select_from(entry).where(test(entry)).correlate(_employee).exists()

    def _entry_test(self, test: Test | ValuePath, entry: Any) -> Condition:
        if isinstance(test, ValuePath):
            return false()
        return self._scalar(test, self._json.entry_value(entry, test.path[2], test.type))

    def _any_email(self, test: Condition) -> Condition:
        mine = and_(_email.c.tenant_id == _employee.c.tenant_id, _email.c.employee_id == _employee.c.id)
        return select(literal(1)).select_from(_email).where(mine, test).correlate(_employee).exists()

    def _email_test(self, test: Test | ValuePath) -> Condition:
        if isinstance(test, ValuePath):
            return false()
        column = _email.c.type if test.path[2] == "type" else _email.c.key
        is_look_up = isinstance(test, Comparison) and test.operator == "eq" and test.key
        return self._scalar(test, column if is_look_up else func.nullif(column, "", type_=String()))

    def _scalar(self, test: Test, value: ColumnElement[Any]) -> Condition:
        """Return the condition of a test on a value that is NULL where nothing is assigned."""
        if isinstance(test, Present):
            return value.is_not(None)
        if test.key is None:
            return value.is_(None) if test.operator == "eq" else value.is_not(None)
        if test.operator == "ne":
            return not_(and_(value.is_not(None), value == self._json.operand(test.key, test.type)))
        return and_(value.is_not(None), self._compared(test, value))

    def _compared(self, test: Comparison, value: ColumnElement[Any]) -> Condition:
        key: Any = test.key
        if test.operator in _SUBSTRING:
            return true() if key == "" else _SUBSTRING[test.operator](self._json, value, key)
        if test.operator == "eq":
            return value == self._json.operand(key, test.type)
        return _ORDER[test.operator](self._json.ordered(value, test.type), self._json.operand(key, test.type))


def _names(path: Names) -> list[str]:
    return [name for name in path if name is not None]


def _needs_a_value(test: Test | ValuePath) -> bool:
    """True when a test fails where nothing is assigned."""
    if isinstance(test, Comparison):
        return (test.operator == "ne") is (test.key is None) if test.operator in ("eq", "ne") else True
    return True


def _of_any(test: Test, exists: Callable[[Test], Condition]) -> Condition:
    """Return the condition of a test over many values, from ``exists`` for one that some value must pass."""
    if isinstance(test, Present):
        return exists(test)
    if test.key is None:
        present = exists(Present(test.path, test.multi_valued, test.type, test.attribute))
        return present if test.operator == "ne" else not_(present)
    if test.operator == "ne":
        return not_(exists(replace(test, operator="eq")))
    return exists(test)


def _is_answered_by_addresses(tree: Filter) -> bool:
    """True when only entries with an address can fit, and the address table knows all that is asked."""
    terms = tree.terms if isinstance(tree, And) else (tree,)
    return all(isinstance(t, Comparison) and t.path[2] in ("value", "type") for t in terms) and any(
        isinstance(t, Comparison) and t.path[2] == "value" and t.key is not None and t.operator in _POSITIVE
        for t in terms
    )


def _starts_with(json: json_sql.JsonSql, value: ColumnElement[Any], key: str) -> Condition:
    """A range that an index can answer, and the exact test behind it."""
    exact = func.substr(value, 1, len(key)) == key
    bounds = [json.ordered(value, "string") >= key]
    last = ord(key[-1])
    if last < 0x10FFFF and not 0xD7FF <= last < 0xDFFF:
        bounds.append(json.ordered(value, "string") < key[:-1] + chr(last + 1))
    return and_(*bounds, exact)


_SUBSTRING: Mapping[str, Callable[[json_sql.JsonSql, ColumnElement[Any], str], Condition]] = {
    "co": lambda json, value, key: json.position(value, key) > 0,
    "sw": _starts_with,
    "ew": lambda json, value, key: json.end(value, len(key)) == key,
}
_ORDER: Mapping[str, Callable[[Any, Any], Condition]] = {
    "gt": lambda value, key: value > key,
    "ge": lambda value, key: value >= key,
    "lt": lambda value, key: value < key,
    "le": lambda value, key: value <= key,
}
