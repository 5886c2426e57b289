"""Syncs on demand: what is due now, one person, or everybody compared with the target (rule 12).

Marking everybody goes in batches, each its own transaction, and goes on where it was after a kill.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, case, or_, select, update

from app import clock, directory
from app.database import upsert
from app.provisioning import marking, plans
from app.provisioning.groups import marking as group_marking
from app.provisioning.tables import link_table, target_table
from app.provisioning.targets import Target

_link, _target = link_table, target_table
_c = _link.c
BATCH = 1000
_AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))


def request_full(connection: Connection, target: Target, reason: str) -> int:
    """Ask for a full resync and return the number of its plan; the running one's when one is being marked."""
    running = _running(connection, target)
    if running is not None:
        return running
    plan_id = plans.create(connection, target.tenant_id, target.id, plans.FULL, "applying", reason)
    values = {
        "resync_plan_id": plan_id,
        "resync_cursor": None,
        "first_synced": True,
        "next_tick_at": clock.now(),
    }
    connection.execute(_of(target).values(values))
    return plan_id


def _running(connection: Connection, target: Target) -> int | None:
    """The full resync whose marks are still being made; it will cover everybody."""
    query = select(_target.c.resync_plan_id).where(
        _target.c.tenant_id == target.tenant_id, _target.c.id == target.id
    )
    running: int | None = connection.scalar(query)
    return running


def _of(target: Target) -> Any:
    return update(_target).where(_target.c.tenant_id == target.tenant_id, _target.c.id == target.id)


def mark_batch(connection: Connection, target: Target) -> bool:
    """Mark the next employees for the full resync that was asked for; False when all are marked."""
    query = select(_target.c.resync_plan_id, _target.c.resync_cursor).where(
        _target.c.tenant_id == target.tenant_id, _target.c.id == target.id
    )
    row = connection.execute(query.with_for_update()).one()
    if row.resync_plan_id is None:
        return False
    ids = directory.iterate_ids(connection, target.tenant_id, row.resync_cursor, BATCH)
    if ids:
        _mark(connection, target, ids, row.resync_plan_id)
        connection.execute(_of(target).values(resync_cursor=ids[-1]))
    else:
        connection.execute(_of(target).values(resync_plan_id=None, resync_cursor=None))
        group_marking.mark_all(connection, target)
    return bool(ids)


def _mark(connection: Connection, target: Target, ids: list[str], plan_id: int) -> None:
    """Have these employees compared with the target; a person who is inactive goes first, as every suspend does."""
    now = clock.now()
    new = {
        "state": "new",
        "generation": 1,
        "due_generation": 1,
        "delivered_generation": 0,
        "tries": 0,
        "lease_token": 0,
    }
    common = new | {
        "tenant_id": target.tenant_id,
        "target_id": target.id,
        "rides_along": False,
        "due_at": now,
    }
    common |= {"compare_since": now, "sync_id": plan_id}
    rows = [
        common | {"employee_id": id_, "priority": marking.ORDINARY if employee.active else marking.INACTIVE}
        for id_, employee in sorted(directory.get_many(connection, target.tenant_id, ids).items())
    ]
    statement = upsert(connection, _link)
    changes = {
        "generation": _c.generation + 1,
        "due_generation": _c.generation + 1,
        "due_at": case((or_(_c.due_at.is_(None), _c.due_at > now), now), else_=_c.due_at),
        "priority": case(
            (_c.priority < statement.excluded.priority, _c.priority), else_=statement.excluded.priority
        ),
        "next_attempt_at": None,
        "compare_since": now,
        "sync_id": plan_id,
    }
    if rows:
        key = ["tenant_id", "target_id", "employee_id"]
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changes), rows)


def request_due(connection: Connection, target: Target, employee_ids: list[str] | None = None) -> int:
    """Have what is due now counted under a plan of its own, and return its number.

    With `employee_ids`, these people are marked, and compared with the target, whether anything changed or not. While
    a full resync is being marked, it is that one's number: it covers them.
    """
    running = _running(connection, target)
    if running is not None:
        return running
    plan_id = plans.create(connection, target.tenant_id, target.id, plans.TICK, "applying", "on demand")
    key = {"b_tenant": target.tenant_id, "b_target": target.id}
    if employee_ids is not None:
        _mark(connection, target, employee_ids, plan_id)
        _forget_refusals(connection, key, employee_ids)
    else:
        connection.execute(_COUNT_DUE, key | {"b_now": clock.now(), "b_plan": plan_id})
    return plan_id


_COUNT_DUE = (
    update(_link)
    .where(*_AT_TARGET, _c.due_at <= bindparam("b_now"))
    .values(sync_id=bindparam("b_plan"), next_attempt_at=None)
)


def _forget_refusals(connection: Connection, key: dict[str, Any], ids: list[str] | None = None) -> None:
    query = update(_link).where(*_AT_TARGET, _c.refused_digest.is_not(None)).values(refused_digest=None)
    if ids is not None:
        query = query.where(_c.employee_id.in_(ids))
    connection.execute(query, key)


def after_change_of_settings(connection: Connection, target: Target) -> int:
    """Have everybody compared: mapping, selection or policy changed, and refused data may now pass (rules 11, 14)."""
    _forget_refusals(connection, {"b_tenant": target.tenant_id, "b_target": target.id})
    return request_full(connection, target, "the target's settings were saved")
