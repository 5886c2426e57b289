"""How the drains of one target, in whatever processes and on whatever machines, share its rate and its concurrency.

Each drain has a row while it works and renews it (pulse.py). A drain whose row has run out makes no call, and the
others take its share: so the limits of a target hold over all of them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from app import clock
from app.provisioning.claims import Holder
from app.provisioning.policies import Policy
from app.provisioning.tables import drain_table, target_table
from app.provisioning.turns import seconds

_c = drain_table.c
#: Calls a second that one process makes at least, whatever the machine: up to that another one helps nobody.
CALLS_OF_ONE = 50.0

_AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))
_MINE = (*_AT_TARGET, _c.owner == bindparam("b_owner"))
_ALIVE = select(_c.owner).where(*_AT_TARGET, _c.until >= bindparam("b_now")).order_by(_c.owner)
_KEEP = update(drain_table).where(*_MINE, _c.until >= bindparam("b_now")).values(until=bindparam("b_until"))
_LEAVE = delete(drain_table).where(*_MINE)
_SWEEP = delete(drain_table).where(*_AT_TARGET, _c.until < bindparam("b_now"))
_ONE_BY_ONE = (
    select(target_table.c.id)
    .where(target_table.c.tenant_id == bindparam("b_tenant"), target_table.c.id == bindparam("b_target"))
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class Share:
    """What one drain may do: `calls` at the same time, and `rate` calls a second (0 for no limit)."""

    calls: int
    rate: float


def share_of(position: int, drains: int, policy: Policy) -> Share:
    """The share of the drain at `position` (from 0) of so many; those of all of them add up to the target's limits.

    >>> from app.provisioning.fields import Selection
    >>> policy = Policy(Selection.of(None), concurrency=5, rate=30.0)
    >>> [share_of(position, 3, policy) for position in range(3)][1:]
    [Share(calls=2, rate=10.0), Share(calls=1, rate=10.0)]
    """
    calls = policy.concurrency // drains + (position < policy.concurrency % drains)
    return Share(max(1, calls), policy.rate / drains)


def useful(policy: Policy) -> int:
    """How many drains at once can make more calls than fewer of them; never more than calls at once are allowed."""
    if not policy.rate:
        return policy.concurrency
    return max(1, min(policy.concurrency, ceil(policy.rate / CALLS_OF_ONE)))


def alive(connection: Connection, tenant_id: int, target_id: int) -> list[str]:
    """The owners of the drains that work on a target at the moment, in the order of their names."""
    key = {"b_tenant": tenant_id, "b_target": target_id, "b_now": clock.now()}
    return list(connection.scalars(_ALIVE, key))


def join(connection: Connection, holder: Holder, most: int) -> bool:
    """Whether the holder's drain is one of those that share the target now, of which there are `most` at most."""
    key = {"b_tenant": holder.tenant_id, "b_target": holder.target_id}
    connection.execute(_ONE_BY_ONE, key)
    connection.execute(_SWEEP, key | {"b_now": clock.now()})
    if len(alive(connection, holder.tenant_id, holder.target_id)) >= most:
        return False
    row = {"tenant_id": holder.tenant_id, "target_id": holder.target_id, "owner": holder.owner}
    connection.execute(insert(drain_table), row | {"until": clock.after(seconds(holder))})
    return True


def keep(connection: Connection, holder: Holder) -> bool:
    """Let the holder's drain go on for as long as a turn lasts; False when its time has run out before."""
    now = clock.now()
    until = clock.after(seconds(holder), since=now)
    return bool(connection.execute(_KEEP, holder.key | {"b_now": now, "b_until": until}).rowcount)


def leave(connection: Connection, holder: Holder) -> None:
    """Let the others have the holder's share."""
    connection.execute(_LEAVE, holder.key)
