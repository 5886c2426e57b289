"""Statements of SQLAlchemy Core, compiled once per dialect and then handed to the driver as they are.

SQLAlchemy's own execution costs some 35 µs a statement beside the 6 µs of the driver, and a write has seven of them
(docs/decisions). Core stays the one language in which statements are written, and listeners of
``before_cursor_execute`` hear of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import Select

Row = tuple[Any, ...]
_Convert = Callable[[Any], Any]


class Prepared:
    """A statement whose parameters all have names; what it returns are plain tuples in the order of its columns.

    :param statement: the statement, or what makes it from the dialect's name (``sqlite``, ``postgresql``).
    """

    def __init__(self, statement: Executable | Callable[[str], Executable]) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Row]:
        """Return all rows; raises what SQLAlchemy raises."""
        form, cursor = self._executed(connection, parameters)
        try:
            found: list[Row] = cursor.fetchall()
        except connection.dialect.loaded_dbapi.Error as error:
            raise _translated(connection, form.text, error) from error
        return found if form.reads is None else [form.read(row) for row in found]

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Row | None:
        """Return the first row or None; the statement has one at most."""
        found = self.rows(connection, parameters)
        return found[0] if found else None

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> int:
        """Execute what returns nothing; return the number of rows it wrote."""
        count: int = self._executed(connection, parameters)[1].rowcount
        return count

    def _executed(self, connection: Connection, parameters: Mapping[str, Any]) -> tuple[_Form, Any]:
        form = self._forms.get(connection.dialect.name) or self._compiled(connection.dialect)
        listeners = connection.dispatch.before_cursor_execute
        if listeners:
            listeners(connection, None, form.text, parameters, None, False)
        try:
            return form, _driver(connection).execute(form.text, form.bound(parameters))
        except connection.dialect.loaded_dbapi.Error as error:
            raise _translated(connection, form.text, error) from error

    def _compiled(self, dialect: Dialect) -> _Form:
        statement = self._statement
        if not isinstance(statement, Executable):
            statement = statement(dialect.name)
        return self._forms.setdefault(dialect.name, _Form(statement, dialect))


class _Form:
    """A statement in one dialect: its text, how parameters go in, how columns come out."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        binds = {compiled.bind_names[bind]: bind for bind in compiled.binds.values()}
        self._names: tuple[str, ...] = tuple(compiled.positiontup or binds)
        self._is_positional = bool(compiled.positional)
        self._fixed = {
            name: self._converted(bind, dialect) for name, bind in binds.items() if not bind.required
        }
        self._writes = {
            name: convert
            for name, bind in binds.items()
            if bind.required
            and (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        reads: list[_Convert | None] = [
            column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in (statement.selected_columns if isinstance(statement, Select) else ())
        ]
        self.reads = reads if any(reads) else None

    @staticmethod
    def _converted(bind: Any, dialect: Dialect) -> Any:
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        return bind.value if convert is None else convert(bind.value)

    def bound(self, given: Mapping[str, Any]) -> Any:
        """Return the parameters as the driver takes them."""
        if self._writes or self._fixed:
            given = {**self._fixed, **given}
            for name, convert in self._writes.items():
                given[name] = convert(given[name])
        return tuple([given[name] for name in self._names]) if self._is_positional else given

    def read(self, row: Row) -> Row:
        """Return a row with its columns in the types of the tables."""
        return tuple(
            [
                value if convert is None else convert(value)
                for convert, value in zip(self.reads or (), row, strict=True)
            ]
        )


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _translated(connection: Connection, text: str, error: Exception) -> BaseException:
    """Return SQLAlchemy's form of a driver's error; a connection that is lost is thrown away, as it would do."""
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(error, _driver(connection), None)  # type: ignore[arg-type]
    if is_lost:
        connection.invalidate(error)
    return DBAPIError.instance(
        text,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=dialect,
    )
