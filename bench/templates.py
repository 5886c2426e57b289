"""People in a database by the million: the rows of a few, made through the directory, with other people's digits.

The rows are those that the directory writes for the same people (a test compares them). Their history, revisions and
audit rows, is left out: no read looks at it, and it would more than double what has to be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, Text, cast, insert, select

from app import clock, directory
from app.database import is_sqlite, writing
from app.directory.tables import Counter, EmployeeEmail, EmployeeRow, RosterLine
from app.identifiers import new_id
from bench.databases import Host, application
from bench.people import MARKS, PERIOD, Digits, person_with
from bench.seeding import Seeded, tenant_with_token
from scim.codec import codec_of
from scim.resources import user_type

_BATCH = 10_000
_TABLES: tuple[Table, ...] = (EmployeeRow.__table__, EmployeeEmail.__table__, RosterLine.__table__)
_counter = Counter.__table__
#: Between the texts of a template, and in none of them.
_SEPARATOR = "\x1f"

Row = Sequence[Any]


def seeded(host: Host, users: int) -> Seeded:
    """Return a new database with this many people."""
    url = host.create(f"people_{users}", None)
    with application(url, host.folder):
        tenant_id, token = tenant_with_token()
        ids = fill(tenant_id, users)
    return Seeded(url, ids, token)


def fill(tenant_id: int, users: int) -> list[str]:
    """Put the people with the numbers below ``users`` into a tenant that has none, and return their ids."""
    templates, counter = _templates(tenant_id, min(users, PERIOD))
    ids = [new_id() for _ in range(users)]
    people = iter(enumerate(ids))
    while batch := list(islice(people, _BATCH)):
        moment = clock.now()
        made = [templates[number % PERIOD].rows(Digits.of(number), key, moment) for number, key in batch]
        with writing() as connection:
            write = _write_sqlite if is_sqlite(connection) else _write_postgresql
            for table, rows in zip(_TABLES, zip(*made, strict=True), strict=True):
                write(connection, table, (row for some in rows for row in some))
    with writing() as connection:
        connection.execute(insert(_counter), counter | {"number": users})
    return ids


class _Template:
    """The rows of one person, by table. All texts lie in one string, so that a mark is replaced in all at once."""

    def __init__(self, rows: Sequence[Sequence[Row]], key: str, moment: str) -> None:
        self._key, self._moment = key, moment
        self._shape = [[[None if isinstance(v, str) else (v,) for v in row] for row in some] for some in rows]
        texts = [v for some in rows for row in some for v in row if isinstance(v, str)]
        self._text = _SEPARATOR.join(texts)

    def rows(self, digits: Digits, key: str, moment: str) -> list[list[Row]]:
        """Return the rows of the person with these digits and this id, created at this moment."""
        text = self._text.replace(self._key, key).replace(self._moment, moment)
        for mark, own in zip(MARKS, digits, strict=True):
            text = text.replace(mark, own)
        texts = iter(text.split(_SEPARATOR))
        return [
            [[next(texts) if kept is None else kept[0] for kept in row] for row in some]
            for some in self._shape
        ]


def _templates(tenant_id: int, number_of_kinds: int) -> tuple[list[_Template], dict[str, Any]]:
    """Return the templates and the counter's row of one person; nothing of them stays in the database."""
    codec, actor, found, counter = codec_of(user_type()), directory.Actor("client", "1"), [], dict[str, Any]()
    with writing() as connection:
        for number in range(number_of_kinds):
            document = codec.check(person_with(number, MARKS)).document
            attempt = connection.begin_nested()
            made = directory.create(connection, tenant_id, actor, document)
            rows = [_rows_of(connection, table, made.id) for table in _TABLES]
            counter = dict(connection.execute(select(_counter)).one()._mapping)
            attempt.rollback()
            found.append(_Template(rows, made.id, made.created_at))
    return found, counter


def _rows_of(connection: Connection, table: Table, key: str) -> list[Row]:
    """Return an employee's rows as the drivers take them: what filters look into is text on both databases."""
    employee = table.c["id" if table is EmployeeRow.__table__ else "employee_id"]
    columns = [cast(column, Text) if column.name == "compared" else column for column in table.c]
    return [tuple(row) for row in connection.execute(select(*columns).where(employee == key))]


def _write_sqlite(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    marks = ",".join("?" * len(table.c))
    _driver(connection).executemany(f"INSERT INTO {table.name} ({_names(table)}) VALUES ({marks})", rows)


def _write_postgresql(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Write without asking for each e-mail whether there is its employee: before any statistics that is a scan."""
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    with _driver(connection).cursor().copy(f"COPY {table.name} ({_names(table)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _names(table: Table) -> str:
    return ",".join(column.name for column in table.c)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
