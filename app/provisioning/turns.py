"""Whose turn it is at a target: one tick at a time, and one process that reads the whole target."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, null, or_, update

from app import clock
from app.provisioning.claims import Holder
from app.provisioning.tables import target_table

_c = target_table.c
_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.id == bindparam("b_target"))


def _take(owner: Any, until: Any) -> Any:
    is_free = or_(owner == bindparam("b_owner"), until.is_(None), until < bindparam("b_now"))
    values: dict[str, Any] = {owner.name: bindparam("b_owner"), until.name: bindparam("b_until")}
    return update(target_table).where(*_TARGET, is_free).values(values)


def _give(owner: Any, until: Any) -> Any:
    values: dict[str, Any] = {owner.name: null(), until.name: null()}
    return update(target_table).where(*_TARGET, owner == bindparam("b_owner")).values(values)


def _keep(owner: Any, until: Any) -> Any:
    values: dict[str, Any] = {until.name: bindparam("b_until")}
    return update(target_table).where(*_TARGET, owner == bindparam("b_owner")).values(values)


_KEEP_TICK, _KEEP_LISTING = _keep(_c.tick_owner, _c.tick_until), _keep(_c.listing_owner, _c.listing_until)
_TAKE_TICK, _GIVE_TICK = _take(_c.tick_owner, _c.tick_until), _give(_c.tick_owner, _c.tick_until)
_TAKE_LISTING, _GIVE_LISTING = (
    _take(_c.listing_owner, _c.listing_until),
    _give(_c.listing_owner, _c.listing_until),
)


def _taken(connection: Connection, statement: Any, holder: Holder) -> bool:
    now = clock.now()
    until = clock.after(holder.lease_seconds, since=now)
    return bool(connection.execute(statement, holder.key | {"b_now": now, "b_until": until}).rowcount)


def take_tick(connection: Connection, holder: Holder) -> bool:
    """Whether the tick is the holder's now, or still is, for another `lease_seconds`."""
    return _taken(connection, _TAKE_TICK, holder)


def take_listing(connection: Connection, holder: Holder) -> bool:
    """Whether it is the holder who reads the whole target, for another `lease_seconds`."""
    return _taken(connection, _TAKE_LISTING, holder)


def keep(connection: Connection, holder: Holder) -> None:
    """Let the turns that the holder has last for another `lease_seconds`."""
    until = clock.after(holder.lease_seconds)
    for statement in (_KEEP_TICK, _KEEP_LISTING):
        connection.execute(statement, holder.key | {"b_until": until})


def give_back(connection: Connection, holder: Holder) -> None:
    """Give both turns back."""
    for statement in (_GIVE_TICK, _GIVE_LISTING):
        connection.execute(statement, holder.key)
