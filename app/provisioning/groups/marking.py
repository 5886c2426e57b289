"""Dirty marks of groups, made in the transaction that settles people's links, and by a full resync (rules 12, 13).

Changes of the directory mark links only: they never wait for a row of a group, so they cannot block a drain for good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, bindparam, case, null, or_, select, update

from app import clock
from app.database import one_of, upsert
from app.provisioning.groups.wanted import Department, place_of, takes_part
from app.provisioning.settlements import Settled
from app.provisioning.tables import group_link_member_table, group_link_table
from app.provisioning.targets import Target

_c, _member = group_link_table.c, group_link_member_table.c
_AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))


def after_settling(connection: Connection, target: Target, settled: Iterable[Settled]) -> None:
    """Mark the groups that no longer hold whom they should, now that these links are settled.

    Both where a person was and where the target is known to list the account count: so an account that changed hands,
    or a group that was never made, is found too. Costs nothing where the target gets no groups.
    """
    if not takes_part(target):
        return
    dirty: dict[str, str] = {}
    places: dict[str, Department | None] = {}
    for item in settled:
        link, columns = item.settlement.link, item.settlement.columns
        before = place_of(link.state, link.remote_id, link.active_there, link.sent)
        after = _place_after(item)
        if before != after:
            dirty |= {place.key: place.name for place in (before, after) if place is not None}
        for remote_id in (link.remote_id, columns["remote_id"]):
            if remote_id is not None:
                places.setdefault(remote_id, None)
        if after is not None:
            places[columns["remote_id"]] = after
    listed = _listed(connection, target, places) if places else {}
    for remote_id, place in places.items():
        names = {} if place is None else {place.key: place.name}
        wrong = listed.get(remote_id, set()) ^ names.keys()
        dirty |= {key: names.get(key, key.partition(":")[2]) for key in wrong if key not in dirty}
    mark(connection, target.tenant_id, target.id, dirty)


def _place_after(item: Settled) -> Department | None:
    columns = item.settlement.columns
    if item.settlement.drops:
        return None
    return place_of(columns["state"], columns["remote_id"], columns["active_there"], columns["sent"])


_LISTED = select(_member.key, _member.remote_id).where(
    _member.tenant_id == bindparam("b_tenant"),
    _member.target_id == bindparam("b_target"),
    one_of(_member.remote_id, "b_ids"),
)


def _listed(connection: Connection, target: Target, remote_ids: Iterable[str]) -> dict[str, set[str]]:
    """Account → the groups in which we put it."""
    found: dict[str, set[str]] = defaultdict(set)
    parameters = {"b_tenant": target.tenant_id, "b_target": target.id, "b_ids": sorted(remote_ids)}
    for row in connection.execute(_LISTED, parameters):
        found[row.remote_id].add(row.key)
    return found


def mark(connection: Connection, tenant_id: int, target_id: int, names: Mapping[str, str]) -> None:
    """Mark these groups; `names` are key → name of the department, which a group that is new gets."""
    if not names:
        return
    now = clock.now()
    new = {
        "tenant_id": tenant_id,
        "target_id": target_id,
        "state": "new",
        "generation": 1,
        "delivered_generation": 0,
        "due_at": now,
        "tries": 0,
        "lease_token": 0,
    }
    statement = upsert(connection, group_link_table)
    changes = {
        "generation": _c.generation + 1,
        "due_at": case((or_(_c.due_at.is_(None), _c.due_at > now), now), else_=_c.due_at),
    }
    # In order: two transactions that mark the same groups must not wait for each other.
    rows = [new | {"key": key, "name": name} for key, name in sorted(names.items())]
    connection.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "target_id", "key"], set_=changes), rows
    )


_LOCK_ALL = select(_c.key).where(*_AT_TARGET).order_by(_c.key).with_for_update()
_COMPARE_ALL = (
    update(group_link_table)
    .where(*_AT_TARGET)
    .values(
        generation=_c.generation + 1,
        due_at=bindparam("b_now"),
        compare_since=bindparam("b_now"),
        # An attempt that was just made may still be worked on at the target: it keeps its wait.
        next_attempt_at=case((_c.attempt_started_at > bindparam("b_past"), _c.next_attempt_at), else_=null()),
    )
)
_OWE_NOTHING = (
    update(group_link_table)
    .where(*_AT_TARGET)
    .values(delivered_generation=_c.generation, due_at=null(), compare_since=null(), next_attempt_at=null())
)
#: No request is waited for so long.
_LONG_AGO = -3600.0


def mark_all(connection: Connection, target: Target) -> None:
    """Have every group compared with the target: a full resync was asked for (rule 12).

    Groups that are not there yet are marked by the links of their people, each of which settles in a full resync.
    Where groups were switched off, they are owed nothing any more.
    """
    key = {"b_tenant": target.tenant_id, "b_target": target.id}
    if not connection.execute(_LOCK_ALL, key).all():
        return
    if not takes_part(target):
        connection.execute(_OWE_NOTHING, key)
        return
    now = clock.now()
    connection.execute(_COMPARE_ALL, key | {"b_now": now, "b_past": clock.after(_LONG_AGO, since=now)})
