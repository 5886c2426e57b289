"""Ticks: when a target is due (rule 11). Ticks of one target never overlap; missed ones become one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select, update

from app import clock
from app.database import reading, writing
from app.provisioning import breaker, claims, deliverer, managers, resync, sharing, targets, turns
from app.provisioning.counts import Counts
from app.provisioning.groups import claims as group_claims
from app.provisioning.tables import link_table, target_table
from app.provisioning.targets import Target

_target, _link = target_table, link_table
#: A tick with more waiting people than this is helped, where that makes it faster: two batches.
MUCH = 2 * claims.BATCH
_NOW: Any = bindparam("b_now")
# A tick whose turn has run out was killed at work: it is due again at once.
_BROKE_OFF = and_(_target.c.tick_owner.is_not(None), _target.c.tick_until < _NOW)
_DUE_TARGETS = (
    select(_target.c.tenant_id, _target.c.id, _target.c.next_tick_at, _target.c.tick_until)
    .where(_target.c.state == "active", or_(_target.c.next_tick_at <= _NOW, _BROKE_OFF))
    .order_by(_target.c.next_tick_at)
)
_UNDER_WAY = select(_target.c.tenant_id, _target.c.id).where(
    _target.c.state == "active", _target.c.tick_owner.is_not(None), _target.c.tick_until >= _NOW
)
_AT_TARGET = (_link.c.tenant_id == bindparam("b_tenant"), _link.c.target_id == bindparam("b_target"))
_FREE_FOR_HELP = (
    select(_link.c.employee_id)
    .where(
        *_AT_TARGET,
        _link.c.priority <= claims.LOWEST,  # always true: see claims.py
        _link.c.due_at <= _NOW,
        _link.c.compare_since.is_(None),
        or_(_link.c.next_attempt_at.is_(None), _link.c.next_attempt_at <= _NOW),
        or_(_link.c.lease_until.is_(None), _link.c.lease_until < _NOW),
    )
    .offset(MUCH)
    .limit(1)
)
_FREE_AT = case((_link.c.quiet_until > _link.c.lease_until, _link.c.quiet_until), else_=_link.c.lease_until)
_FIRST_FREE = select(func.min(_FREE_AT)).where(
    *_AT_TARGET,
    _link.c.priority <= claims.LOWEST,
    _link.c.due_at <= _NOW,
    _link.c.lease_until.is_not(None),
)
_DUE_LINK = (
    select(_link.c.employee_id)
    .where(
        *_AT_TARGET,
        _link.c.priority <= claims.LOWEST,
        _link.c.due_at <= _NOW,
        or_(_link.c.next_attempt_at.is_(None), _link.c.next_attempt_at <= _NOW),
    )
    .limit(1)
)
_THIS = (_target.c.tenant_id == bindparam("b_tenant"), _target.c.id == bindparam("b_target"))
_ADVANCE = update(_target).where(*_THIS).values(next_tick_at=bindparam("b_next"), last_tick_at=_NOW)
_HASTEN = (
    update(_target)
    .where(*_THIS, _target.c.next_tick_at > bindparam("b_next"))
    .values(next_tick_at=bindparam("b_next"))
)


def due_targets(connection: Connection, now: str) -> list[tuple[int, int, str]]:
    """(tenant, target, since when) of every active target whose next tick has come, the longest waiting first.

    A target whose tick was killed at work is one of them, as soon as that tick's turn has run out.
    """
    rows = connection.execute(_DUE_TARGETS, {"b_now": now})
    return [(row.tenant_id, row.id, min(row.next_tick_at, row.tick_until or now)) for row in rows]


def crowded(connection: Connection, now: str) -> list[tuple[int, int, int]]:
    """(tenant, target, drains at work) of every target at which another drain would get a tick done sooner."""
    found = []
    for tenant_id, target_id in connection.execute(_UNDER_WAY, {"b_now": now}).all():
        target = targets.with_id(connection, tenant_id, target_id)
        drains = len(sharing.alive(connection, tenant_id, target_id))
        if target is None or not 0 < drains < sharing.useful(target.policy):
            continue
        key = {"b_tenant": tenant_id, "b_target": target_id, "b_now": now}
        if connection.execute(_FREE_FOR_HELP, key).first() is not None:
            found.append((tenant_id, target_id, drains))
    return found


def has_work(connection: Connection, target: Target) -> bool:
    """Whether a tick has anything to do: one indexed query where nobody is due."""
    key = {"b_tenant": target.tenant_id, "b_target": target.id, "b_now": clock.now()}
    return (
        target.resync_plan_id is not None
        or not target.first_synced
        or connection.execute(_DUE_LINK, key).first() is not None
        or breaker.has_gated(connection, target)
        or group_claims.has_due(connection, target)
        or managers.has_ready(connection, target.tenant_id, target.id)
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
            _hasten(connection, tenant_id, target_id)


def _hasten(connection: Connection, tenant_id: int, target_id: int) -> None:
    """Let the next tick come when people become free whom a worker that was killed still holds, if that is sooner."""
    key = {"b_tenant": tenant_id, "b_target": target_id}
    first = connection.scalar(_FIRST_FREE, key | {"b_now": clock.now()})
    if first is not None:
        connection.execute(_HASTEN, key | {"b_next": first})
