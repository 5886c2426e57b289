"""Whose turn it is at a target: one tick at a time, and one process that reads the whole target.

A turn is short and renewed all the while (pulse.py): a worker that was killed at work keeps nobody waiting for long.
Two ticks at once would do no harm to a person, whose link has a lease of its own.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, null, or_, update

from app import clock
from app.provisioning.claims import Holder
from app.provisioning.tables import target_table

#: How long a turn lasts unless it is renewed.
TURN_SECONDS = 6.0

_c = target_table.c
_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.id == bindparam("b_target"))
_OWNER: Any = bindparam("b_owner")


def seconds(holder: Holder) -> float:
    """How long the holder's turns last unless they are renewed; where calls are short, so are turns."""
    return min(TURN_SECONDS, holder.lease_seconds / 2)


def _is_free(owner: Any, until: Any) -> Any:
    return or_(owner == _OWNER, until.is_(None), until < bindparam("b_now"))


def _take(owner: Any, until: Any, *conditions: Any) -> Any:
    values: dict[str, Any] = {owner.name: _OWNER, until.name: bindparam("b_until")}
    return update(target_table).where(*_TARGET, _is_free(owner, until), *conditions).values(values)


def _give(owner: Any, until: Any) -> Any:
    values: dict[str, Any] = {owner.name: null(), until.name: null()}
    return update(target_table).where(*_TARGET, owner == _OWNER).values(values)


def _keep(owner: Any, until: Any) -> Any:
    values: dict[str, Any] = {until.name: bindparam("b_until")}
    return update(target_table).where(*_TARGET, owner == _OWNER).values(values)


_TICK, _LISTING = (_c.tick_owner, _c.tick_until), (_c.listing_owner, _c.listing_until)
_TAKE_TICK, _KEEP_TICK, _GIVE_TICK = _take(*_TICK), _keep(*_TICK), _give(*_TICK)
# Those who help a tick leave the reading of the whole target to the one that has the tick.
_TAKE_LISTING, _KEEP_LISTING, _GIVE_LISTING = (
    _take(*_LISTING, _is_free(*_TICK)),
    _keep(*_LISTING),
    _give(*_LISTING),
)


def _taken(connection: Connection, statement: Any, holder: Holder) -> bool:
    now = clock.now()
    until = clock.after(seconds(holder), since=now)
    return bool(connection.execute(statement, holder.key | {"b_now": now, "b_until": until}).rowcount)


def take_tick(connection: Connection, holder: Holder) -> bool:
    """Whether the tick is the holder's now, or still is, for as long as a turn lasts."""
    return _taken(connection, _TAKE_TICK, holder)


def take_listing(connection: Connection, holder: Holder) -> bool:
    """Whether it is the holder who reads the whole target, for as long as a turn lasts."""
    return _taken(connection, _TAKE_LISTING, holder)


def keep(connection: Connection, holder: Holder) -> bool:
    """Let the turns that the holder has last as long again; whether the tick is one of them."""
    wanted = holder.key | {"b_until": clock.after(seconds(holder))}
    connection.execute(_KEEP_LISTING, wanted)
    return bool(connection.execute(_KEEP_TICK, wanted).rowcount)


def give_back(connection: Connection, holder: Holder) -> None:
    """Give both turns back."""
    for statement in (_GIVE_TICK, _GIVE_LISTING):
        connection.execute(statement, holder.key)
