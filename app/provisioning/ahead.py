"""Instants that lie too far ahead, because the clock was ahead when they were set: looked for once a minute.

Ticks, leases and tries that such a clock has put off would all wait until its time has come. Rows that somebody
changes at the moment are left to the next look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select, update

from app import clock
from app.provisioning.claims import LOWEST
from app.provisioning.deliverer import new_holder
from app.provisioning.flapping import HOUR
from app.provisioning.retries import DAILY, LONGEST_WAIT
from app.provisioning.tables import drain_table, group_link_table, link_table, target_table
from app.provisioning.turns import TURN_SECONDS

#: Seconds by which the clocks of two machines may differ.
MARGIN = 60.0
#: Rows that are put right in one transaction.
BATCH = 5000

_target, _drain = target_table.c, drain_table.c
_TARGETS = select(
    *(_target.id, _target.interval_seconds),
    *(_target.next_tick_at, _target.retry_at, _target.tick_until, _target.listing_until),
).where(_target.tenant_id == bindparam("b_tenant"))


def has_any(connection: Connection, tenant_id: int, now: str) -> bool:
    """Whether an instant of a tenant's targets lies too far ahead; a few indexed queries for each target."""
    return any(
        _put_right(target, now)
        or any(connection.execute(look, _key(tenant_id, target.id, now)).first() for look in _LOOKS)
        for target in connection.execute(_TARGETS, {"b_tenant": tenant_id}).all()
    )


def pull_in(connection: Connection, tenant_id: int, now: str) -> None:
    """Have what lies too far ahead come at once; a lease lasts as long as one that is taken now."""
    for target in connection.execute(_TARGETS, {"b_tenant": tenant_id}).all():
        values = _put_right(target, now)
        if values:
            where = (_target.tenant_id == tenant_id, _target.id == target.id)
            connection.execute(update(target_table).where(*where).values(values))
        for mend in _MENDS:
            connection.execute(mend, _key(tenant_id, target.id, now))


def _put_right(target: Any, now: str) -> dict[str, str]:
    """The columns of a target that lie too far ahead, as they should be."""
    turn_ends = clock.after(TURN_SECONDS, since=now)
    most = {
        "next_tick_at": (target.interval_seconds, now),
        "retry_at": (LONGEST_WAIT, now),
        "tick_until": (TURN_SECONDS, turn_ends),
        "listing_until": (TURN_SECONDS, turn_ends),
    }
    return {
        name: wanted
        for name, (seconds, wanted) in most.items()
        if (getattr(target, name) or "") > clock.after(seconds + MARGIN, since=now)
    }


def _key(tenant_id: int, target_id: int, now: str) -> Mapping[str, Any]:
    holder = new_holder(tenant_id, target_id)
    lease = holder.lease_seconds + holder.grace_seconds
    waits = {
        "b_soon": MARGIN,
        "b_lease": lease,
        "b_long_lease": lease + MARGIN,
        "b_turn": TURN_SECONDS,
        "b_long_turn": TURN_SECONDS + MARGIN,
        "b_long_wait": max(HOUR, LONGEST_WAIT, lease) + MARGIN,
        "b_long_quarantine": DAILY + MARGIN,
    }
    instants = {name: clock.after(seconds, since=now) for name, seconds in waits.items()}
    return {"b_tenant": tenant_id, "b_target": target_id, "b_now": now, **instants}


# --- links, of people and of groups ------------------------------------------------------------------------------


def _ahead(columns: Any) -> dict[str, tuple[Any, Any]]:
    """Column → when it lies too far ahead, and what it should be. A first day of work is far ahead on purpose."""
    code = func.coalesce(columns.reason_code, "")
    next_attempt_at = columns.next_attempt_at
    puts_off = or_(
        and_(next_attempt_at > bindparam("b_long_wait"), code.not_in(("quarantine", "starts_later"))),
        and_(next_attempt_at > bindparam("b_long_quarantine"), code != "starts_later"),
    )
    found: dict[str, tuple[Any, Any]] = {"next_attempt_at": (puts_off, bindparam("b_now"))}
    for name in ("due_at", "compare_since"):
        found[name] = (columns[name] > bindparam("b_soon"), bindparam("b_now"))
    for name in ("lease_until", "quiet_until"):
        if name in columns:
            found[name] = (columns[name] > bindparam("b_long_lease"), bindparam("b_lease"))
    return found


def _look(table: Any, key: str) -> Any:
    """The due rows of a target of which something lies too far ahead."""
    late = table.alias("late").c
    at_target = (late.tenant_id == bindparam("b_tenant"), late.target_id == bindparam("b_target"))
    is_ahead = or_(*(condition for condition, _ in _ahead(late).values()))
    query = select(late[key]).where(*at_target, late.due_at.is_not(None), is_ahead)
    # Always true; SQLite then takes the partial index of due links (claims.py).
    return query.where(late.priority <= LOWEST) if "priority" in late else query


def _mend(table: Any, key: str) -> Any:
    late = _look(table, key).limit(BATCH).with_for_update(skip_locked=True)
    values = {
        name: case((condition, wanted), else_=table.c[name])
        for name, (condition, wanted) in _ahead(table.c).items()
    }
    at_target = (table.c.tenant_id == bindparam("b_tenant"), table.c.target_id == bindparam("b_target"))
    return update(table).where(*at_target, table.c[key].in_(late)).values(values)


_DRAINS = (
    _drain.tenant_id == bindparam("b_tenant"),
    _drain.target_id == bindparam("b_target"),
    _drain.until > bindparam("b_long_turn"),
)
_LINKS = ((link_table, "employee_id"), (group_link_table, "key"))
_LOOKS = (*(_look(*each).limit(1) for each in _LINKS), select(_drain.owner).where(*_DRAINS).limit(1))
_MENDS = (
    *(_mend(*each) for each in _LINKS),
    update(drain_table).where(*_DRAINS).values(until=bindparam("b_turn")),
)
