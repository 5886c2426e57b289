"""Claims on groups: leases with fencing numbers, durable attempt marks, and the writing of results (rule 13).

As claims.py of people: what a worker writes counts only while it holds the lease that it was given. The members of a
group are written only under its lease, and they are written *before* the request that adds them leaves: what stands
there is what the target may hold because of us.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, null, or_, select, update

from app import clock
from app.database import one_of, upsert
from app.provisioning.claims import Holder
from app.provisioning.groups.links import COLUMNS, GroupLink, group_link_of
from app.provisioning.groups.wanted import takes_part
from app.provisioning.tables import group_link_member_table, group_link_table, target_table
from app.provisioning.targets import Target

_group, _members, _target = group_link_table, group_link_member_table, target_table
_c, _m = _group.c, _members.c
#: Groups that are claimed at once: one pass over the target's links tells who should be in all of them.
BATCH = 25

_AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))
_MINE = (*_AT_TARGET, _c.lease_owner == bindparam("b_owner"))
_KEYS = one_of(_c.key, "b_keys")
_IS_DUE = (
    _c.due_at <= bindparam("b_now"),
    or_(_c.next_attempt_at.is_(None), _c.next_attempt_at <= bindparam("b_now")),
)
#: The last call of a worker that was killed may arrive late: its group is left alone for the grace too.
_IS_FREE = or_(
    _c.lease_until.is_(None),
    _c.lease_until < case((_c.attempt_started_at.is_(None), bindparam("b_now")), else_=bindparam("b_past")),
)
_CLAIMABLE = (
    select(*COLUMNS)
    .where(
        *_AT_TARGET,
        *_IS_DUE,
        _IS_FREE,
        select(_target.c.id)
        .where(_target.c.tenant_id == _c.tenant_id, _target.c.id == _c.target_id, _target.c.state == "active")
        .exists(),
    )
    .order_by(_c.due_at, _c.key)
    .limit(bindparam("b_limit"))
    .with_for_update(skip_locked=True, of=_group)
)
_TAKE = (
    update(_group)
    .where(*_AT_TARGET, _KEYS)
    .values(
        lease_owner=bindparam("b_owner"), lease_until=bindparam("b_until"), lease_token=_c.lease_token + 1
    )
)
_ANY_DUE = select(_c.key).where(*_AT_TARGET, *_IS_DUE).limit(1)


def has_due(connection: Connection, target: Target) -> bool:
    """Whether a group of the target is due: one indexed query, and none where it gets no groups."""
    parameters = {"b_tenant": target.tenant_id, "b_target": target.id, "b_now": clock.now()}
    return takes_part(target) and connection.execute(_ANY_DUE, parameters).first() is not None


def claim(connection: Connection, holder: Holder, *, limit: int = BATCH) -> list[GroupLink]:
    """Up to `limit` due groups, leased to the holder, the longest due first."""
    now = clock.now()
    parameters = holder.key | {
        "b_now": now,
        "b_past": clock.after(-holder.grace_seconds, since=now),
        "b_limit": limit,
    }
    parameters.pop("b_owner")
    links = [group_link_of(row) for row in connection.execute(_CLAIMABLE, parameters)]
    if links:
        until = clock.after(holder.lease_seconds, since=now)
        keys = [link.key for link in links]
        connection.execute(_TAKE, holder.key | {"b_keys": keys, "b_until": until})
    return [replace(link, lease_token=link.lease_token + 1) for link in links]


_LOCK_MINE = (
    select(_c.key, _c.lease_token, _c.generation).where(*_MINE, _KEYS).order_by(_c.key).with_for_update()
)
_RENEW = update(_group).where(*_MINE, _KEYS).values(lease_until=bindparam("b_until"))
_RELEASE = update(_group).where(*_MINE, _KEYS).values(lease_owner=null(), lease_until=null())


def _mine(connection: Connection, holder: Holder, keys: Collection[str]) -> dict[str, Any]:
    """Key → row of the holder's groups among `keys`, locked."""
    rows = connection.execute(_LOCK_MINE, holder.key | {"b_keys": sorted(keys)})
    return {row.key: row for row in rows}


def renew(connection: Connection, holder: Holder, keys: Collection[str]) -> bool:
    """Whether all these leases last for another `lease_seconds` from now."""
    if len(_mine(connection, holder, keys)) < len(keys):
        return False
    until = clock.after(holder.lease_seconds)
    connection.execute(_RENEW, holder.key | {"b_keys": sorted(keys), "b_until": until})
    return True


def release(connection: Connection, holder: Holder, keys: Collection[str]) -> None:
    """Give leases back without a result: the groups stay due."""
    if keys:
        connection.execute(_RELEASE, holder.key | {"b_keys": sorted(keys)})


# --- the durable mark --------------------------------------------------------------------------------------------

_START = (
    update(_group)
    .where(*_MINE, _c.key == bindparam("b_key"))
    .values(
        attempt_started_at=bindparam("b_now"),
        lease_until=bindparam("b_until"),
        name=bindparam("b_name"),
        remote_id=func.coalesce(bindparam("b_remote"), _c.remote_id),
    )
)


def start(
    connection: Connection, holder: Holder, link: GroupLink, remote_id: str | None, adds: Iterable[str]
) -> bool:
    """Write the mark of an attempt before its first request; False when the lease is not the holder's any more.

    `link.name` is the name under which a new group is made, and found again; `adds` may arrive from now on. Raises
    IntegrityError when the group with this remote id is another link's.
    """
    row = _mine(connection, holder, [link.key]).get(link.key)
    if row is None or row.lease_token != link.lease_token:
        return False
    now = clock.now()
    parameters = {"b_key": link.key, "b_now": now, "b_until": clock.after(holder.lease_seconds, since=now)}
    connection.execute(_START, holder.key | parameters | {"b_name": link.name, "b_remote": remote_id})
    _insert_members(connection, holder, link.key, adds)
    return True


def _insert_members(connection: Connection, holder: Holder, key: str, remote_ids: Iterable[str]) -> None:
    common = {"tenant_id": holder.tenant_id, "target_id": holder.target_id, "key": key}
    rows = [common | {"remote_id": remote_id} for remote_id in sorted(remote_ids)]
    if rows:
        connection.execute(upsert(connection, _members).on_conflict_do_nothing(), rows)


# --- results -----------------------------------------------------------------------------------------------------

#: The columns that a result sets to a value of its own.
SETTLED = (
    *("name", "remote_id", "state", "reason_code", "reason", "attempt_started_at", "tries"),
    *("first_failed_at", "next_attempt_at", "delivered_at"),
)


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What a group becomes: the columns of `SETTLED`. `is_done` makes it clean unless it was marked again.

    `members` are those whom the target holds because of us; None while that is not known for certain.
    """

    link: GroupLink
    columns: Mapping[str, Any]
    is_done: bool
    members: frozenset[str] | None = None


_UNCHANGED = _c.generation == bindparam("b_generation")
_IS_DONE = bindparam("b_done") == 1
_SETTLE = (
    update(_group)
    .where(*_AT_TARGET, _c.key == bindparam("b_key"))
    .values(
        {name: bindparam(f"b_{name}", type_=_c[name].type) for name in SETTLED}
        | {
            "due_at": case((_IS_DONE & _UNCHANGED, null()), else_=_c.due_at),
            "compare_since": case((_IS_DONE & _UNCHANGED, null()), else_=_c.compare_since),
            "delivered_generation": case(
                (_IS_DONE, bindparam("b_generation")), else_=_c.delivered_generation
            ),
            "lease_owner": null(),
            "lease_until": null(),
        }
    )
)
_STORED = select(_m.remote_id).where(
    _m.tenant_id == bindparam("b_tenant"), _m.target_id == bindparam("b_target"), _m.key == bindparam("b_key")
)
_TAKE_OUT = delete(_members).where(
    _m.tenant_id == bindparam("b_tenant"),
    _m.target_id == bindparam("b_target"),
    _m.key == bindparam("b_key"),
    _m.remote_id == bindparam("b_member"),
)


def settle(connection: Connection, holder: Holder, result: GroupResult) -> bool:
    """Write the result of one group; False when the lease was lost, and the successor looks for itself.

    Raises IntegrityError when the group with this remote id is another link's.
    """
    link = result.link
    row = _mine(connection, holder, [link.key]).get(link.key)
    if row is None or row.lease_token != link.lease_token:
        return False
    key = {"b_tenant": holder.tenant_id, "b_target": holder.target_id, "b_key": link.key}
    values = {f"b_{name}": result.columns[name] for name in SETTLED}
    connection.execute(
        _SETTLE, key | values | {"b_done": int(result.is_done), "b_generation": link.generation}
    )
    if result.members is not None:
        stored = set(connection.scalars(_STORED, key))
        gone = [key | {"b_member": remote_id} for remote_id in sorted(stored - result.members)]
        if gone:
            connection.execute(_TAKE_OUT, gone)
        _insert_members(connection, holder, link.key, result.members - stored)
    return True
