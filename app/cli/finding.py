"""How commands find an employee by what is typed."""

from __future__ import annotations

from sqlalchemy import Connection

from app import directory
from app.errors import NotFoundError, WrongUse


def employee_named(connection: Connection, tenant_id: int, who: str) -> directory.Resource:
    """Return the employee with this id, userName or e-mail; raises ``NotFoundError``, and ``WrongUse`` for several."""
    ids = [who] if directory.get(connection, tenant_id, who) else []
    ids = ids or directory.ids_by_user_name(connection, tenant_id, who)
    ids = ids or directory.ids_by_any_email(connection, tenant_id, who)
    if not ids:
        raise NotFoundError(f"Nobody in this tenant has the id, userName or e-mail {who[:200]!r}.")
    if len(ids) > 1:
        raise WrongUse(
            f"{len(ids)} employees have the e-mail {who[:200]!r}; name one by id: {', '.join(ids[:5])}."
        )
    found = directory.get(connection, tenant_id, ids[0])
    assert found is not None
    return found
