"""The balance of a target: every change is delivered, coalesced, held or pending, with a reason, or it is wrong.

Nothing is written and no request leaves. People are read in batches, so that 100,000 of them need little memory; to
see one moment of a database that is being written, the caller gives the connection of one snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, select

from app import clock, directory
from app.directory.agreement import Advance, Check
from app.provisioning import bookkeeping, gates, people
from app.provisioning.people import Person
from app.provisioning.reasons import LINK_REASONS, says
from app.provisioning.standing import (
    DELIVERED,
    HELD,
    NOT_NEEDED,
    ORPHAN,
    ROW,
    WAITING,
    WRONG,
    Owed,
    Scene,
    Standing,
    owed_of,
    standing,
)
from app.provisioning.tables import (
    drain_table,
    link_table,
    operation_table,
    plan_table,
    target_table,
)
from app.provisioning.targets import Target

BATCH = 500
#: Intervals of a target after which a due link that has no reason to wait is stuck, and seconds at least.
PATIENCE_INTERVALS, PATIENCE_SECONDS = 3, 60.0
#: Seconds after which a lease that ended must have been given back or taken over.
LEASE_PATIENCE = 3600.0

_c, _t, _d = link_table.c, target_table.c, drain_table.c
_AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))
_RANGE = (
    select(*ROW)
    .where(*_AT_TARGET, _c.employee_id > bindparam("b_after"), _c.employee_id <= bindparam("b_last"))
    .order_by(_c.employee_id)
)
_WORKED_ON = select(_t.tick_until, _t.listing_until).where(
    _t.tenant_id == bindparam("b_tenant"), _t.id == bindparam("b_target")
)
_DRAINS = select(_d.until).where(
    _d.tenant_id == bindparam("b_tenant"),
    _d.target_id == bindparam("b_target"),
    _d.until > bindparam("b_now"),
)
_SHOWN = select(operation_table.c.plan_id).where(
    operation_table.c.tenant_id == bindparam("b_tenant"),
    operation_table.c.employee_id == bindparam("b_employee"),
    operation_table.c.state.in_(("planned", "held", "discarded")),
    select(plan_table.c.id)
    .where(
        plan_table.c.tenant_id == operation_table.c.tenant_id,
        plan_table.c.id == operation_table.c.plan_id,
        plan_table.c.target_id == bindparam("b_target"),
    )
    .exists(),
)
#: Greater than every id.
_END = "~"

_WAYS_OUT = {
    "stuck": "see that `rollcall worker` and `rollcall scheduler` run (`rollcall doctor`)",
    "no_link": "`rollcall target sync {target} --full`",
    "orphan_of_nobody": "`rollcall target sync {target} --full` makes the link the employee's again",
    "employee_missing": "the delete was not made by Rollcall: look at the account {remote_id} at the target",
    "lost_debt": "suspend the account {remote_id} at the target by hand",
}
_RESYNC = "`rollcall target sync {target} --full` compares everybody with the target and mends it"


def checked(connection: Connection, target: Target, advance: Advance) -> list[Check]:
    """The checks of one target; `advance` is told of each batch of people."""
    scene = scene_of(connection, target)
    delivery = Check("delivery")
    after = ""
    while True:
        ids = directory.iterate_ids(connection, target.tenant_id, after or None, BATCH)
        last = ids[-1] if len(ids) == BATCH else _END
        _check_batch(connection, delivery, scene, ids, after, last)
        advance(len(ids))
        if last == _END:
            break
        after = last
    return [delivery, *bookkeeping.checked(connection, target, scene.overdue_at)]


def scene_of(connection: Connection, target: Target) -> Scene:
    """The target as it is at this moment."""
    key = {"b_tenant": target.tenant_id, "b_target": target.id}
    now = clock.now()
    turns = connection.execute(_WORKED_ON, key).first() or ()
    until = [*turns, *connection.scalars(_DRAINS, key | {"b_now": now})]
    patience = max(PATIENCE_INTERVALS * target.interval_seconds, PATIENCE_SECONDS)
    return Scene(
        target,
        target.policy,
        now=now,
        overdue_at=clock.after(-patience, since=now),
        lease_overdue_at=clock.after(-LEASE_PATIENCE, since=now),
        is_worked_on=any((each or "") > now for each in until),
    )


def _check_batch(
    connection: Connection, check: Check, scene: Scene, ids: Sequence[str], after: str, last: str
) -> None:
    """Everybody whose employee or link has an id after `after`, up to `last`."""
    target = scene.target
    key = {"b_tenant": target.tenant_id, "b_target": target.id, "b_after": after, "b_last": last}
    rows = {row.employee_id: row for row in connection.execute(_RANGE, key)}
    everybody = sorted({*ids, *rows})
    for start in range(0, len(everybody), BATCH):
        some = everybody[start : start + BATCH]
        persons = people.load(connection, target.tenant_id, some, scene.policy.selection, target.id)
        shut = gates.load(connection, target.tenant_id, target.id, some)
        for id_ in some:
            owed = owed_of(rows[id_], shut.get(id_)) if id_ in rows else None
            _note(check, scene, id_, persons.get(id_), owed, found(connection, scene, persons, id_, owed))


def found(
    connection: Connection, scene: Scene, persons: Mapping[str, Person], id_: str, owed: Owed | None
) -> Standing:
    """How one person stands; somebody who was left out of an approved plan is not missing."""
    person = persons.get(id_)
    answer = standing(person, owed, scene)
    is_new = owed is None or (owed.link.state == "new" and owed.link.remote_id is None)
    if answer.kind != WRONG or not is_new or person is None:
        return answer
    key = {"b_tenant": scene.target.tenant_id, "b_target": scene.target.id, "b_employee": id_}
    plan_id = connection.scalar(_SHOWN.order_by(operation_table.c.plan_id.desc()).limit(1), key)
    if plan_id is None:
        return answer
    return Standing(WAITING, "not_approved", says(LINK_REASONS, "not_approved", plan=plan_id))


def _note(
    check: Check, scene: Scene, id_: str, person: Person | None, owed: Owed | None, how: Standing
) -> None:
    if person is not None:
        check.count("people")
        _count_changes(check, person, owed, how)
    check.count(how.kind)
    if how.kind == WRONG:
        name = person.label if person else owed.label if owed and owed.label else "a deleted employee"
        named = {"target": scene.target.name, "remote_id": owed.link.remote_id if owed else None}
        way_out = _WAYS_OUT.get(how.code, _RESYNC).format(**named)
        check.find(how.code, id_, f"{name}: {how.says}", way_out)
    elif how.kind not in (DELIVERED, ORPHAN):
        check.count(f"{how.kind}: {how.code}")


def _count_changes(check: Check, person: Person, owed: Owed | None, how: Standing) -> None:
    """Versions of the employee are its changes: those up to the delivered one went with it, or in it.

    A link that is held or waits was settled at a version of which something, or all, was kept back.
    """
    reached = min((owed.link.delivered_version or 0) if owed else 0, person.version)
    if owed is not None and how.kind in (HELD, WAITING):
        reached = min(reached, person.version - 1) if owed.link.remote_id else 0
    check.count("changes", person.version)
    check.count("changes delivered or coalesced", reached)
    check.count(
        f"changes {'not needed' if how.kind in (DELIVERED, NOT_NEEDED) else how.kind}",
        person.version - reached,
    )
