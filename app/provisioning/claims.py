"""Claims on links: leases with fencing numbers, durable attempt marks, and the settling of results.

What a worker writes counts only while it holds the lease it was given. A transaction of this file never waits for a
row that a change of the directory has locked while it holds other rows (it skips it and comes back): so the two can
never block each other for good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, or_, select, update

from app import clock
from app.database import one_of
from app.provisioning.links import COLUMNS, Link, link_of
from app.provisioning.tables import link_table, target_table

_link, _target = link_table, target_table
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


AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))
MINE = (*AT_TARGET, _c.lease_owner == bindparam("b_owner"))
IDS = one_of(_c.employee_id, "b_ids")
_FREE = (
    _c.priority <= LOWEST,  # always true; SQLite then takes the partial index of due links
    _c.due_at <= bindparam("b_now"),
    or_(_c.next_attempt_at.is_(None), _c.next_attempt_at <= bindparam("b_now")),
    or_(_c.lease_until.is_(None), _c.lease_until < bindparam("b_now")),
    or_(_c.quiet_until.is_(None), _c.quiet_until < bindparam("b_now")),
)
_CLAIMABLE = (
    select(*COLUMNS)
    .where(
        *AT_TARGET,
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
    .where(*AT_TARGET, IDS)
    .values(
        lease_owner=bindparam("b_owner"), lease_until=bindparam("b_until"), lease_token=_c.lease_token + 1
    )
)
NEVER = ""
ALWAYS = "9999"


def claim(
    connection: Connection,
    holder: Holder,
    *,
    limit: int = BATCH,
    listed_at: str = NEVER,
    priority: int = LOWEST,
) -> list[Link]:
    """Up to `limit` due links, leased to the holder, suspends first.

    Links that a full resync wants compared are given out only when the target was listed after that was asked
    (`listed_at`; `ALWAYS` to have them read one by one), suspends excepted: they do not wait for a listing.
    """
    now = clock.now()
    parameters = holder.key | {
        "b_now": now,
        "b_listed_at": listed_at,
        "b_priority": priority,
        "b_limit": limit,
    }
    parameters.pop("b_owner")
    # As the rows will be: each lease has a number of its own.
    links = [
        link_of(row, lease_token=row.lease_token + 1) for row in connection.execute(_CLAIMABLE, parameters)
    ]
    if links:
        until = clock.after(holder.lease_seconds, since=now)
        ids = [link.employee_id for link in links]
        connection.execute(_TAKE, holder.key | {"b_ids": ids, "b_until": until})
    return links


_WAITING_FOR_LISTING = select(func.count()).select_from(
    select(_c.employee_id)
    .where(*AT_TARGET, *_FREE, _c.compare_since > bindparam("b_listed_at"))
    .limit(bindparam("b_limit"))
    .subquery()
)


def waiting_for_listing(connection: Connection, holder: Holder, listed_at: str, limit: int) -> int:
    """How many due links want the target listed after `listed_at`; counted up to `limit`."""
    parameters = holder.key | {"b_now": clock.now(), "b_listed_at": listed_at, "b_limit": limit}
    parameters.pop("b_owner")
    return connection.scalar(_WAITING_FOR_LISTING, parameters) or 0


_LOCK_MINE = (
    select(_c.employee_id, _c.lease_token, _c.generation).where(*MINE, IDS).with_for_update(skip_locked=True)
)
_RENEW = (
    update(_link)
    .where(*MINE, IDS)
    .values(
        lease_until=bindparam("b_until"),
        quiet_until=case((_c.attempt_started_at.is_(None), _c.quiet_until), else_=bindparam("b_quiet")),
    )
)


def locked(connection: Connection, holder: Holder, ids: Sequence[str]) -> dict[str, Any]:
    """Employee → row of the holder's links among `ids`, locked; those that others hold locked are left out."""
    rows = connection.execute(_LOCK_MINE, holder.key | {"b_ids": list(ids)})
    return {row.employee_id: row for row in rows}


def renew(connection: Connection, holder: Holder, ids: Sequence[str]) -> bool:
    """Whether all these leases last for another `lease_seconds` from now."""
    if len(locked(connection, holder, ids)) < len(ids):
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
    .where(*MINE, _c.employee_id == bindparam("b_employee"))
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
    *AT_TARGET,
    _c.employee_id == bindparam("b_orphan"),
    _c.state == "orphan",
    _c.attempt_started_at.is_(None),
    or_(_c.lease_until.is_(None), _c.lease_until < bindparam("b_now")),
)


def start(connection: Connection, holder: Holder, starts: Sequence[Start]) -> set[str]:
    """Write the durable marks of a batch before its first request; return the employees whose attempts may begin.

    A link that was marked again since it was claimed, or lost its lease, is left out: it is decided afresh. So is one
    whose user name somebody else was given meanwhile. Raises IntegrityError when an account turns out to be another
    link's.
    """
    taken = _taken_names(connection, holder, starts)
    mine = locked(connection, holder, [s.link.employee_id for s in starts])
    begun: set[str] = set()
    rows = []
    for item in starts:
        row = mine.get(item.link.employee_id)
        if row is None or (row.lease_token, row.generation) != (item.link.lease_token, item.link.generation):
            continue
        if taken.get(item.user_name_key or "", item.link.employee_id) != item.link.employee_id:
            continue
        if item.takes_over is not None and not _drop_orphan(connection, holder, item.takes_over):
            continue
        begun.add(item.link.employee_id)
        rows.append(_start_row(holder, item))
    if rows:
        connection.execute(_START, rows)
    return begun


_ONE_BY_ONE = (
    select(_target.c.id)
    .where(_target.c.tenant_id == bindparam("b_tenant"), _target.c.id == bindparam("b_target"))
    .with_for_update()
)
_NAMES_TAKEN = select(_c.user_name_key, _c.employee_id).where(
    *AT_TARGET,
    one_of(_c.user_name_key, "b_names"),
    or_(_c.remote_id.is_not(None), _c.attempt_started_at.is_not(None)),
)


def _taken_names(connection: Connection, holder: Holder, starts: Sequence[Start]) -> dict[str, str]:
    """User name key → who has it, of the names for new accounts. Drains that create do so one after the other."""
    names = sorted({item.user_name_key for item in starts if item.user_name_key})
    if not names:
        return {}
    key = {"b_tenant": holder.tenant_id, "b_target": holder.target_id}
    connection.execute(_ONE_BY_ONE, key)
    rows = connection.execute(_NAMES_TAKEN, key | {"b_names": names})
    return {row.user_name_key: row.employee_id for row in rows}


_COUNT_UNDER = update(_link).where(*MINE, IDS).values(sync_id=bindparam("b_plan"))


def count_under(connection: Connection, holder: Holder, ids: Sequence[str], plan_id: int) -> None:
    """Have the outcomes of these links counted under a plan."""
    connection.execute(_COUNT_UNDER, holder.key | {"b_ids": list(ids), "b_plan": plan_id})


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
