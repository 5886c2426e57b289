"""Rows of any table as lines of JSON, the same for both databases: what a backup is made of.

The tables are those that the database has, not those that this version's code would have: a backup of an older schema
is read into that older schema first. A line is a list of values in the order of the columns; bytes are base64.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import ColumnElement

from app.database import Model, db, is_sqlite

PAGE = 1000
#: What belongs to running processes and browsers, and means nothing in another installation.
LEFT_OUT = frozenset({"lease", "drain", "session"})
#: Failed sign-ins at tenants that do not exist are counted under this one.
NOBODY = 0


@contextmanager
def snapshot() -> Iterator[Connection]:
    """Give a connection whose reads all see one moment, however long they take; writers are not held up."""
    with db.engine.connect() as connection, connection.begin():
        if not is_sqlite(connection):
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield connection


def tables(connection: Connection) -> list[Table]:
    """Return the product's tables as the database has them, those first that others refer to."""
    present = set(inspect(connection).get_table_names())
    metadata = MetaData()
    metadata.reflect(connection, only=sorted(present & (_ours() | _FORMER)))
    return [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]


#: Tables that a migration renamed or removed.
_FORMER = frozenset({"employee_secret"})


def _ours() -> frozenset[str]:
    return frozenset(Model.metadata.tables)


def tenant_ids(connection: Connection) -> list[int]:
    """Return the tenants' numbers, and the one of nobody."""
    if not inspect(connection).has_table("tenant"):
        return []
    return [NOBODY, *connection.scalars(select(Model.metadata.tables["tenant"].c.id))]


def of_tenant(table: Table, tenant_id: int) -> ColumnElement[bool]:
    """Return the condition of a tenant's rows in a table."""
    column = table.c.id if table.name == "tenant" else table.c.tenant_id
    return column == tenant_id


def lines(connection: Connection, table: Table, tenant_id: int) -> Iterator[str]:
    """Yield a tenant's rows of a table in the order of their keys."""
    columns = [cast(column, Text) if isinstance(column.type, JSONB) else column for column in table.c]
    writers = [_WRITERS.get(_form(column)) for column in table.c]
    query = select(*columns).where(of_tenant(table, tenant_id)).order_by(*table.primary_key)
    options = {"stream_results": True, "yield_per": PAGE}
    for row in connection.execute(query, execution_options=options):
        values = [
            value if writer is None or value is None else writer(value)
            for value, writer in zip(row, writers, strict=True)
        ]
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def load(connection: Connection, table: Table, names: list[str], rows: Iterable[str]) -> int:
    """Insert lines into a table, whose columns they hold in the order of ``names``; return how many there were."""
    readers = [_READERS.get(_form(table.c[name])) for name in names]
    statement = insert(table).values({name: _parameter(table.c[name]) for name in names})
    number, batch = 0, list[dict[str, Any]]()
    for line in rows:
        values = json.loads(line)
        batch.append(
            {
                f"b_{name}": value if reader is None or value is None else reader(value)
                for name, value, reader in zip(names, values, readers, strict=True)
            }
        )
        if len(batch) == PAGE:
            connection.execute(statement, batch)
            number, batch = number + PAGE, []
    if batch:
        connection.execute(statement, batch)
    _count_on(connection, table)
    return number + len(batch)


def clear(connection: Connection, known: list[Table]) -> None:
    """Delete every row of these tables, tenant by tenant."""
    for tenant_id in tenant_ids(connection):
        for table in reversed(known):
            connection.execute(delete(table).where(of_tenant(table, tenant_id)))


def _form(column: Column[Any]) -> str:
    if isinstance(column.type, JSONB):
        return "json"
    return "bytes" if isinstance(column.type, LargeBinary) else ""


def _compact(value: str) -> str:
    """PostgreSQL writes JSON with blanks; the other database is searched as text that has none."""
    return json.dumps(json.loads(value), ensure_ascii=False, separators=(",", ":"))


_WRITERS: dict[str, Callable[[Any], Any]] = {
    "json": _compact,
    "bytes": lambda value: base64.b64encode(value).decode(),
}
_READERS: dict[str, Callable[[Any], Any]] = {"bytes": base64.b64decode}


def _parameter(column: Column[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, JSONB):
        return cast(bindparam(f"b_{column.name}", type_=Text()), JSONB())
    return bindparam(f"b_{column.name}", type_=column.type)


def _count_on(connection: Connection, table: Table) -> None:
    """Have PostgreSQL number new rows behind those that were loaded with their numbers."""
    if is_sqlite(connection) or "id" not in table.c:
        return
    sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, "id")))
    if sequence is not None:
        highest = func.coalesce(select(func.max(table.c.id)).scalar_subquery(), 0) + 1
        connection.execute(select(func.setval(sequence, highest, False)))
