"""Tests of a filter on one value in SQL, and what makes conditions of them; ``search`` and ``relations`` share it.

Every condition is true or false, never NULL, so that ``not`` is plain negation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, or_, true

from app.directory.json_sql import JsonSql
from scim.filter_tree import And, Comparison, Filter, Not, Or, Present, ValuePath

Condition = ColumnElement[bool]
Test = Comparison | Present
Leaf = Callable[[Test | ValuePath], Condition]


def combined(tree: Filter, leaf: Leaf) -> Condition:
    """Return and, or and not over what ``leaf`` makes of the tests."""
    if isinstance(tree, And):
        return and_(*(combined(term, leaf) for term in tree.terms))
    if isinstance(tree, Or):
        return or_(*(combined(term, leaf) for term in tree.terms))
    if isinstance(tree, Not):
        return not_(combined(tree.term, leaf))
    return leaf(tree)


def of_any(test: Test, exists: Callable[[Test], Condition]) -> Condition:
    """Return the condition of a test over many values, from ``exists`` for one that some value must pass."""
    if isinstance(test, Present):
        return exists(test)
    if test.key is None:
        present = exists(Present(test.path, test.multi_valued, test.type, test.attribute))
        return present if test.operator == "ne" else not_(present)
    if test.operator == "ne":
        return not_(exists(replace(test, operator="eq")))
    return exists(test)


def fits(json: JsonSql, test: Test, value: ColumnElement[Any]) -> Condition:
    """Return the condition of a test on a value that is NULL where nothing is assigned."""
    if isinstance(test, Present):
        return value.is_not(None)
    if test.key is None:
        return value.is_(None) if test.operator == "eq" else value.is_not(None)
    if test.operator == "ne":
        return not_(and_(value.is_not(None), value == json.operand(test.key, test.type)))
    return and_(value.is_not(None), _compared(json, test, value))


def _compared(json: JsonSql, test: Comparison, value: ColumnElement[Any]) -> Condition:
    key: Any = test.key
    if test.operator in _SUBSTRING:
        return true() if key == "" else _SUBSTRING[test.operator](json, value, key)
    if test.operator == "eq":
        return value == json.operand(key, test.type)
    return _ORDER[test.operator](json.ordered(value, test.type), json.operand(key, test.type))


def _starts_with(json: JsonSql, value: ColumnElement[Any], key: str) -> Condition:
    """A range that an index can answer, and the exact test behind it."""
    exact = func.substr(value, 1, len(key)) == key
    bounds = [json.ordered(value, "string") >= key]
    last = ord(key[-1])
    if last < 0x10FFFF and not 0xD7FF <= last < 0xDFFF:
        bounds.append(json.ordered(value, "string") < key[:-1] + chr(last + 1))
    return and_(*bounds, exact)


_SUBSTRING: Mapping[str, Callable[[JsonSql, ColumnElement[Any], str], Condition]] = {
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
