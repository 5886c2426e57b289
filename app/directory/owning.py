"""Whose word the values of employees are: read for many at once, taken over by who says the same with more weight."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select, update

from app.database import one_of, require_writing
from app.directory import documents
from app.directory.listeners import Actor
from app.directory.tables import EmployeeRow

_employee = EmployeeRow.__table__
_BY_IDS = select(_employee.c.id, _employee.c.owners).where(
    _employee.c.tenant_id == bindparam("b_tenant"), one_of(_employee.c.id, "b_ids")
)


def owners_of(connection: Connection, tenant_id: int, ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return employee → value path → owner ("kind:id"), for those of ``ids`` that exist."""
    wanted = sorted(set(ids))
    rows = connection.execute(_BY_IDS, {"b_tenant": tenant_id, "b_ids": wanted}) if wanted else ()
    return {row.id: documents.loaded(row.owners) for row in rows}


def take_over(
    connection: Connection, tenant_id: int, employee_id: str, actor: Actor, paths: Iterable[str]
) -> None:
    """Make ``actor`` the owner of values that are what it says already; no value changes, so there is no revision.

    Paths that the employee has no value at are passed over. The employee is locked in this transaction already.
    """
    require_writing(connection)
    owners = owners_of(connection, tenant_id, [employee_id]).get(employee_id, {})
    taken = {path: actor.name for path in paths if path in owners}
    if taken.items() <= owners.items():
        return
    where = (_employee.c.tenant_id == tenant_id, _employee.c.id == employee_id)
    connection.execute(update(_employee).where(*where).values(owners=documents.dumped(owners | taken)))
