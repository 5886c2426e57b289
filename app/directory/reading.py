"""Reads of the directory: employees by id, by what they are called, in order, and how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, func, select

from app.directory import documents, search
from app.directory.recording import EMPLOYEES
from app.directory.search import Scope
from app.directory.tables import Counter, EmployeeEmail, EmployeeRow, ExternalId, Revision
from app.directory.writing import Employee
from scim.filter_tree import Comparison, Filter
from scim.keys import comparison_key

_employee, _email, _external = EmployeeRow.__table__, EmployeeEmail.__table__, ExternalId.__table__
_counter, _revision = Counter.__table__, Revision.__table__

_COLUMNS = [
    _employee.c[name]
    for name in ("id", "version", "active", "wire", "on_request", "created_at", "last_modified")
]
_BY_ID = select(*_COLUMNS).where(
    _employee.c.tenant_id == bindparam("tenant_id"), _employee.c.id == bindparam("employee_id")
)
_BY_IDS = select(*_COLUMNS).where(
    _employee.c.tenant_id == bindparam("tenant_id"), _employee.c.id.in_(bindparam("ids", expanding=True))
)
_CHUNK = 500


def get(connection: Connection, tenant_id: int, employee_id: str) -> Employee | None:
    """Return the employee, or None."""
    row = connection.execute(_BY_ID, {"tenant_id": tenant_id, "employee_id": employee_id}).first()
    return _employee_of(tenant_id, row) if row else None


def get_many(connection: Connection, tenant_id: int, ids: Iterable[str]) -> dict[str, Employee]:
    """Return id → employee for those of ``ids`` that exist."""
    wanted, found = list(ids), {}
    for start in range(0, len(wanted), _CHUNK):
        parameters = {"tenant_id": tenant_id, "ids": wanted[start : start + _CHUNK]}
        for row in connection.execute(_BY_IDS, parameters):
            found[row.id] = _employee_of(tenant_id, row)
    return found


def _employee_of(tenant_id: int, row: Any) -> Employee:
    document = documents.joined(row.wire, row.on_request)
    return Employee(
        tenant_id, row.id, row.version, row.active, document, row.created_at, row.last_modified, row.wire
    )


def ids_by_user_name(connection: Connection, tenant_id: int, user_name: str) -> list[str]:
    """Return the ids (one or none) of the employee with this userName, whatever its case."""
    return _ids_where(connection, tenant_id, _employee.c.user_name_key == comparison_key(user_name))


def ids_by_employee_number(connection: Connection, tenant_id: int, number: str) -> list[str]:
    """Return the ids of the employees with this employee number."""
    return _ids_where(connection, tenant_id, _employee.c.employee_number_key == comparison_key(number))


def _ids_where(connection: Connection, tenant_id: int, condition: Any) -> list[str]:
    query = (
        select(_employee.c.id).where(_employee.c.tenant_id == tenant_id, condition).order_by(_employee.c.id)
    )
    return list(connection.scalars(query))


#: Neither distinct nor ordered: SQLite would then walk the whole tenant instead of the index of addresses.
_BY_WORK_EMAIL = select(_email.c.employee_id).where(
    _email.c.tenant_id == bindparam("tenant_id"), _email.c.key == bindparam("key"), _email.c.type == "work"
)


def ids_by_work_email(connection: Connection, tenant_id: int, address: str) -> list[str]:
    """Return the ids of the employees who have this address among their work e-mails."""
    return sorted(
        set(connection.scalars(_BY_WORK_EMAIL, {"tenant_id": tenant_id, "key": comparison_key(address)}))
    )


def ids_by_any_email(connection: Connection, tenant_id: int, address: str) -> list[str]:
    """Return the ids of the employees who have this address under whatever type."""
    query = select(_email.c.employee_id).where(
        _email.c.tenant_id == tenant_id, _email.c.key == comparison_key(address)
    )
    return sorted(set(connection.scalars(query)))


def iterate_ids(connection: Connection, tenant_id: int, after: str | None, limit: int) -> list[str]:
    """Return up to ``limit`` employee ids in order of creation, those after ``after``."""
    query = select(_employee.c.id).where(_employee.c.tenant_id == tenant_id, _employee.c.id > (after or ""))
    return list(connection.scalars(query.order_by(_employee.c.id).limit(limit)))


_TOTAL = select(func.sum(_counter.c.number)).where(
    _counter.c.tenant_id == bindparam("tenant_id"), _counter.c.resource == bindparam("resource")
)


def total(connection: Connection, tenant_id: int, resource: str = EMPLOYEES) -> int:
    """Return how many resources of a kind the tenant has, from the counters."""
    return int(connection.scalar(_TOTAL, {"tenant_id": tenant_id, "resource": resource}) or 0)


def external_ids(connection: Connection, tenant_id: int, employee_id: str) -> dict[int, str]:
    """Return client id → what that client calls the employee."""
    query = select(_external.c.client_id, _external.c.value).where(
        _external.c.tenant_id == tenant_id, _external.c.employee_id == employee_id
    )
    return {row.client_id: row.value for row in connection.execute(query)}


def owners(connection: Connection, tenant_id: int, employee_id: str) -> dict[str, str]:
    """Return value path → owner ("kind:id") of an employee's values."""
    query = select(_employee.c.owners).where(
        _employee.c.tenant_id == tenant_id, _employee.c.id == employee_id
    )
    owned: dict[str, str] = documents.loaded(connection.scalar(query))
    return owned


def revisions(connection: Connection, tenant_id: int, employee_id: str) -> list[dict[str, Any]]:
    """Return an employee's revisions, newest first: number, at, kind, actor, run_id, changes."""
    query = (
        select(_revision)
        .where(_revision.c.tenant_id == tenant_id, _revision.c.employee_id == employee_id)
        .order_by(_revision.c.number.desc())
    )
    return [
        {
            "number": row.number,
            "at": row.at,
            "kind": row.kind,
            "actor": row.actor,
            "run": row.run_id,
            "changes": documents.loaded(row.changes),
        }
        for row in connection.execute(query)
    ]


class WireRow(NamedTuple):
    """An employee as an answer needs it; ``external_id`` is what the asking client calls the person."""

    id: str
    version: int
    wire: str
    on_request: str | None
    created_at: str
    last_modified: str
    external_id: str | None


_OWN_EXTERNAL = and_(
    _external.c.tenant_id == _employee.c.tenant_id,
    _external.c.employee_id == _employee.c.id,
    _external.c.client_id == bindparam("client_id"),
)
_WIRE = select(
    *(_employee.c[name] for name in ("id", "version", "wire", "on_request", "created_at", "last_modified")),
    _external.c.value.label("external_id"),
).select_from(_employee.outerjoin(_external, _OWN_EXTERNAL))
_OF_TENANT = _employee.c.tenant_id == bindparam("tenant_id")
WIRE_BY_ID = _WIRE.where(_OF_TENANT, _employee.c.id == bindparam("key"))
_WIRE_PAGE = (
    _WIRE.where(_OF_TENANT).order_by(_employee.c.id).limit(bindparam("count")).offset(bindparam("offset"))
)
WIRE_BY_USER_NAME = _WIRE.where(_OF_TENANT, _employee.c.user_name_key == bindparam("key"))
#: What identity providers look people up by, each an index away and with at most one answer or a few.
_LOOK_UPS: dict[Any, Select[Any]] = {
    (None, "userName", None): WIRE_BY_USER_NAME,
    (None, "id", None): WIRE_BY_ID,
    (None, "externalId", None): _WIRE.where(_OF_TENANT, _external.c.value == bindparam("key")).order_by(
        _employee.c.id
    ),
}


def wire_row(connection: Connection, scope: Scope, employee_id: str) -> WireRow | None:
    """Return one employee ready to be spliced into an answer, or None."""
    parameters = {"tenant_id": scope.tenant_id, "client_id": scope.client_id, "key": employee_id}
    found = connection.execute(WIRE_BY_ID, parameters).first()
    return WireRow._make(found) if found else None


def look_up(connection: Connection, scope: Scope, tree: Filter) -> list[WireRow] | None:
    """Return everyone who fits an equality filter on a name or id, or None when the filter is of another form."""
    if not isinstance(tree, Comparison) or tree.operator != "eq" or tree.key is None:
        return None
    statement = _LOOK_UPS.get(tree.path)
    if statement is None:
        return None
    parameters = {"tenant_id": scope.tenant_id, "client_id": scope.client_id, "key": tree.key}
    return [WireRow._make(row) for row in connection.execute(statement, parameters)]


def page(
    connection: Connection, scope: Scope, tree: Filter | None, start_index: int, count: int
) -> tuple[int, list[WireRow]]:
    """Return (how many fit the filter, those of the page), in order of creation; ``start_index`` counts from 1."""
    parameters = {
        "tenant_id": scope.tenant_id,
        "client_id": scope.client_id,
        "count": count,
        "offset": start_index - 1,
    }
    if tree is None:
        number, statement = total(connection, scope.tenant_id), _WIRE_PAGE
    else:
        condition = search.condition(tree, scope, connection.dialect.name)
        fitting = select(func.count()).select_from(_employee).where(_OF_TENANT, condition)
        number = int(connection.scalar(fitting, {"tenant_id": scope.tenant_id}) or 0)
        statement = _WIRE_PAGE.where(condition)
    if count == 0 or start_index > number:
        return number, []
    return number, [WireRow._make(row) for row in connection.execute(statement, parameters)]
