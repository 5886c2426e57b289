"""A tenant's directory as its tables have it, for comparison with what the API says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask
from sqlalchemy import Connection, func, select

from app.access.tenants import Tenant
from app.database import reading
from app.directory.tables import (
    Counter,
    EmployeeEmail,
    EmployeeRow,
    ExternalId,
    Membership,
    ResourceRow,
    SealedValue,
    UniqueValue,
)

_employee, _resource, _counter = EmployeeRow.__table__, ResourceRow.__table__, Counter.__table__
#: Columns that name a resource, without a foreign key that would see to it that there is one.
_POINTERS = (
    ExternalId.__table__.c.resource_id,
    SealedValue.__table__.c.resource_id,
    UniqueValue.__table__.c.resource_id,
    Membership.__table__.c.group_id,
    Membership.__table__.c.member_id,
    EmployeeEmail.__table__.c.employee_id,
)


def counted(app: Flask, tenant: Tenant) -> dict[str, int]:
    """Return resource type → the sum of its counter's slices."""
    statement = (
        select(_counter.c.resource, func.sum(_counter.c.number))
        .where(_counter.c.tenant_id == tenant.id)
        .group_by(_counter.c.resource)
    )
    with app.app_context(), reading() as connection:
        return {resource: int(number) for resource, number in connection.execute(statement)}


def present(app: Flask, tenant: Tenant) -> dict[str, set[str]]:
    """Return resource type → the ids of its rows."""
    with app.app_context(), reading() as connection:
        ids: dict[str, set[str]] = {"User": _column(connection, tenant, _employee.c.id)}
        statement = select(_resource.c.type, _resource.c.id).where(_resource.c.tenant_id == tenant.id)
        for name, resource_id in connection.execute(statement):
            ids.setdefault(name, set()).add(resource_id)
    return ids


def orphans(app: Flask, tenant: Tenant) -> Iterator[str]:
    """Yield each column that names a resource which does not exist, with such ids."""
    known = set[str]().union(*present(app, tenant).values())
    with app.app_context(), reading() as connection:
        for column in _POINTERS:
            if lost := _column(connection, tenant, column) - known:
                yield f"{column} names what does not exist: {sorted(lost)[:3]}"


def _column(connection: Connection, tenant: Tenant, column: Any) -> set[str]:
    rows = connection.execute(select(column).where(column.table.c.tenant_id == tenant.id))
    return {row[0] for row in rows}
