"""Claims on links: leases with fencing numbers, durable attempt marks, and the settling of results.

What a worker writes counts only while it holds the lease it was given. A transaction of this file never waits for a
row that a change of the directory has locked while it holds other rows (it skips it and comes back): so the two can
never block each other for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, null, or_, select, update
from sqlalchemy.exc import IntegrityError

from app import clock
from app.provisioning.links import COLUMNS, Link, link_of
from app.provisioning.tables import LinkRow, TargetRow

_link, _target = LinkRow.__table__, TargetRow.__table__
_c = _link.c
BATCH = 100
#: The last of the priorities (marking.py).
LOWEST = 2


@dataclass(frozen=True, slots=True)
class Holder:
    """Who works: the target, a name unique to this drain, and how long its leases and calls last (seconds)."""

    tenant_id: int
    target_id: int
    owner: str
    lease_seconds: float
    grace_seconds: float

    @property
    def key(self) -> dict[str, Any]:
        """The parameters that every statement of this file takes."""
        return {"b_tenant": self.tenant_id, "b_target": self.target_id, "b_owner": self.owner}


_AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))
_MINE = (*_AT_TARGET, _c.lease_owner == bindparam("b_owner"))
_IDS = _c.employee_id.in_(bindparam("b_ids", expanding=True))
_FREE = (
    _c.due_at <= bindparam("b_now"),
    or_(_c.next_attempt_at.is_(None), _c.next_attempt_at <= bindparam("b_now")),
    or_(_c.lease_until.is_(None), _c.lease_until < bindparam("b_now")),
    or_(_c.quiet_until.is_(None), _c.quiet_until < bindparam("b_now")),
)
_CLAIMABLE = (
    select(*COLUMNS)
    .where(
        *_AT_TARGET,
        *_FREE,
        _c.priority <= bindparam("b_priority"),
        or_(_c.compare_since.is_(None), _c.priority == 0, _c.compare_since <= bindparam("b_listed_at")),
        select(_target.c.id)
        .where(_target.c.tenant_id == _c.tenant_id, _target.c.id == _c.target_id, _target.c.state == "active")
        .exists(),
    )
    .order_by(_c.priority, _c.due_at)
    .limit(bindparam("b_limit"))
    .with_for_update(skip_locked=True, of=_link)
)
_TAKE = (
    update(_link)
    .where(*_AT_TARGET, _IDS)
    .values(
        lease_owner=bindparam("b_owner"), lease_until=bindparam("b_until"), lease_token=_c.lease_token + 1
    )
)
NEVER = ""
ALWAYS = "9999"


def claim(
    connection: Connection, holder: Holder, *, limit: int = BATCH, listed_at: str = NEVER, priority: int = LOWEST
) -> list[Link]:
    """Up to `limit` due links, leased to the holder, suspends first.

    Links that a full resync wants compared are given out only when the target was listed after that was asked
    (`listed_at`; `ALWAYS` to have them read one by one), suspends excepted: they do not wait for a listing.
    """
    now = clock.now()
    parameters = holder.key | {"b_now": now, "b_listed_at": listed_at, "b_priority": priority, "b_limit": limit}
    parameters.pop("b_owner")
    links = [link_of(row) for row in connection.execute(_CLAIMABLE, parameters)]
    if links:
        until = clock.after(holder.lease_seconds, since=now)
        ids = [link.employee_id for link in links]
        connection.execute(_TAKE, holder.key | {"b_ids": ids, "b_until": until})
    return [replace(link, lease_token=link.lease_token + 1) for link in links]


_WAITING_FOR_LISTING = (
    select(func.count())
    .select_from(
        select(_c.employee_id)
        .where(*_AT_TARGET, *_FREE, _c.compare_since > bindparam("b_listed_at"))
        .limit(bindparam("b_limit"))
        .subquery()
    )
)


def waiting_for_listing(connection: Connection, holder: Holder, listed_at: str, limit: int) -> int:
    """How many due links want the target listed after `listed_at`; counted up to `limit`."""
    parameters = holder.key | {"b_now": clock.now(), "b_listed_at": listed_at, "b_limit": limit}
    parameters.pop("b_owner")
    return connection.scalar(_WAITING_FOR_LISTING, parameters) or 0


_LOCK_MINE = select(_c.employee_id, _c.lease_token, _c.generation).where(*_MINE, _IDS).with_for_update(skip_locked=True)
_RENEW = (
    update(_link)
    .where(*_MINE, _IDS)
    .values(
        lease_until=bindparam("b_until"),
        quiet_until=case((_c.attempt_started_at.is_(None), _c.quiet_until), else_=bindparam("b_quiet")),
    )
)


def _locked(connection: Connection, holder: Holder, ids: Sequence[str]) -> dict[str, Any]:
    rows = connection.execute(_LOCK_MINE, holder.key | {"b_ids": list(ids)})
    return {row.employee_id: row for row in rows}


def renew(connection: Connection, holder: Holder, ids: Sequence[str]) -> bool:
    """Whether all these leases last for another `lease_seconds` from now."""
    if len(_locked(connection, holder, ids)) < len(ids):
        return False
    connection.execute(_RENEW, holder.key | {"b_ids": list(ids)} | _deadlines(holder))
    return True


def _deadlines(holder: Holder) -> dict[str, str]:
    now = clock.now()
    return {
        "b_until": clock.after(holder.lease_seconds, since=now),
        "b_quiet": clock.after(holder.lease_seconds + holder.grace_seconds, since=now),
    }


@dataclass(frozen=True, slots=True)
class Start:
    """An attempt about to be made: what it sends, and the account or user name that it lays hold of."""

    link: Link
    kind: str
    sending: Mapping[str, Any]
    sends: bool
    remote_id: str | None = None
    user_name_key: str | None = None
    takes_over: str | None = None


_START = (
    update(_link)
    .where(*_MINE, _c.employee_id == bindparam("b_employee"))
    .values(
        attempt_kind=bindparam("b_kind"),
        attempt_started_at=bindparam("b_started"),
        sending=bindparam("b_sending", type_=_c.sending.type),
        quiet_until=bindparam("b_quiet"),
        lease_until=bindparam("b_until"),
        remote_id=func.coalesce(bindparam("b_remote"), _c.remote_id),
        user_name_key=func.coalesce(bindparam("b_user_name"), _c.user_name_key),
    )
)
_DROP_ORPHAN = delete(_link).where(
    *_AT_TARGET,
    _c.employee_id == bindparam("b_orphan"),
    _c.state == "orphan",
    _c.attempt_started_at.is_(None),
    or_(_c.lease_until.is_(None), _c.lease_until < bindparam("b_now")),
)


def start(connection: Connection, holder: Holder, starts: Sequence[Start]) -> set[str]:
    """Write the durable marks of a batch before its first request; return the employees whose attempts may begin.

    A link that was marked again since it was claimed, or lost its lease, is left out: it is decided afresh.
    Raises IntegrityError when an account turns out to be another link's.
    """
    locked = _locked(connection, holder, [s.link.employee_id for s in starts])
    begun: set[str] = set()
    rows = []
    for item in starts:
        row = locked.get(item.link.employee_id)
        if row is None or (row.lease_token, row.generation) != (item.link.lease_token, item.link.generation):
            continue
        if item.takes_over is not None and not _drop_orphan(connection, holder, item.takes_over):
            continue
        begun.add(item.link.employee_id)
        rows.append(_start_row(holder, item))
    if rows:
        connection.execute(_START, rows)
    return begun


def _drop_orphan(connection: Connection, holder: Holder, employee_id: str) -> bool:
    parameters = {"b_tenant": holder.tenant_id, "b_target": holder.target_id, "b_now": clock.now()}
    return connection.execute(_DROP_ORPHAN, parameters | {"b_orphan": employee_id}).rowcount == 1


def _start_row(holder: Holder, item: Start) -> dict[str, Any]:
    deadlines = _deadlines(holder)
    return holder.key | {
        "b_employee": item.link.employee_id,
        "b_kind": item.kind if item.sends else item.link.attempt_kind,
        "b_started": clock.now() if item.sends else None,
        "b_sending": dict(item.sending) if item.sends else dict(item.link.sending) or None,
        "b_quiet": deadlines["b_quiet"] if item.sends else None,
        "b_until": deadlines["b_until"],
        "b_remote": item.remote_id,
        "b_user_name": item.user_name_key,
    }


# --- settling ----------------------------------------------------------------------------------------------------

#: The columns that settling sets to a value of its own.
SETTLED = (
    "remote_id external_id user_name_key sent normalised active_there protected attempt_kind attempt_started_at sending "
    "quiet_until tries first_failed_at next_attempt_at refused_digest delivered_at"
).split()
_UNCHANGED = _c.generation == bindparam("b_generation")
_IS_DONE = bindparam("b_done") == 1
_ORPHANED = (_c.state == "orphan") & ~_UNCHANGED


def _unless_orphaned(column: Any) -> Any:
    return case((_ORPHANED, column), else_=bindparam(f"b_{column.name}", type_=column.type))


_SETTLE = (
    update(_link)
    .where(*_AT_TARGET, _c.employee_id == bindparam("b_employee"))
    .values(
        {name: bindparam(f"b_{name}", type_=_c[name].type) for name in SETTLED}
        | {name: _unless_orphaned(_c[name]) for name in ("state", "reason_code", "reason")}
        | {
            "frozen": case((_UNCHANGED, bindparam("b_frozen", type_=_c.frozen.type)), else_=_c.frozen),
            "due_at": case((_IS_DONE & (_c.due_generation <= bindparam("b_generation")), null()), else_=_c.due_at),
            "delivered_generation": case((_IS_DONE, bindparam("b_generation")), else_=_c.delivered_generation),
            "priority": case((_IS_DONE & _UNCHANGED, LOWEST), else_=_c.priority),
            "rides_along": case((_IS_DONE & _UNCHANGED, False), else_=_c.rides_along),
            "compare_since": case((_IS_DONE & _UNCHANGED, null()), else_=_c.compare_since),
            "sync_id": case((_c.sync_id == bindparam("b_sync"), null()), else_=_c.sync_id),
            "plan_id": case((_c.plan_id == bindparam("b_plan"), null()), else_=_c.plan_id),
            "lease_owner": null(),
            "lease_until": null(),
        }
    )
)
_DROP = delete(_link).where(*_MINE, _c.employee_id == bindparam("b_employee"), _UNCHANGED)
_RELEASE = (
    update(_link)
    .where(*_MINE, _IDS)
    .values(lease_owner=null(), lease_until=null())
)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a link becomes: the columns of `SETTLED`, `state`, `reason_code`, `reason`, `frozen`.

    `is_done` makes the link clean unless it was marked again. `drops` removes the row.
    """

    link: Link
    columns: Mapping[str, Any]
    is_done: bool
    drops: bool = False
    ends_sync: bool = True
    ends_plan: bool = True


def settle(connection: Connection, holder: Holder, settlements: Sequence[Settlement]) -> tuple[set[str], set[str]]:
    """Write the results of a batch.

    Returns the employees whose result counted, and those who must be tried again because a change of the directory
    holds their row at the moment; of the rest the lease was lost, and the successor looks for itself.
    """
    locked = _locked(connection, holder, [s.link.employee_id for s in settlements])
    counted: set[str] = set()
    rows = []
    for item in settlements:
        row = locked.get(item.link.employee_id)
        if row is None or row.lease_token != item.link.lease_token:
            continue
        counted.add(item.link.employee_id)
        key = holder.key | {"b_employee": item.link.employee_id, "b_generation": item.link.generation}
        if item.drops:
            connection.execute(_DROP, key)
            connection.execute(_RELEASE, holder.key | {"b_ids": [item.link.employee_id]})
        else:
            rows.append(_settle_row(item) | key)
    if rows:
        for row in rows:
            row.pop("b_owner")
        connection.execute(_SETTLE, rows)
    missing = {s.link.employee_id for s in settlements} - locked.keys()
    return counted, _still_mine(connection, holder, missing) if missing else set()


def _settle_row(item: Settlement) -> dict[str, Any]:
    return {f"b_{name}": value for name, value in item.columns.items()} | {
        "b_done": int(item.is_done),
        "b_sync": item.link.sync_id if item.ends_sync else None,
        "b_plan": item.link.plan_id if item.ends_plan else None,
    }


_STILL_MINE = select(_c.employee_id).where(*_MINE, _IDS)


def _still_mine(connection: Connection, holder: Holder, ids: Iterable[str]) -> set[str]:
    return set(connection.scalars(_STILL_MINE, holder.key | {"b_ids": sorted(ids)}))


def release(connection: Connection, holder: Holder, ids: Sequence[str]) -> None:
    """Give leases back without a result: the links stay due."""
    free = list(_locked(connection, holder, ids))
    if free:
        connection.execute(_RELEASE, holder.key | {"b_ids": free})


__all__ = ["ALWAYS", "BATCH", "NEVER", "Holder", "IntegrityError", "Settlement", "Start", "claim", "release", "renew", "settle"]
