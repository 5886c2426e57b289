"""What an admin decides about a plan: approve it, or discard it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from app import clock
from app.access import audit
from app.database import upsert
from app.errors import WrongUse
from app.provisioning.plans import DRY_RUN, HELD_SUSPENDS, UNDECIDED, with_id
from app.provisioning.tables import link_table, operation_table, plan_table, target_table

_plan, _operation, _link, _target = plan_table, operation_table, link_table, target_table
_NEW_LINK = {
    "state": "new",
    "generation": 0,
    "due_generation": 0,
    "delivered_generation": 0,
    "tries": 0,
    "lease_token": 0,
    "rides_along": False,
}


def approve(connection: Connection, tenant_id: int, plan_id: int, actor: str) -> int:
    """Release a plan; its operations are applied as shown with the next tick. Returns how many. Raises `WrongUse`."""
    plan = _decidable(connection, tenant_id, plan_id)
    rows = connection.execute(
        select(_operation.c.employee_id, _operation.c.kind).where(
            _operation.c.tenant_id == tenant_id,
            _operation.c.plan_id == plan_id,
            _operation.c.state == "planned",
        )
    ).all()
    now = clock.now()
    statement = upsert(connection, _link)
    changes = {
        "plan_id": plan_id,
        "due_at": now,
        "next_attempt_at": None,
        "priority": statement.excluded.priority,
    }
    if plan.kind == HELD_SUSPENDS:
        changes["suspend_gate"] = None
    links = [
        _NEW_LINK
        | {
            "tenant_id": tenant_id,
            "target_id": plan.target_id,
            "employee_id": row.employee_id,
            "priority": 0 if row.kind == "suspend" else 2,
            "plan_id": plan_id,
            "due_at": now,
        }
        for row in sorted(rows, key=lambda row: row.employee_id)
    ]
    if links:
        key = ["tenant_id", "target_id", "employee_id"]
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changes), links)
    if plan.kind == DRY_RUN:
        # What was shown is the first sync of a target that was added paused.
        where = (_target.c.tenant_id == tenant_id, _target.c.id == plan.target_id)
        connection.execute(update(_target).where(*where).values(first_synced=True))
    _decide(connection, tenant_id, plan_id, "approved" if links else "applied", actor)
    return len(links)


def discard(connection: Connection, tenant_id: int, plan_id: int, actor: str) -> None:
    """Put a plan away. Suspends it held stay unsent until the person's status changes again. Raises `WrongUse`."""
    plan = _decidable(connection, tenant_id, plan_id)
    if plan.kind == HELD_SUSPENDS:
        waiting = select(_operation.c.employee_id).where(
            _operation.c.tenant_id == tenant_id,
            _operation.c.plan_id == plan_id,
            _operation.c.state == "planned",
        )
        connection.execute(
            update(_link)
            .where(
                _link.c.tenant_id == tenant_id,
                _link.c.target_id == plan.target_id,
                _link.c.suspend_gate == "plan",
                _link.c.employee_id.in_(waiting),
            )
            .values(suspend_gate="discarded", reason="the suspend was discarded by an admin")
        )
    _decide(connection, tenant_id, plan_id, "discarded", actor)


def _decidable(connection: Connection, tenant_id: int, plan_id: int) -> Any:
    plan = with_id(connection, tenant_id, plan_id)
    if plan.state not in UNDECIDED:
        raise WrongUse(
            f"Plan {plan_id} is {plan.state}: only a plan that waits, or a dry run, can be decided about."
        )
    return plan


def _decide(connection: Connection, tenant_id: int, plan_id: int, state: str, actor: str) -> None:
    values = {"state": state, "decided_at": clock.now(), "decided_by": actor}
    where = (_plan.c.tenant_id == tenant_id, _plan.c.id == plan_id)
    connection.execute(update(_plan).where(*where).values(values))
    audit.record(connection, tenant_id, actor, f"plan.{state}", f"plan:{plan_id}", {})
