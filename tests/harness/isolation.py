"""What reaches beyond one tenant: SQL statements without a tenant condition.

A statement is confined when every table in it that has a ``tenant_id`` has it equal to a value, directly or through
the ``tenant_id`` of another confined table; an INSERT names it among its columns. The text is read tolerantly (no
grammar of SQL), but a condition counts only where it holds for every row: in ``WHERE`` or ``ON``, not beside ``OR``,
not under ``NOT``, and for an outer join only on its inner side.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from app.database import Model

ROOT = Path(__file__).resolve().parents[2]

#: Function of the product → why its statements may see every tenant. Each row was reviewed; keep it short.
ALLOWED: dict[str, str] = {}

_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|::\s*\w+(?:\(\d+\))?(?:\[\])?)
      | (?P<never>\b0\ =\ 1\b)
      | (?P<value>'(?:[^']|'')*'|%\(\w+\)s|\?|:\w+|\$\d+|\d[\w.]*)
      | (?P<name>(?:"[^"]+"|[A-Za-z_]\w*)(?:\.(?:"[^"]+"|\w+|\*))*)
      | (?P<mark>[<>=!|\#@&~+\-*/%]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_QUERY = {"SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE"}
_SET_OPERATORS = {"UNION", "INTERSECT", "EXCEPT"}
_TABLES = {"FROM", "JOIN", "UPDATE", "INTO", "USING"}
_CLAUSES = {
    *_QUERY, *_SET_OPERATORS, *_TABLES, "ON", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "SET",
    "RETURNING", "FOR", "WINDOW",
}  # fmt: skip
_NO_ALIAS = {"LEFT", "RIGHT", "FULL", "OUTER", "INNER", "CROSS", "NATURAL", "AS", "DEFAULT"}
_VALUE, _NEVER = "<value>", "false"
#: What names one tenant in the table of tenants, which has no tenant_id.
_TENANT_KEYS = {"id", "slug", "token_key", "public_id"}

Item = Any  # a word, or the items between two parentheses


@dataclass(frozen=True)
class Offence:
    """A statement that reaches beyond one tenant: its text, the tables it does so with, and who sent it."""

    text: str
    tables: tuple[str, ...]
    sender: str

    def __str__(self) -> str:
        return f"{self.sender} reaches every tenant's {', '.join(self.tables)}:\n{self.text}"


@dataclass
class _Scope:
    """One SELECT, INSERT, UPDATE or DELETE: its tables by alias, what is equal in it, the queries inside it."""

    tables: list[tuple[str, str]] = field(default_factory=list)
    written: list[tuple[str, Item]] = field(default_factory=list)
    #: (an alias, what confines it: another alias or ``_VALUE``).
    confines: list[tuple[str, str]] = field(default_factory=list)
    inner: list[list[Item]] = field(default_factory=list)
    #: True with ``WHERE false``: it reads no row at all.
    is_empty: bool = False


@contextmanager
def watched() -> Iterator[list[Offence]]:
    """Give the list that fills with the offences of every statement the product sends meanwhile."""
    offences: list[Offence] = []

    def look(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        tables = unconfined(text)
        if tables and (sender := _sender()) and sender not in ALLOWED:
            offences.append(Offence(text, tables, sender))

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield offences
    finally:
        event.remove(Engine, "before_cursor_execute", look)


def _sender() -> str | None:
    """Return the function of the product that sends a statement as ``module:function``; None for a test's own."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT / "tests"):
            return None
        if path.is_relative_to(ROOT / "app") and path.name != "prepared.py":
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            return f"{module}:{frame.f_code.co_qualname}"
        frame = frame.f_back
    return None


@lru_cache(maxsize=8192)
def unconfined(text: str) -> tuple[str, ...]:
    """Return the tables of which a statement reads or writes rows of every tenant; empty for a confined one."""
    return tuple(sorted(set(_unconfined(_grouped(text), frozenset()))))


def _unconfined(items: list[Item], around: frozenset[str]) -> Iterator[str]:
    """Yield tables without a tenant condition; ``around`` are the confined aliases of the query around this one."""
    for query in _split(items, _SET_OPERATORS):
        scope = _Scope()
        _read(query, scope, first="FROM" if not _is_query(query) else "")
        if scope.is_empty:
            continue
        own = {alias for alias, _ in scope.tables}
        confined = {_VALUE, *(around - own), *_derived(scope)}
        while fresh := {alias for alias, by in scope.confines if by in confined} - confined:
            confined |= fresh
        yield from (table for alias, table in scope.tables if table in _owned() and alias not in confined)
        yield from (
            table for table, columns in scope.written if table in _owned() and "tenant_id" not in columns
        )
        for each in scope.inner:
            yield from _unconfined(each, frozenset(confined))


def _derived(scope: _Scope) -> set[str]:
    """Return the aliases of subqueries and WITH: what they hold was looked at where they are written."""
    return {alias for alias, table in scope.tables if table not in _owned() and table != "tenant"}


@lru_cache(maxsize=1)
def _owned() -> frozenset[str]:
    return frozenset(table.name for table in Model.metadata.tables.values() if "tenant_id" in table.c)


# --- reading the text


def _grouped(text: str) -> list[Item]:
    """Return the words of a statement, those between parentheses as lists; values as ``_VALUE``."""
    stack: list[list[Item]] = [[]]
    for found in _TOKEN.finditer(text):
        kind, word = found.lastgroup, found.group()
        if kind == "skip":
            continue
        if word == "(":
            stack.append([])
        elif word == ")" and len(stack) > 1:
            group = stack.pop()
            stack[-1].append(group)
        else:
            stack[-1].append({"value": _VALUE, "never": _NEVER}.get(str(kind), word.replace('"', "")))
    return stack[0]


def _is_query(items: list[Item]) -> bool:
    return bool(items) and _word(items[0]) in _QUERY


def _word(item: Item) -> str:
    return item.upper() if isinstance(item, str) else ""


def _split(items: list[Item], words: Iterable[str]) -> Iterator[list[Item]]:
    part: list[Item] = []
    for item in items:
        if _word(item) in words:
            yield part
            part = []
        else:
            part.append(item)
    yield part


def _clauses(items: list[Item], first: str) -> Iterator[tuple[str, list[Item], bool]]:
    """Yield clause by clause: its word, its items, and whether it is the right side of an outer join."""
    word, part, is_outer = first, [], False
    for place, item in enumerate(items):
        here = _word(item)
        before = _word(items[place - 1]) if place else ""
        is_call = place + 1 < len(items) and isinstance(items[place + 1], list) and here in ("LEFT", "SET")
        starts = here in _CLAUSES and not is_call
        if (before, here) in {("DISTINCT", "FROM"), ("FOR", "UPDATE"), ("DO", "UPDATE")}:
            starts = False
        if not starts:
            part.append(item)
            continue
        yield word, part, is_outer
        if here == "JOIN":
            is_outer = any(_word(each) in ("LEFT", "RIGHT", "FULL") for each in part[-2:])
        elif here != "ON":
            is_outer = False
        word, part = here, []
    yield word, part, is_outer


def _read(items: list[Item], scope: _Scope, first: str) -> None:
    joined: set[str] = set()
    for word, part, is_outer in _clauses(items, first):
        if word in _TABLES:
            before = len(scope.tables)
            for each in _split(part, {","}):
                _read_table(each, scope, is_written=word == "INTO")
            joined = {alias for alias, _ in scope.tables[before:]}
            continue
        for item in part:
            _find_queries(item, scope)
        if word in ("ON", "WHERE"):
            _read_condition(part, scope, joined if is_outer else None)
        scope.is_empty |= word == "WHERE" and [_NEVER] in list(_split(part, {"AND"}))


def _read_table(items: list[Item], scope: _Scope, *, is_written: bool) -> None:
    items = [item for item in items if _word(item) not in ("LATERAL", "ONLY")]
    if not items:
        return
    head, rest = items[0], items[1:]
    if is_written:
        scope.written.append((head, rest[0] if rest and isinstance(rest[0], list) else []))
        return
    names = [item for item in rest if isinstance(item, str) and _word(item) not in _NO_ALIAS]
    if isinstance(head, list) and not _is_query(head):
        _read(head, scope, first="FROM")
        return
    is_call = bool(rest) and isinstance(rest[0], list)
    for item in items:
        _find_queries(item, scope)
    table = head if isinstance(head, str) and not is_call else "<derived>"
    scope.tables.append((names[0] if names else str(head), table))


def _find_queries(item: Item, scope: _Scope) -> None:
    if not isinstance(item, list):
        return
    if _is_query(item):
        scope.inner.append(item)
        return
    for each in item:
        _find_queries(each, scope)


def _read_condition(items: list[Item], scope: _Scope, joined: set[str] | None) -> None:
    """Note what a condition makes equal; of an outer join's, only what holds for the tables it joins."""
    if any(_word(item) == "OR" for item in items):
        return
    for place, item in enumerate(items):
        if isinstance(item, list) and not _is_query(item):
            before = _word(items[place - 1]) if place else "AND"
            if before in ("AND", ""):
                _read_condition(item, scope, joined)
        elif item == "=" and 0 < place < len(items) - 1:
            left, right = _side(items[place - 1], scope), _side(items[place + 1], scope)
            for alias, by in ((left, right), (right, left)):
                if alias not in ("", _VALUE) and by and (joined is None or alias in joined):
                    scope.confines.append((alias, by))


def _side(item: Item, scope: _Scope) -> str:
    """Return the alias whose tenant is one side of an equation, ``_VALUE`` for a value, empty for anything else."""
    if item == _VALUE or (isinstance(item, list) and _is_query(item)):
        return _VALUE
    alias, _, column = item.rpartition(".") if isinstance(item, str) else ("", "", "")
    if not alias and column == "tenant_id" and len(scope.tables) == 1:
        alias = scope.tables[0][0]
    is_tenant = dict(scope.tables).get(alias) == "tenant"
    return alias if column == "tenant_id" or (is_tenant and column in _TENANT_KEYS) else ""
