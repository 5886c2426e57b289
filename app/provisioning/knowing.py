"""Links that are made from outside: whose account somebody is, is known before anything is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, update

from app import clock
from app.database import upsert
from app.provisioning.tables import link_table
from app.provisioning.targets import Target

_link = link_table


def know(
    connection: Connection, target: Target, employee_id: str, *, remote_id: str, held: Mapping[str, Any]
) -> None:
    """Link an employee to an account that is theirs, and let the next push send what it does not hold yet.

    ``held`` is what the account is known to hold: field → value. An account that was somebody else's so far is theirs
    now. Knowing the same again changes nothing.
    """
    at_target = (_link.c.tenant_id == target.tenant_id, _link.c.target_id == target.id)
    others = (*at_target, _link.c.remote_id == remote_id, _link.c.employee_id != employee_id)
    connection.execute(update(_link).where(*others).values(remote_id=None, state="not_needed"))
    now = clock.now()
    known = {
        "remote_id": remote_id,
        "state": "linked",
        "reason_code": None,
        "reason": None,
        "sent": dict(held),
    }
    row = {
        "tenant_id": target.tenant_id,
        "target_id": target.id,
        "employee_id": employee_id,
        "generation": 1,
        "due_generation": 1,
        "delivered_generation": 0,
        "due_at": now,
        "priority": 2,
        "rides_along": False,
        "tries": 0,
        "lease_token": 0,
        **known,
    }
    statement = upsert(connection, _link).values(row)
    again = {"generation": _link.c.generation + 1, "due_generation": _link.c.generation + 1, "due_at": now}
    statement = statement.on_conflict_do_update(
        index_elements=["tenant_id", "target_id", "employee_id"],
        set_={**known, **again, "next_attempt_at": None},
        where=_link.c.remote_id.is_distinct_from(remote_id),
    )
    connection.execute(statement)
