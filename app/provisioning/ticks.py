"""Ticks: when a target is due (rule 11). Ticks of one target never overlap; missed ones become one."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, or_, select, update

from app import clock
from app.database import reading, writing
from app.provisioning import breaker, claims, deliverer, resync, targets, turns
from app.provisioning.counts import Counts
from app.provisioning.tables import link_table, target_table
from app.provisioning.targets import Target

_target, _link = target_table, link_table
_DUE_TARGETS = (
    select(_target.c.tenant_id, _target.c.id, _target.c.next_tick_at)
    .where(_target.c.state == "active", _target.c.next_tick_at <= bindparam("b_now"))
    .order_by(_target.c.next_tick_at)
)
_DUE_LINK = (
    select(_link.c.employee_id)
    .where(
        _link.c.tenant_id == bindparam("b_tenant"),
        _link.c.target_id == bindparam("b_target"),
        _link.c.priority <= claims.LOWEST,  # always true: see claims.py
        _link.c.due_at <= bindparam("b_now"),
        or_(_link.c.next_attempt_at.is_(None), _link.c.next_attempt_at <= bindparam("b_now")),
    )
    .limit(1)
)
_ADVANCE = (
    update(_target)
    .where(_target.c.tenant_id == bindparam("b_tenant"), _target.c.id == bindparam("b_target"))
    .values(next_tick_at=bindparam("b_next"), last_tick_at=bindparam("b_now"))
)


def due_targets(connection: Connection, now: str) -> list[tuple[int, int, str]]:
    """(tenant, target, since when) of every active target whose next tick has come, the longest waiting first."""
    rows = connection.execute(_DUE_TARGETS, {"b_now": now})
    return [(row.tenant_id, row.id, row.next_tick_at) for row in rows]


def has_work(connection: Connection, target: Target) -> bool:
    """Whether a tick has anything to do: one indexed query where nobody is due."""
    key = {"b_tenant": target.tenant_id, "b_target": target.id, "b_now": clock.now()}
    return (
        target.resync_plan_id is not None
        or not target.first_synced
        or connection.execute(_DUE_LINK, key).first() is not None
        or breaker.has_gated(connection, target)
    )


def run(tenant_id: int, target_id: int, *, deadline: float | None = None) -> Counts | None:
    """One tick of a target; None when another one is still at it, or the target is paused or gone.

    The next tick is counted from now: those that were missed meanwhile are this one.
    """
    holder = deliverer.new_holder(tenant_id, target_id)
    with writing() as connection:
        target = targets.with_id(connection, tenant_id, target_id)
        if target is None or not target.is_active or not turns.take_tick(connection, holder):
            return None
        if not target.first_synced:
            resync.request_full(connection, target, "first sync")
        now = clock.now()
        key = {"b_tenant": tenant_id, "b_target": target_id, "b_now": now}
        connection.execute(_ADVANCE, key | {"b_next": clock.after(target.interval_seconds, since=now)})
    try:
        with reading() as connection:
            target = targets.with_id(connection, tenant_id, target_id)
            works = target is not None and has_work(connection, target)
        return deliverer.drain(tenant_id, target_id, deadline=deadline, holder=holder) if works else Counts()
    finally:
        with writing() as connection:
            turns.give_back(connection, holder)
