"""What an admin decides about a plan: approve it, or discard it, as a whole or person by person."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, exists, func, select, update

from app import clock
from app.access import audit
from app.database import upsert
from app.errors import WrongUse
from app.provisioning import announcing
from app.provisioning.plans import APPROVED, DRY_RUN, HELD, PLANNED, UNDECIDED, with_id
from app.provisioning.tables import gate_table, link_table, operation_table, plan_table, target_table

_plan, _operation, _link, _target, _gate = plan_table, operation_table, link_table, target_table, gate_table
_NEW_LINK = {
    "state": "new",
    "generation": 0,
    "due_generation": 0,
    "delivered_generation": 0,
    "tries": 0,
    "lease_token": 0,
    "rides_along": False,
}


def approve(
    connection: Connection,
    tenant_id: int,
    plan_id: int,
    actor: str,
    *,
    employees: Collection[str] | None = None,
) -> int:
    """Release the plan, or only its lines of these employees; they are applied as shown with the next tick.

    Returns how many were released. Raises `WrongUse`.
    """
    plan = _decidable(connection, tenant_id, plan_id)
    chosen = _chosen(connection, plan, employees)
    if chosen:
        _make_due(connection, plan, chosen)
        _set_lines(connection, plan, list(chosen), APPROVED)
    if plan.kind == HELD:
        _open_gates(connection, plan, list(chosen))
    if plan.kind == DRY_RUN:
        # What was shown is the first sync of a target that was added paused.
        where = (_target.c.tenant_id == tenant_id, _target.c.id == plan.target_id)
        connection.execute(update(_target).where(*where).values(first_synced=True))
    _decide(connection, plan, actor, "approved", list(chosen))
    return len(chosen)


def discard(
    connection: Connection,
    tenant_id: int,
    plan_id: int,
    actor: str,
    *,
    employees: Collection[str] | None = None,
) -> int:
    """Put the plan, or only its lines of these employees, away; returns how many.

    What the breaker held stays unsent until the directory changes the same thing again. Raises `WrongUse`.
    """
    plan = _decidable(connection, tenant_id, plan_id)
    chosen = list(_chosen(connection, plan, employees))
    _set_lines(connection, plan, chosen, "discarded")
    if plan.kind == HELD:
        connection.execute(update(_gate).where(*_gates(plan, chosen)).values(plan_id=None))
    _decide(connection, plan, actor, "discarded", chosen)
    return len(chosen)


def _decidable(connection: Connection, tenant_id: int, plan_id: int) -> Any:
    plan = with_id(connection, tenant_id, plan_id)
    if plan.state not in UNDECIDED:
        raise WrongUse(
            f"Plan {plan_id} is {plan.state}: only a plan that waits, or a dry run, can be decided about."
        )
    return plan


def _lines(plan: Any) -> tuple[Any, ...]:
    return (_operation.c.tenant_id == plan.tenant_id, _operation.c.plan_id == plan.id)


def _gates(plan: Any, employees: list[str]) -> tuple[Any, ...]:
    return (
        _gate.c.tenant_id == plan.tenant_id,
        _gate.c.target_id == plan.target_id,
        _gate.c.plan_id == plan.id,
        _gate.c.employee_id.in_(employees),
    )


def _chosen(connection: Connection, plan: Any, employees: Collection[str] | None) -> dict[str, str]:
    """Employee → kind of operation, of the lines that are still to be decided about."""
    query = select(_operation.c.employee_id, _operation.c.kind).where(
        *_lines(plan), _operation.c.state == PLANNED
    )
    found = {
        row.employee_id: row.kind for row in connection.execute(query.order_by(_operation.c.employee_id))
    }
    if employees is None:
        return found
    missing = sorted(set(employees) - found.keys())
    if missing:
        raise WrongUse(f"Plan {plan.id} has no undecided line of {', '.join(missing)}.")
    return {employee: found[employee] for employee in sorted(employees)}


def _make_due(connection: Connection, plan: Any, chosen: dict[str, str]) -> None:
    now = clock.now()
    statement = upsert(connection, _link)
    changes = {
        "plan_id": plan.id,
        "due_at": now,
        "next_attempt_at": None,
        "gate_run": None,
        "priority": statement.excluded.priority,
    }
    links = [
        _NEW_LINK
        | {
            "tenant_id": plan.tenant_id,
            "target_id": plan.target_id,
            "employee_id": employee,
            "priority": 0 if kind == "suspend" else 2,
            "plan_id": plan.id,
            "due_at": now,
        }
        for employee, kind in chosen.items()
    ]
    _overtake(connection, plan, list(chosen))
    key = ["tenant_id", "target_id", "employee_id"]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changes), links)


def _overtake(connection: Connection, plan: Any, employees: list[str]) -> None:
    """Close the lines of plans that were approved before for the same people and not applied yet."""
    waiting = (
        _link.c.tenant_id == plan.tenant_id,
        _link.c.target_id == plan.target_id,
        _link.c.plan_id == _operation.c.plan_id,
        _link.c.employee_id == _operation.c.employee_id,
    )
    lines = (
        _operation.c.tenant_id == plan.tenant_id,
        _operation.c.plan_id != plan.id,
        _operation.c.employee_id.in_(employees),
        _operation.c.state == APPROVED,
        exists().where(*waiting),
    )
    refusal = f"plan {plan.id} was approved for the same person before this one was applied"
    connection.execute(update(_operation).where(*lines).values(state="refused", refusal=refusal))


def _open_gates(connection: Connection, plan: Any, employees: list[str]) -> None:
    connection.execute(delete(_gate).where(*_gates(plan, employees)))


def _set_lines(connection: Connection, plan: Any, employees: list[str], state: str) -> None:
    connection.execute(
        update(_operation).where(*_lines(plan), _operation.c.employee_id.in_(employees)).values(state=state)
    )


def _decide(connection: Connection, plan: Any, actor: str, word: str, employees: list[str]) -> None:
    """Note the decision; the plan itself is decided once no line of it is left."""
    by_state = select(_operation.c.state, func.count()).where(*_lines(plan)).group_by(_operation.c.state)
    left = {row[0]: row[1] for row in connection.execute(by_state)}
    if not left.get(PLANNED):
        state = "approved" if left.get(APPROVED) else "applied" if word == "approved" else "discarded"
        values = {"state": state, "decided_at": clock.now(), "decided_by": actor}
        where = (_plan.c.tenant_id == plan.tenant_id, _plan.c.id == plan.id)
        connection.execute(update(_plan).where(*where).values(values))
    audit.record(
        connection, plan.tenant_id, actor, f"plan.{word}", f"plan:{plan.id}", {"people": len(employees)}
    )
    if not left.get(PLANNED):
        announcing.decided(connection, plan, word, actor)
