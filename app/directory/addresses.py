"""Who has a personal e-mail address: asked for every person whom an import would add, so the statement is prepared."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from app.directory.tables import EmployeeEmail
from app.prepared import Prepared
from scim.keys import comparison_key

_email = EmployeeEmail.__table__
_BY_PERSONAL_EMAIL = Prepared(
    select(_email.c.employee_id).where(
        _email.c.tenant_id == bindparam("b_tenant"),
        _email.c.key == bindparam("b_key"),
        _email.c.type != "work",
    )
)


def ids_by_personal_email(connection: Connection, tenant_id: int, address: str) -> list[str]:
    """Return the ids of the employees who have this address under any type but work."""
    rows = _BY_PERSONAL_EMAIL.rows(connection, {"b_tenant": tenant_id, "b_key": comparison_key(address)})
    return sorted({row[0] for row in rows})
