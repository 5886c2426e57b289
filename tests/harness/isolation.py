"""What reaches beyond one tenant: SQL statements without a tenant condition.

A statement is confined when every table in it that has a ``tenant_id`` has it equal to a value, directly or through
the ``tenant_id`` of another confined table; an INSERT names it among its columns. The text is read tolerantly (no
grammar of SQL), but a condition counts only where it holds for every row: in ``WHERE`` or ``ON``, not beside ``OR``,
not under ``NOT``, and for an outer join only on its inner side.
"""

from __future__ import annotations

import os
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

_ROOT = str(Path(__file__).resolve().parents[2]) + os.sep
_TESTS, _APP = _ROOT + "tests" + os.sep, _ROOT + "app" + os.sep
_PREPARED = _APP + "prepared.py"

#: Function of the product → why its statements may see every tenant. Each row was reviewed; keep it short.
ALLOWED: dict[str, str] = {
    "app.access.audit:tenants_to_seal": "the sealer asks which tenants' chains have unsealed rows",
    "app.notices.deliveries:due_tenants": "the scheduler asks whose notices are due, and wakes a worker for each",
    "app.notices.letters:due_tenants": "the scheduler asks whose letters are due, and wakes a worker for each",
    "app.provisioning.ticks:crowded": "the scheduler asks at which targets a second worker would help",
    "app.provisioning.ticks:due_targets": "the scheduler asks whose targets are due, and wakes a worker for each",
    "app.sources.runs:due": "workers ask which runs nobody works on, and claim each within its tenant",
    "app.sources.inbox:waiting": "the scheduler asks whose webhook deliveries are due, and starts a run for each",
    "app.sources.starting:due_sources": "the scheduler asks whose imports are due, and starts each within its tenant",
}

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


@dataclass(frozen=True)
class Reach:
    """The tenants' tables that a statement uses, and those of which it uses rows of every tenant."""

    tables: frozenset[str]
    unconfined: tuple[str, ...]


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
    unconfined: frozenset[str] | set[str] = frozenset()

    def named(self) -> set[str]:
        """Return the tables that are read or written here."""
        return {table for _, table in self.tables} | {table for table, _ in self.written}


@dataclass
class Watch:
    """What the product sent: its offences, the tenants' tables it used, the rows of ``ALLOWED`` it needed."""

    offences: list[Offence] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
    excused: set[str] = field(default_factory=set)

    def taken(self) -> list[Offence]:
        """Return the offences so far, each text once, and forget them."""
        found, self.offences = self.offences, []
        return list(dict.fromkeys(found))


@contextmanager
def watched() -> Iterator[Watch]:
    """Give what fills with the product's statements on every engine of this process meanwhile."""
    watch = Watch()

    def look(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        found = reach(text)
        watch.tables |= found.tables
        if not found.unconfined or (sender := _sender()) is None:
            return
        if sender in ALLOWED:
            watch.excused.add(sender)
        else:
            watch.offences.append(Offence(text, found.unconfined, sender))

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield watch
    finally:
        event.remove(Engine, "before_cursor_execute", look)


def owned() -> frozenset[str]:
    """Return the names of the tables whose rows belong to a tenant."""
    return frozenset(table.name for table in Model.metadata.tables.values() if "tenant_id" in table.c)


def _sender() -> str | None:
    """Return the function of the product that sends a statement as ``module:function``; None for a test's own."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(_TESTS):
            return None
        if path.startswith(_APP) and path != _PREPARED:
            module = path.removesuffix(".py").removeprefix(_APP).replace(os.sep, ".")
            return f"app.{module}:{frame.f_code.co_qualname}"
        frame = frame.f_back
    return None


@lru_cache(maxsize=8192)
def reach(text: str) -> Reach:
    """Return what a statement reaches."""
    scopes = list(_scopes(_grouped(text), frozenset(), owned()))
    tables = {table for scope in scopes for table in scope.named()} & owned()
    unconfined = {table for scope in scopes for table in scope.unconfined}
    return Reach(frozenset(tables), tuple(sorted(unconfined)))


def _scopes(items: list[Item], around: frozenset[str], mine: frozenset[str]) -> Iterator[_Scope]:
    """Yield the queries in ``items`` and those inside them, judged; ``around`` is confined outside of them."""
    for query in _split(items, _SET_OPERATORS):
        scope = _Scope()
        _read(query, scope, first="")
        own = {alias for alias, _ in scope.tables}
        # A subquery or WITH holds what was judged where it is written.
        derived = {alias for alias, table in scope.tables if table not in mine and table != "tenant"}
        confined = {_VALUE, *(around - own), *derived}
        while fresh := {alias for alias, by in scope.confines if by in confined} - confined:
            confined |= fresh
        if not scope.is_empty:
            loose = {table for alias, table in scope.tables if alias not in confined}
            blind = {table for table, columns in scope.written if "tenant_id" not in columns}
            scope.unconfined = (loose | blind) & mine
        yield scope
        for each in scope.inner:
            yield from _scopes(each, frozenset(confined), mine)


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
