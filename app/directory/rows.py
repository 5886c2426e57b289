"""The rows of one employee and the prebuilt statements that write them: document, e-mails, external ids."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.database import is_sqlite
from app.directory import documents
from app.directory.tables import EmployeeEmail, EmployeeRow, ExternalId
from app.directory.values import Document
from scim.resources import ENTERPRISE

_employee, _email, _external = EmployeeRow.__table__, EmployeeEmail.__table__, ExternalId.__table__
_DIALECTS: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}

#: Value path → column with a comparison key and an index.
KEYS = {
    "userName": "user_name_key",
    "displayName": "display_name_key",
    f"{ENTERPRISE}:employeeNumber": "employee_number_key",
}
_CONTENT = ("version", "active", "last_modified", "wire", "on_request", "compared", "owners")
_WHERE = (_employee.c.tenant_id == bindparam("b_tenant"), _employee.c.id == bindparam("b_id"))
_OWN_EXTERNAL = and_(
    _external.c.tenant_id == _employee.c.tenant_id,
    _external.c.employee_id == _employee.c.id,
    _external.c.client_id == bindparam("b_client"),
)


def _insert_statement(dialect: Any) -> Any:
    """An INSERT that writes nothing when the userName is taken, so that no savepoint is needed."""
    statement = dialect.insert(_employee).on_conflict_do_nothing(
        index_elements=["tenant_id", "user_name_key"]
    )
    return statement.execution_options(preserve_rowcount=True)


def _update_statement(columns: tuple[str, ...]) -> Any:
    return update(_employee).where(*_WHERE).values({name: bindparam(name) for name in columns})


def _external_statement(dialect: Any) -> Any:
    statement = dialect.insert(_external)
    key = ["tenant_id", "client_id", "employee_id"]
    return statement.on_conflict_do_update(index_elements=key, set_={"value": statement.excluded.value})


_INSERTS = {name: _insert_statement(dialect) for name, dialect in _DIALECTS.items()}
_UPDATE = _update_statement(_CONTENT)
#: SQLite writes to the index of every column that is named, changed or not: a third of an update.
_UPDATE_WITH_KEYS = _update_statement((*_CONTENT, *KEYS.values()))
_HOLD = (
    select(
        *(_employee.c[name] for name in ("version", "active", "wire", "on_request", "owners")),
        *(_employee.c[name] for name in ("created_at", "last_modified")),
        _external.c.value.label("external_id"),
    )
    .select_from(_employee.outerjoin(_external, _OWN_EXTERNAL))
    .where(*_WHERE)
    .with_for_update(of=_employee)
)
_DELETE = delete(_employee).where(*_WHERE)
_DELETE_EMAILS = delete(_email).where(
    _email.c.tenant_id == bindparam("b_tenant"), _email.c.employee_id == bindparam("b_id")
)
_SET_EXTERNAL = {name: _external_statement(dialect) for name, dialect in _DIALECTS.items()}
_DELETE_EXTERNAL = delete(_external).where(
    _external.c.tenant_id == bindparam("b_tenant"),
    _external.c.client_id == bindparam("b_client"),
    _external.c.employee_id == bindparam("b_id"),
)


def content(connection: Connection, document: Document) -> dict[str, Any]:
    """Return the columns that follow from a document alone."""
    compared = documents.comparison_document(document)
    return documents.columns(document) | {
        "compared": documents.dumped(compared) if is_sqlite(connection) else compared
    }


def insert_employee(connection: Connection, row: dict[str, Any]) -> bool:
    """Insert a row; False, and nothing is written, when its userName is taken."""
    return connection.execute(_INSERTS[connection.dialect.name], row).rowcount == 1


def hold(
    connection: Connection, tenant_id: int, employee_id: str, client_id: int | None
) -> Any:
    """Return an employee's stored columns with the client's external id, the employee locked; None: no such one."""
    return connection.execute(
        _HOLD, {"b_tenant": tenant_id, "b_id": employee_id, "b_client": client_id}
    ).first()


def update_employee(connection: Connection, row: dict[str, Any], *, with_keys: bool) -> None:
    """Update the row of ``b_tenant`` and ``b_id``, its comparison keys only when they are said to differ."""
    connection.execute(_UPDATE_WITH_KEYS if with_keys else _UPDATE, row)


def delete_employee(connection: Connection, tenant_id: int, employee_id: str) -> None:
    """Delete the employee's row, and by its foreign keys everything that hangs on it."""
    connection.execute(_DELETE, {"b_tenant": tenant_id, "b_id": employee_id})


_MOST_AT_ONCE = 8


@lru_cache(maxsize=_MOST_AT_ONCE)
def _insert_emails(number: int) -> Any:
    """One INSERT of this many e-mails; psycopg would send several as a pipeline, which takes twice the time."""
    return insert(_email).values(
        [
            {
                "tenant_id": bindparam("tenant_id"),
                "employee_id": bindparam("employee_id"),
                **{name: bindparam(f"{name}_{n}") for name in ("position", "type", "key")},
            }
            for n in range(number)
        ]
    )


def insert_emails(connection: Connection, tenant_id: int, employee_id: str, document: Document) -> None:
    """Insert the rows of the document's e-mails."""
    found = list(enumerate(documents.emails(document)))
    for start in range(0, len(found), _MOST_AT_ONCE):
        row: dict[str, Any] = {"tenant_id": tenant_id, "employee_id": employee_id}
        some = found[start : start + _MOST_AT_ONCE]
        for n, (position, (kind, key)) in enumerate(some):
            row |= {f"position_{n}": position, f"type_{n}": kind, f"key_{n}": key}
        connection.execute(_insert_emails(len(some)), row)


def replace_emails(connection: Connection, tenant_id: int, employee_id: str, document: Document) -> None:
    """Put the document's e-mails in the place of those that there are."""
    connection.execute(_DELETE_EMAILS, {"b_tenant": tenant_id, "b_id": employee_id})
    insert_emails(connection, tenant_id, employee_id, document)


def set_external_id(
    connection: Connection, tenant_id: int, client_id: int, employee_id: str, value: str | None
) -> None:
    """Write what a client calls the employee; None removes it."""
    if value is None:
        key = {"b_tenant": tenant_id, "b_client": client_id, "b_id": employee_id}
        connection.execute(_DELETE_EXTERNAL, key)
        return
    row = {"tenant_id": tenant_id, "client_id": client_id, "employee_id": employee_id, "value": value}
    connection.execute(_SET_EXTERNAL[connection.dialect.name], row)
