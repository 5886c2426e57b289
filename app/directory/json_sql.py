"""The few JSON and text functions that SQLite and PostgreSQL spell differently."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Boolean, ColumnElement, Numeric, String, Text, column, func, literal, text
from sqlalchemy.dialects.postgresql import JSONB


class JsonSql(Protocol):
    """How one database reads the comparison document; every method returns an SQL expression."""

    def value(self, document: Any, names: Sequence[str], type_: str) -> ColumnElement[Any]:
        """The scalar under ``names`` in the type of the attribute, NULL when it is not there."""

    def entries(self, document: Any, names: Sequence[str], alias: str) -> Any:
        """The entries of the list under ``names``, as a FROM item with a column ``value``."""

    def entry_value(self, entry: Any, name: str | None, type_: str) -> ColumnElement[Any]:
        """The member ``name`` of an entry, or the entry itself."""

    def operand(self, key: Any, type_: str) -> Any:
        """The comparison key as a bound value."""

    def position(self, haystack: ColumnElement[Any], needle: str) -> ColumnElement[Any]:
        """Where ``needle`` starts in the text, 0 when it is not in it."""

    def end(self, haystack: ColumnElement[Any], length: int) -> ColumnElement[Any]:
        """The last ``length`` characters of the text."""

    def ordered(self, value: ColumnElement[Any], type_: str) -> ColumnElement[Any]:
        """The value as greater and less must see it."""


class _Sqlite:
    def value(self, document: Any, names: Sequence[str], type_: str) -> ColumnElement[Any]:
        return func.json_extract(document, _sqlite_path(names), type_=String())

    def entries(self, document: Any, names: Sequence[str], alias: str) -> Any:
        return func.json_each(document, _sqlite_path(names)).table_valued("value", name=alias)

    def entry_value(self, entry: Any, name: str | None, type_: str) -> ColumnElement[Any]:
        return (
            entry.c.value
            if name is None
            else func.json_extract(entry.c.value, _sqlite_path([name]), type_=String())
        )

    def operand(self, key: Any, type_: str) -> Any:
        return literal(int(key) if isinstance(key, bool) else key)

    def position(self, haystack: ColumnElement[Any], needle: str) -> ColumnElement[Any]:
        return func.instr(haystack, needle)

    def end(self, haystack: ColumnElement[Any], length: int) -> ColumnElement[Any]:
        return func.substr(haystack, -length)

    def ordered(self, value: ColumnElement[Any], type_: str) -> ColumnElement[Any]:
        return value


def _sqlite_path(names: Sequence[str]) -> str:
    return "$" + "".join(f'."{name}"' for name in names)


class _Postgresql:
    def value(self, document: Any, names: Sequence[str], type_: str) -> ColumnElement[Any]:
        return _typed(func.jsonb_extract_path_text(document, *_texts(names), type_=Text()), type_)

    def entries(self, document: Any, names: Sequence[str], alias: str) -> Any:
        found = func.jsonb_extract_path(document, *_texts(names))
        return func.jsonb_array_elements(found).table_valued(column("value", JSONB), name=alias)

    def entry_value(self, entry: Any, name: str | None, type_: str) -> ColumnElement[Any]:
        if name is None:
            return _typed(entry.c.value.op("#>>", return_type=Text())(text("'{}'")), type_)
        return _typed(func.jsonb_extract_path_text(entry.c.value, *_texts([name]), type_=Text()), type_)

    def operand(self, key: Any, type_: str) -> Any:
        if isinstance(key, int | float) and not isinstance(key, bool):
            return literal(Decimal(repr(key)), Numeric())
        return literal(key)

    def position(self, haystack: ColumnElement[Any], needle: str) -> ColumnElement[Any]:
        return func.strpos(haystack, needle)

    def end(self, haystack: ColumnElement[Any], length: int) -> ColumnElement[Any]:
        return func.right(haystack, length)

    def ordered(self, value: ColumnElement[Any], type_: str) -> ColumnElement[Any]:
        return value.collate("C") if type_ in ("string", "reference", "dateTime") else value


def _texts(names: Sequence[str]) -> list[ColumnElement[str]]:
    return [literal(name, Text()) for name in names]


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
