"""The few JSON and text functions that SQLite and PostgreSQL spell differently."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Numeric,
    Select,
    String,
    Text,
    any_,
    cast,
    column,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, JSONPATH
from sqlalchemy.sql.expression import UnaryExpression
from sqlalchemy.sql.operators import custom_op

#: The way to a value: names of members, and places in lists from 0.
Steps = Sequence[str | int]
_TEXTS = frozenset({"string", "reference", "dateTime", "binary"})


class JsonSql(Protocol):
    """How one database reads the comparison document; every method returns an SQL expression."""

    def value(self, document: Any, steps: Steps, type_: str) -> ColumnElement[Any]:
        """The scalar under ``steps`` in the type of the attribute, NULL when it is not there."""

    def entries(self, document: Any, steps: Steps, alias: str) -> Any:
        """The entries of the list under ``steps``, as a FROM item with a column ``value``."""

    def entry_value(self, entry: Any, name: str | None, type_: str) -> ColumnElement[Any]:
        """The member ``name`` of an entry, or the entry itself."""

    def leading(self, document: Any, steps: Steps, inner: Steps, type_: str) -> ColumnElement[Any]:
        """The scalar under ``inner`` in the primary entry of the list under ``steps``, else in the first one."""

    def operand(self, key: Any, type_: str) -> Any:
        """The comparison key as a bound value."""

    def position(self, haystack: ColumnElement[Any], needle: str) -> ColumnElement[Any]:
        """Where ``needle`` starts in the text, 0 when it is not in it."""

    def end(self, haystack: ColumnElement[Any], length: int) -> ColumnElement[Any]:
        """The last ``length`` characters of the text."""

    def ordered(self, value: ColumnElement[Any], type_: str) -> ColumnElement[Any]:
        """The value as greater and less must see it."""

    def is_chosen(self, value: ColumnElement[Any], chosen: Select[Any]) -> ColumnElement[bool]:
        """True when a query, executed once, gives the value; for a page of ids."""

    def apart(self, value: Any) -> ColumnElement[Any]:
        """The value in a form that no index is looked for."""

    def as_type(self, value: ColumnElement[Any], type_: str) -> ColumnElement[Any]:
        """The value, or NULL, in the type of an attribute that another table may hold in another one."""


class _Sqlite:
    def value(self, document: Any, steps: Steps, type_: str) -> ColumnElement[Any]:
        return func.json_extract(document, _sqlite_path(steps), type_=String())

    def entries(self, document: Any, steps: Steps, alias: str) -> Any:
        return func.json_each(document, _sqlite_path(steps)).table_valued("value", name=alias)

    def entry_value(self, entry: Any, name: str | None, type_: str) -> ColumnElement[Any]:
        return (
            entry.c.value
            if name is None
            else func.json_extract(entry.c.value, _sqlite_path([name]), type_=String())
        )

    def leading(self, document: Any, steps: Steps, inner: Steps, type_: str) -> ColumnElement[Any]:
        entry = func.json_each(document, _sqlite_path(steps)).table_valued("key", "value", name="leading")
        is_primary = func.json_extract(entry.c.value, "$.primary").is_not_distinct_from(1)
        value = func.json_extract(entry.c.value, _sqlite_path(inner), type_=String())
        return select(value).order_by(is_primary.desc(), entry.c.key).limit(1).scalar_subquery()

    def operand(self, key: Any, type_: str) -> Any:
        return literal(int(key) if isinstance(key, bool) else key)

    def position(self, haystack: ColumnElement[Any], needle: str) -> ColumnElement[Any]:
        return func.instr(haystack, needle)

    def end(self, haystack: ColumnElement[Any], length: int) -> ColumnElement[Any]:
        return func.substr(haystack, -length)

    def ordered(self, value: ColumnElement[Any], type_: str) -> ColumnElement[Any]:
        return value

    def is_chosen(self, value: ColumnElement[Any], chosen: Select[Any]) -> ColumnElement[bool]:
        return value.in_(chosen)

    def apart(self, value: Any) -> ColumnElement[Any]:
        # It would rather walk all of an index than sort the few rows of a page.
        return UnaryExpression(value, operator=custom_op("+"), type_=value.type)

    def as_type(self, value: ColumnElement[Any], type_: str) -> ColumnElement[Any]:
        return value.cast(Text()) if type_ in _TEXTS else value


def _sqlite_path(steps: Steps) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in steps)


class _Postgresql:
    def value(self, document: Any, steps: Steps, type_: str) -> ColumnElement[Any]:
        return _typed(func.jsonb_extract_path_text(document, *_texts(steps), type_=Text()), type_)

    def entries(self, document: Any, steps: Steps, alias: str) -> Any:
        found = func.jsonb_extract_path(document, *_texts(steps))
        return func.jsonb_array_elements(found).table_valued(column("value", JSONB), name=alias)

    def entry_value(self, entry: Any, name: str | None, type_: str) -> ColumnElement[Any]:
        if name is None:
            return _typed(entry.c.value.op("#>>", return_type=Text())(text("'{}'")), type_)
        return _typed(func.jsonb_extract_path_text(entry.c.value, *_texts([name]), type_=Text()), type_)

    def leading(self, document: Any, steps: Steps, inner: Steps, type_: str) -> ColumnElement[Any]:
        entries = func.jsonb_extract_path(document, *_texts(steps), type_=JSONB())
        is_primary = cast(literal("$[*] ? (@.primary == true)", Text()), JSONPATH)
        first = func.jsonb_extract_path(entries, *_texts([0]), type_=JSONB())
        entry = func.coalesce(func.jsonb_path_query_first(entries, is_primary), first, type_=JSONB())
        return _typed(func.jsonb_extract_path_text(entry, *_texts(inner), type_=Text()), type_)

    def operand(self, key: Any, type_: str) -> Any:
        if isinstance(key, int | float) and not isinstance(key, bool):
            return literal(Decimal(repr(key)), Numeric())
        return literal(key)

    def position(self, haystack: ColumnElement[Any], needle: str) -> ColumnElement[Any]:
        return func.strpos(haystack, needle)

    def end(self, haystack: ColumnElement[Any], length: int) -> ColumnElement[Any]:
        return func.right(haystack, length)

    def ordered(self, value: ColumnElement[Any], type_: str) -> ColumnElement[Any]:
        return value.collate("C") if type_ in _TEXTS else value

    def is_chosen(self, value: ColumnElement[Any], chosen: Select[Any]) -> ColumnElement[bool]:
        # As IN (SELECT … LIMIT …) it may run once for each row of the table, before the first ANALYZE at least.
        return value == any_(func.array(chosen.scalar_subquery(), type_=ARRAY(value.type)))

    def apart(self, value: Any) -> ColumnElement[Any]:
        found: ColumnElement[Any] = value
        return found

    def as_type(self, value: ColumnElement[Any], type_: str) -> ColumnElement[Any]:
        return self.ordered(value.cast(Text()), type_) if type_ in _TEXTS else _typed(value, type_)


def _texts(steps: Steps) -> list[ColumnElement[str]]:
    return [literal(str(step), Text()) for step in steps]


def _typed(value: ColumnElement[Any], type_: str) -> ColumnElement[Any]:
    if type_ == "boolean":
        return value.cast(Boolean)
    if type_ in ("integer", "decimal"):
        return value.cast(Numeric)
    return value


_DIALECTS: dict[str, JsonSql] = {"sqlite": _Sqlite(), "postgresql": _Postgresql()}


def of(dialect: str) -> JsonSql:
    """Return the functions of a dialect, ``sqlite`` or ``postgresql``."""
    return _DIALECTS[dialect]
