"""What an admin decides about a plan: approve it, or discard it, as a whole or person by person."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, exists, func, select, update

from app import clock
from app.access import audit
from app.database import one_of, plan_for_values, upsert
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


class ChangedSince(WrongUse):
    """What a plan would do was changed after whoever decides was shown it."""

    def __init__(self, plan_id: int, people: int) -> None:
        of_whom = "1 person" if people == 1 else f"{people:,} people"
        super().__init__(
            f"What plan {plan_id} would do for {of_whom} was added or changed after it was shown. Look at it, then "
            "decide again. Nothing was changed."
        )


def approve(
    connection: Connection,
    tenant_id: int,
    plan_id: int,
    actor: str,
    *,
    employees: Collection[str] | None = None,
    upto: int | None = None,
) -> int:
    """Release the plan, or only its lines of these employees; they are applied as shown with the next tick.

    `upto` is the highest number of a line that was shown; what came later goes on waiting. Returns how many were
    released. Raises `WrongUse`; `ChangedSince` when what is decided about was not shown.
    """
    plan = _decidable(connection, tenant_id, plan_id)
    chosen = _chosen(connection, plan, employees, upto)
    if chosen:
        _make_due(connection, plan, chosen)
        _set_lines(connection, plan, list(chosen), APPROVED, upto)
    if plan.kind == HELD:
        connection.execute(delete(_gate).where(*_gates(plan, list(chosen))))
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
    upto: int | None = None,
) -> int:
    """Put the plan, or only its lines of these employees, away; returns how many. `upto` as in `approve`.

    What the breaker held stays unsent until the directory changes the same thing again. Raises as `approve`.
    """
    plan = _decidable(connection, tenant_id, plan_id)
    _lock(connection, plan)  # before its lines, as who adds a line does
    chosen = list(_chosen(connection, plan, employees, upto))
    _set_lines(connection, plan, chosen, "discarded", upto)
    if plan.kind == HELD:
        connection.execute(update(_gate).where(*_gates(plan, chosen)).values(plan_id=None))
    _decide(connection, plan, actor, "discarded", chosen)
    return len(chosen)


def _decidable(connection: Connection, tenant_id: int, plan_id: int) -> Any:
    plan_for_values(connection)
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
        one_of(_gate.c.employee_id, employees),
    )


def _chosen(
    connection: Connection, plan: Any, employees: Collection[str] | None, upto: int | None
) -> dict[str, str]:
    """Employee → kind of operation, of the lines that are still to be decided about."""
    query = select(_operation.c.employee_id, _operation.c.kind, _operation.c.number).where(
        *_lines(plan), _operation.c.state == PLANNED
    )
    rows = connection.execute(query.order_by(_operation.c.employee_id)).all()
    shown = {row.employee_id: row.kind for row in rows if upto is None or row.number <= upto}
    if employees is None:
        if rows and not shown:
            raise ChangedSince(plan.id, len(rows))
        return shown
    missing = sorted(set(employees) - {row.employee_id for row in rows})
    if missing:
        raise WrongUse(f"Plan {plan.id} has no undecided line of {', '.join(missing)}.")
    unseen = set(employees) - shown.keys()
    if unseen:
        raise ChangedSince(plan.id, len(unseen))
    return {employee: shown[employee] for employee in sorted(employees)}


def _make_due(connection: Connection, plan: Any, chosen: dict[str, str]) -> None:
    now = clock.now()
    statement = upsert(connection, _link)
    changes: dict[str, Any] = {
        "plan_id": plan.id,
        "due_at": now,
        "next_attempt_at": None,
        "priority": statement.excluded.priority,
    }
    if plan.kind == HELD:
        # Of another plan the line was shown without what an import run has asked for since: that is still judged.
        changes["gate_run"] = None
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
        _operation.c.state == APPROVED,
        one_of(_operation.c.employee_id, employees),
        exists().where(*waiting),
    )
    refusal = f"plan {plan.id} was approved for the same person before this one was applied"
    connection.execute(update(_operation).where(*lines).values(state="refused", refusal=refusal))


def _set_lines(connection: Connection, plan: Any, employees: list[str], state: str, upto: int | None) -> None:
    where = [*_lines(plan), _operation.c.state == PLANNED, one_of(_operation.c.employee_id, employees)]
    if upto is not None:
        where.append(_operation.c.number <= upto)
    decided = connection.execute(update(_operation).where(*where).values(state=state)).rowcount
    if decided != len(employees):
        # On PostgreSQL a worker may have put another line in the place of one since they were read.
        raise ChangedSince(plan.id, len(employees) - decided)


def _row(plan: Any) -> tuple[Any, ...]:
    return (_plan.c.tenant_id == plan.tenant_id, _plan.c.id == plan.id)


def _lock(connection: Connection, plan: Any) -> None:
    """Keep others from adding lines until the transaction ends."""
    connection.execute(select(_plan.c.id).where(*_row(plan)).with_for_update())


def _decide(connection: Connection, plan: Any, actor: str, word: str, employees: list[str]) -> None:
    """Note the decision; the plan itself is decided once no line of it is left."""
    _lock(connection, plan)
    by_state = select(_operation.c.state, func.count()).where(*_lines(plan)).group_by(_operation.c.state)
    left = {row[0]: row[1] for row in connection.execute(by_state)}
    if not left.get(PLANNED):
        state = "approved" if left.get(APPROVED) else "applied" if word == "approved" else "discarded"
        values = {"state": state, "decided_at": clock.now(), "decided_by": actor}
        connection.execute(update(_plan).where(*_row(plan)).values(values))
    audit.record(
        connection, plan.tenant_id, actor, f"plan.{word}", f"plan:{plan.id}", {"people": len(employees)}
    )
    if not left.get(PLANNED):
        announcing.decided(connection, plan, word, actor)
