"""Reads of the directory: employees by id, by what they are called, in order, and how many resources there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from app.database import one_of
from app.directory import documents
from app.directory.recording import EMPLOYEES
from app.directory.schemas import user_type
from app.directory.tables import Counter, EmployeeEmail, EmployeeRow, ExternalId, ResourceRow, Revision
from app.directory.writing import Resource
from app.prepared import Prepared
from scim.keys import comparison_key
from scim.schema import ResourceType

_employee, _email, _external = EmployeeRow.__table__, EmployeeEmail.__table__, ExternalId.__table__
_counter, _revision, _resource = Counter.__table__, Revision.__table__, ResourceRow.__table__

_COLUMNS = [
    _employee.c[name] for name in ("id", "version", "wire", "on_request", "created_at", "last_modified")
]
_BY_ID = select(*_COLUMNS).where(
    _employee.c.tenant_id == bindparam("tenant_id"), _employee.c.id == bindparam("employee_id")
)
_BY_IDS = select(*_COLUMNS).where(
    _employee.c.tenant_id == bindparam("tenant_id"), one_of(_employee.c.id, "ids")
)


def get(connection: Connection, tenant_id: int, employee_id: str) -> Resource | None:
    """Return the employee, or None."""
    row = connection.execute(_BY_ID, {"tenant_id": tenant_id, "employee_id": employee_id}).first()
    return _employee_of(tenant_id, user_type(tenant_id, connection), row) if row else None


def get_many(connection: Connection, tenant_id: int, ids: Iterable[str]) -> dict[str, Resource]:
    """Return id → employee for those of ``ids`` that exist."""
    wanted = list(ids)
    if not wanted:
        return {}
    resource_type = user_type(tenant_id, connection)
    rows = connection.execute(_BY_IDS, {"tenant_id": tenant_id, "ids": wanted})
    return {row.id: _employee_of(tenant_id, resource_type, row) for row in rows}


def _employee_of(tenant_id: int, resource_type: ResourceType, row: Any) -> Resource:
    document = documents.joined(row.wire, row.on_request)
    return Resource(
        tenant_id,
        resource_type,
        row.id,
        row.version,
        document,
        row.created_at,
        row.last_modified,
        row.wire,
    )


def _ids_by(column: Any) -> Prepared:
    where = (_employee.c.tenant_id == bindparam("tenant_id"), column == bindparam("key"))
    return Prepared(select(_employee.c.id).where(*where).order_by(_employee.c.id))


#: Asked for every person whom an import adds.
_BY_USER_NAME, _BY_NUMBER = (
    _ids_by(_employee.c.user_name_key),
    _ids_by(_employee.c.employee_number_key),
)


def ids_by_user_name(connection: Connection, tenant_id: int, user_name: str) -> list[str]:
    """Return the ids (one or none) of the employee with this userName, whatever its case."""
    return _found(_BY_USER_NAME, connection, tenant_id, user_name)


def ids_by_employee_number(connection: Connection, tenant_id: int, number: str) -> list[str]:
    """Return the ids of the employees with this employee number."""
    return _found(_BY_NUMBER, connection, tenant_id, number)


def _found(query: Prepared, connection: Connection, tenant_id: int, text: str) -> list[str]:
    rows = query.rows(connection, {"tenant_id": tenant_id, "key": comparison_key(text)})
    return [row[0] for row in rows]


#: Neither distinct nor ordered: SQLite would then walk the whole tenant instead of the index of addresses.
_WORK = (_email.c.tenant_id == bindparam("tenant_id"), _email.c.type == "work")
_BY_WORK_EMAIL = Prepared(select(_email.c.employee_id).where(*_WORK, _email.c.key == bindparam("key")))
_BY_WORK_EMAILS = select(_email.c.key, _email.c.employee_id).where(*_WORK, one_of(_email.c.key, "keys"))
_BY_NUMBERS = select(_employee.c.employee_number_key, _employee.c.id).where(
    _employee.c.tenant_id == bindparam("tenant_id"),
    one_of(_employee.c.employee_number_key, "keys"),
)


def ids_by_work_email(connection: Connection, tenant_id: int, address: str) -> list[str]:
    """Return the ids of the employees who have this address among their work e-mails."""
    return sorted(set(_found(_BY_WORK_EMAIL, connection, tenant_id, address)))


def owners_of_work_emails(
    connection: Connection, tenant_id: int, addresses: Iterable[str]
) -> dict[str, list[str]]:
    """Return address → ids of the employees who have it among their work e-mails, for each of these addresses."""
    return _owners_of(_BY_WORK_EMAILS, connection, tenant_id, addresses)


def owners_of_employee_numbers(
    connection: Connection, tenant_id: int, numbers: Iterable[str]
) -> dict[str, list[str]]:
    """Return employee number → ids of the employees who have it, for each of these numbers."""
    return _owners_of(_BY_NUMBERS, connection, tenant_id, numbers)


def _owners_of(
    query: Select[Any], connection: Connection, tenant_id: int, texts: Iterable[str]
) -> dict[str, list[str]]:
    keys = {text: comparison_key(text) for text in texts}
    if not keys:
        return {}
    found: dict[str, set[str]] = defaultdict(set)
    wanted = {"tenant_id": tenant_id, "keys": sorted(set(keys.values()))}
    for key, employee_id in connection.execute(query, wanted):
        found[key].add(employee_id)
    return {text: sorted(found[key]) for text, key in keys.items()}


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


_TOTAL = Prepared(
    select(func.sum(_counter.c.number)).where(
        _counter.c.tenant_id == bindparam("tenant_id"), _counter.c.resource == bindparam("resource")
    )
)


def total(connection: Connection, tenant_id: int, resource: str = EMPLOYEES) -> int:
    """Return how many resources of a type the tenant has, from the counters."""
    found = _TOTAL.first(connection, {"tenant_id": tenant_id, "resource": resource})
    return int(found[0] or 0) if found else 0


def stored_totals(connection: Connection, tenant_id: int) -> dict[str, int]:
    """Return resource type → how many there are, by counting the rows; types with a counter only are there with 0."""
    counters = select(_counter.c.resource).where(_counter.c.tenant_id == tenant_id).distinct()
    people = select(func.count()).select_from(_employee).where(_employee.c.tenant_id == tenant_id)
    others = (
        select(_resource.c.type, func.count())
        .where(_resource.c.tenant_id == tenant_id)
        .group_by(_resource.c.type)
    )
    totals = dict.fromkeys([EMPLOYEES, *connection.scalars(counters)], 0)
    totals[EMPLOYEES] = int(connection.scalar(people) or 0)
    return totals | {row[0]: int(row[1]) for row in connection.execute(others)}


def external_ids(connection: Connection, tenant_id: int, resource_id: str) -> dict[int, str]:
    """Return client id → what that client calls the resource."""
    query = select(_external.c.client_id, _external.c.value).where(
        _external.c.tenant_id == tenant_id, _external.c.resource_id == resource_id
    )
    return {row.client_id: row.value for row in connection.execute(query)}


def owners(connection: Connection, tenant_id: int, employee_id: str) -> dict[str, str]:
    """Return value path → owner ("kind:id") of an employee's values."""
    query = select(_employee.c.owners).where(
        _employee.c.tenant_id == tenant_id, _employee.c.id == employee_id
    )
    owned: dict[str, str] = documents.loaded(connection.scalar(query))
    return owned


def revisions(connection: Connection, tenant_id: int, resource_id: str) -> list[dict[str, Any]]:
    """Return a resource's revisions, newest first: number, at, kind, actor, run_id, changes."""
    query = (
        select(_revision)
        .where(_revision.c.tenant_id == tenant_id, _revision.c.resource_id == resource_id)
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
