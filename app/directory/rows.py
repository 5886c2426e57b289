"""The rows of one employee and the prebuilt statements that write them: document, e-mails, external ids."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

from app.database import is_sqlite
from app.directory import documents
from app.directory.tables import EmployeeEmail, EmployeeRow, ExternalId
from app.directory.together import Recipe, Write, inserting
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


_INSERTS = {name: _insert_statement(dialect) for name, dialect in _DIALECTS.items()}
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


def content(connection: Connection, document: Document) -> dict[str, Any]:
    """Return the columns that follow from a document alone."""
    compared = documents.comparison_document(document)
    return documents.columns(document) | {
        "compared": documents.dumped(compared) if is_sqlite(connection) else compared
    }


def insert_employee(connection: Connection, row: dict[str, Any]) -> bool:
    """Insert a row; False, and nothing is written, when its userName is taken."""
    return connection.execute(_INSERTS[connection.dialect.name], row).rowcount == 1


def hold(connection: Connection, tenant_id: int, employee_id: str, client_id: int | None) -> Any:
    """Return an employee's stored columns with the client's external id, the employee locked; None: no such one."""
    return connection.execute(
        _HOLD, {"b_tenant": tenant_id, "b_id": employee_id, "b_client": client_id}
    ).first()


def updated(row: dict[str, Any], *, with_keys: bool) -> Write:
    """Return the update of the row of ``b_tenant`` and ``b_id``; its comparison keys only when they may differ."""
    return Write(_update_with_keys if with_keys else _update, row)


def _updating(columns: tuple[str, ...]) -> Recipe:
    def recipe(_dialect: Any, prefix: str) -> Any:
        return (
            update(_employee)
            .where(_employee.c.tenant_id == bindparam(prefix + "b_tenant"))
            .where(_employee.c.id == bindparam(prefix + "b_id"))
            .values({name: bindparam(prefix + name) for name in columns})
        )

    return recipe


_update = _updating(_CONTENT)
#: SQLite writes to the index of every column that is named, changed or not: a third of an update.
_update_with_keys = _updating((*_CONTENT, *KEYS.values()))


def delete_employee(connection: Connection, tenant_id: int, employee_id: str) -> None:
    """Delete the employee's row, and by its foreign keys everything that hangs on it."""
    connection.execute(_DELETE, {"b_tenant": tenant_id, "b_id": employee_id})


_MOST_AT_ONCE = 8


@lru_cache(maxsize=_MOST_AT_ONCE)
def _inserting_emails(number: int) -> Recipe:
    """The recipe of one INSERT of this many e-mails.

    psycopg would send a list of rows as a pipeline, which takes twice the time; and SQLAlchemy compiles an INSERT of
    several VALUES anew each time, but not one of a SELECT.
    """

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
    connection.execute(_DELETE_EMAILS, {"b_tenant": tenant_id, "b_id": employee_id})


def external_id(tenant_id: int, client_id: int, employee_id: str, value: str | None) -> Write:
    """Return what writes what a client calls the employee; None removes it."""
    key = {"tenant_id": tenant_id, "client_id": client_id, "employee_id": employee_id}
    return Write(_delete_external, key) if value is None else Write(_upsert_external, key | {"value": value})


def _upsert_external(dialect: Any, prefix: str) -> Any:
    statement = inserting(_external)(dialect, prefix)
    key = ["tenant_id", "client_id", "employee_id"]
    return statement.on_conflict_do_update(index_elements=key, set_={"value": statement.excluded.value})


def _delete_external(_dialect: Any, prefix: str) -> Any:
    key = (_external.c.tenant_id, _external.c.client_id, _external.c.employee_id)
    return delete(_external).where(*(column == bindparam(prefix + column.name) for column in key))
