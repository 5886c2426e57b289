"""The settling of results: a link after its attempt, written only while the lease is still the one that was given."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, null, select, update

from app import clock
from app.provisioning.claims import AT_TARGET, IDS, LOWEST, MINE, Holder, locked
from app.provisioning.links import Link
from app.provisioning.retries import LONGEST_WAIT
from app.provisioning.tables import link_table

_link, _c = link_table, link_table.c

#: The columns that settling sets to a value of its own, and one that it sets unless there is need to hurry.
_SETTLED = """
    remote_id external_id user_name_key sent normalised active_there protected attempt_kind attempt_started_at
    sending quiet_until tries first_failed_at refused_digest delivered_at delivered_version waits_for
"""
SETTLED = tuple(_SETTLED.split())
_UNCHANGED = _c.generation == bindparam("b_generation")
_IS_DONE = bindparam("b_done") == 1
#: Nobody has asked for anything since the claim without a mark: a review of the breaker, an approval, a sync.
_ASKED_FOR_NOTHING = (
    (func.coalesce(_c.gate_run, 0) == bindparam("b_gate"))
    & (_c.plan_id.is_(None) | (_c.plan_id == bindparam("b_plan_then")))
    & (_c.sync_id.is_(None) | (_c.sync_id == bindparam("b_sync_then")))
)
#: A suspend, or what somebody has asked for, came meanwhile: it does not wait for the back-off of the older attempt.
#: Nor does any change wait for a day that was worked out without it.
_IS_URGENT = (~_UNCHANGED & ((_c.priority == 0) | (bindparam("b_rests_long") == 1))) | ~_ASKED_FOR_NOTHING
_ORPHANED = (_c.state == "orphan") & ~_UNCHANGED


def _unless_orphaned(column: Any) -> Any:
    return case((_ORPHANED, column), else_=bindparam(f"b_{column.name}", type_=column.type))


_SETTLE = (
    update(_link)
    .where(*AT_TARGET, _c.employee_id == bindparam("b_employee"))
    .values(
        {name: bindparam(f"b_{name}", type_=_c[name].type) for name in SETTLED}
        | {name: _unless_orphaned(_c[name]) for name in ("state", "reason_code", "reason")}
        | {
            "frozen": case((_UNCHANGED, bindparam("b_frozen", type_=_c.frozen.type)), else_=_c.frozen),
            "due_at": case(
                (
                    _IS_DONE & (_c.due_generation <= bindparam("b_generation")) & _ASKED_FOR_NOTHING,
                    null(),
                ),
                else_=_c.due_at,
            ),
            "next_attempt_at": case(
                (_IS_URGENT, _c.next_attempt_at),
                else_=bindparam("b_next_attempt_at", type_=_c.next_attempt_at.type),
            ),
            "delivered_generation": case(
                (_IS_DONE, bindparam("b_generation")), else_=_c.delivered_generation
            ),
            "priority": case((_IS_DONE & _UNCHANGED & _ASKED_FOR_NOTHING, LOWEST), else_=_c.priority),
            "rides_along": case((_IS_DONE & _UNCHANGED, False), else_=_c.rides_along),
            "compare_since": case((_IS_DONE & _UNCHANGED, null()), else_=_c.compare_since),
            "sync_id": case((_c.sync_id == bindparam("b_sync"), null()), else_=_c.sync_id),
            "plan_id": case((_c.plan_id == bindparam("b_plan"), null()), else_=_c.plan_id),
            "lease_owner": null(),
            "lease_until": null(),
        }
    )
)
_DROP = delete(_link).where(*MINE, _c.employee_id == bindparam("b_employee"), _UNCHANGED)
_RELEASE = update(_link).where(*MINE, IDS).values(lease_owner=null(), lease_until=null())


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


@dataclass(frozen=True, slots=True)
class Setting:
    """What settling needs to know from outside: the time, chance, how long a target may work on a lost request."""

    now: str
    chance: random.Random
    quiet_seconds: float


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement, and the counter that it adds to (None: not counted yet)."""

    settlement: Settlement
    counts: str | None


def settle(
    connection: Connection, holder: Holder, settlements: Sequence[Settlement]
) -> tuple[set[str], set[str]]:
    """Write the results of a batch.

    Returns the employees whose result counted, and those who must be tried again because a change of the directory
    holds their row at the moment; of the rest the lease was lost, and the successor looks for itself.
    """
    rows_by_id = locked(connection, holder, [s.link.employee_id for s in settlements])
    counted: set[str] = set()
    rows = []
    for item in settlements:
        row = rows_by_id.get(item.link.employee_id)
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
    missing = {s.link.employee_id for s in settlements} - rows_by_id.keys()
    return counted, _still_mine(connection, holder, missing) if missing else set()


def _settle_row(item: Settlement) -> dict[str, Any]:
    return {f"b_{name}": value for name, value in item.columns.items()} | {
        "b_done": int(item.is_done),
        "b_sync": item.link.sync_id if item.ends_sync else None,
        "b_plan": item.link.plan_id if item.ends_plan else None,
        "b_gate": item.link.gate_run or 0,
        "b_sync_then": item.link.sync_id or 0,
        "b_plan_then": item.link.plan_id or 0,
        "b_rests_long": int((item.columns["next_attempt_at"] or "") > clock.after(LONGEST_WAIT)),
    }


_STILL_MINE = select(_c.employee_id).where(*MINE, IDS)


def _still_mine(connection: Connection, holder: Holder, ids: Iterable[str]) -> set[str]:
    return set(connection.scalars(_STILL_MINE, holder.key | {"b_ids": sorted(ids)}))


def release(connection: Connection, holder: Holder, ids: Sequence[str]) -> None:
    """Give leases back without a result: the links stay due."""
    free = list(locked(connection, holder, ids))
    if free:
        connection.execute(_RELEASE, holder.key | {"b_ids": free})
