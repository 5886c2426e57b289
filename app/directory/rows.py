"""The rows of one resource and the prebuilt statements that write them: document, e-mails, external ids."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, literal, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

from app.directory import documents
from app.directory.members import is_member
from app.directory.shelves import Shelf
from app.directory.tables import EmployeeEmail, ExternalId, SealedValue, UniqueValue
from app.directory.together import Recipe, Write, inserting
from app.directory.values import Document
from app.prepared import Prepared, Row

_email, _external = EmployeeEmail.__table__, ExternalId.__table__
_DIALECTS: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}
_CONTENT = ("version", "last_modified", "wire", "on_request", "compared", "owners")


class Statements:
    """The prebuilt statements of one shelf. Use :func:`statements_of`."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        table = shelf.table
        self._where = (*shelf.mine(), table.c.id == bindparam("b_id"))
        external = and_(
            _external.c.tenant_id == table.c.tenant_id,
            _external.c.resource_id == table.c.id,
            _external.c.client_id == bindparam("b_client"),
        )
        self.insert = Prepared(self._insert)
        self.hold = Prepared(
            select(
                *(table.c[name] for name in ("version", "wire", "on_request", "owners")),
                *(table.c[name] for name in ("created_at", "last_modified")),
                _external.c.value,
                is_member(table) if shelf.is_people else literal(0),
            )
            .select_from(table.outerjoin(_external, external))
            .where(*self._where)
            .with_for_update(of=table)
        )
        self.delete = Prepared(delete(table).where(*self._where))
        own = ("active",) if "active" in table.c else ()
        self.update = self._updating((*_CONTENT, *own))
        #: SQLite writes to the index of every column that is named, changed or not: a third of an update.
        self.update_with_keys = self._updating(
            (*_CONTENT, *own, *(name for name in table.c.keys() if name.endswith("_key")))  # noqa: SIM118
        )

    def _insert(self, dialect: str) -> Any:
        """An INSERT that writes nothing when the userName is taken, so that no savepoint is needed."""
        table = self._shelf.table
        statement = _DIALECTS[dialect].insert(table).values({c.name: bindparam(c.name) for c in table.c})
        if not self._shelf.is_people:
            return statement
        return statement.on_conflict_do_nothing(index_elements=["tenant_id", "user_name_key"])

    def _updating(self, columns: tuple[str, ...]) -> Recipe:
        table = self._shelf.table
        of_type = () if self._shelf.is_people else (table.c.type == self._shelf.name,)

        def recipe(_dialect: Any, prefix: str) -> Any:
            return (
                update(table)
                .where(table.c.tenant_id == bindparam(prefix + "tenant_id"), *of_type)
                .where(table.c.id == bindparam(prefix + "b_id"))
                .values({name: bindparam(prefix + name) for name in columns})
            )

        return recipe


@lru_cache(maxsize=256)
def statements_of(shelf: Shelf) -> Statements:
    """Return the statements of a shelf, the same ones every time."""
    return Statements(shelf)


def insert_row(connection: Connection, shelf: Shelf, row: dict[str, Any]) -> bool:
    """Insert a row; False, and nothing is written, when its userName is taken."""
    return statements_of(shelf).insert.run(connection, row) == 1


def hold(
    connection: Connection, shelf: Shelf, tenant_id: int, resource_id: str, client_id: int | None
) -> Row | None:
    """Return a resource's stored columns with the client's external id, the row locked; None: no such one."""
    parameters = {"tenant_id": tenant_id, "b_id": resource_id, "b_client": client_id}
    return statements_of(shelf).hold.first(connection, parameters)


def updated(shelf: Shelf, row: dict[str, Any], *, with_keys: bool) -> Write:
    """Return the update of the row of ``tenant_id`` and ``b_id``; its comparison keys only when they may differ."""
    statements = statements_of(shelf)
    return Write(statements.update_with_keys if with_keys else statements.update, row)


def delete_row(connection: Connection, shelf: Shelf, tenant_id: int, resource_id: str) -> None:
    """Delete a resource's row and all that hangs on it but its revisions."""
    key = {"tenant_id": tenant_id, "b_id": resource_id}
    for statement in (statements_of(shelf).delete, *_DELETE_HANGING):
        statement.run(connection, key)


_DELETE_HANGING = tuple(
    Prepared(
        delete(table).where(
            table.c.tenant_id == bindparam("tenant_id"), table.c.resource_id == bindparam("b_id")
        )
    )
    for table in (_external, SealedValue.__table__, UniqueValue.__table__)
)
_DELETE_EMAILS = Prepared(
    delete(_email).where(
        _email.c.tenant_id == bindparam("tenant_id"), _email.c.employee_id == bindparam("b_id")
    )
)
_MOST_AT_ONCE = 8


@lru_cache(maxsize=_MOST_AT_ONCE)
def _inserting_emails(number: int) -> Recipe:
    """The recipe of one INSERT of this many e-mails: a list of rows would be sent as a pipeline, at twice the time."""

    def recipe(_dialect: Any, prefix: str) -> Any:
        def row(n: int) -> Any:
            names = ("tenant_id", "employee_id", f"position_{n}", f"type_{n}", f"key_{n}")
            pairs = zip(names, _email.c, strict=True)
            return select(*(bindparam(prefix + name, type_=column.type) for name, column in pairs))

        return insert(_email).from_select(list(_email.c), union_all(*map(row, range(number))))

    return recipe


def emails(tenant_id: int, employee_id: str, document: Document) -> list[Write]:
    """Return the inserts of the document's e-mails, for an employee that has none yet."""
    found, writes = list(enumerate(documents.emails(document))), []
    for start in range(0, len(found), _MOST_AT_ONCE):
        row: dict[str, Any] = {"tenant_id": tenant_id, "employee_id": employee_id}
        some = found[start : start + _MOST_AT_ONCE]
        for n, (position, (kind, key)) in enumerate(some):
            row |= {f"position_{n}": position, f"type_{n}": kind, f"key_{n}": key}
        writes.append(Write(_inserting_emails(len(some)), row))
    return writes


def delete_emails(connection: Connection, tenant_id: int, employee_id: str) -> None:
    """Delete the employee's e-mails."""
    _DELETE_EMAILS.run(connection, {"tenant_id": tenant_id, "b_id": employee_id})


def external_id(tenant_id: int, client_id: int, resource_id: str, value: str | None) -> Write:
    """Return what writes what a client calls the resource; None removes it."""
    key = {"tenant_id": tenant_id, "client_id": client_id, "resource_id": resource_id}
    if value is None:
        return Write(_delete_external, key)
    return Write(_upsert_external, key | {"value": documents.bounded("externalId", value)})


def _upsert_external(dialect: Any, prefix: str) -> Any:
    statement = inserting(_external)(dialect, prefix)
    key = ["tenant_id", "client_id", "resource_id"]
    return statement.on_conflict_do_update(index_elements=key, set_={"value": statement.excluded.value})


def _delete_external(_dialect: Any, prefix: str) -> Any:
    key = (_external.c.tenant_id, _external.c.client_id, _external.c.resource_id)
    return delete(_external).where(*(column == bindparam(prefix + column.name) for column in key))
