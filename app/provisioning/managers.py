"""Managers in a second pass: an account names its manager's account once that exists (the optional field `manager`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, case, null, or_, select, update

from app import clock
from app.database import one_of
from app.provisioning.tables import link_table

FIELD = "manager"

_c = link_table.c
_AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))
_ACCOUNTS = select(_c.employee_id, _c.remote_id).where(
    *_AT_TARGET,
    one_of(_c.employee_id, "b_ids"),
    _c.remote_id.is_not(None),
)
_manager = link_table.alias("manager").c
_READY = (
    select(_c.employee_id)
    .where(
        *_AT_TARGET,
        _c.waits_for.is_not(None),
        select(_manager.employee_id)
        .where(
            _manager.tenant_id == _c.tenant_id,
            _manager.target_id == _c.target_id,
            _manager.employee_id == _c.waits_for,
            _manager.remote_id.is_not(None),
        )
        .exists(),
    )
    .order_by(_c.employee_id)
)
_READY_NOW = _READY.limit(1)
_READY_FREE = _READY.limit(1000).with_for_update(skip_locked=True, of=link_table)
_WAKE = (
    update(link_table)
    .where(*_AT_TARGET, one_of(_c.employee_id, "b_ids"))
    .values(
        waits_for=null(),
        generation=_c.generation + 1,
        due_generation=_c.generation + 1,
        due_at=case(
            (or_(_c.due_at.is_(None), _c.due_at > bindparam("b_now")), bindparam("b_now")), else_=_c.due_at
        ),
    )
)


def accounts(
    connection: Connection, tenant_id: int, target_id: int, employee_ids: Iterable[Any]
) -> dict[str, str]:
    """Employee → remote id, of those of these employees who have an account at the target."""
    ids = sorted({str(each) for each in employee_ids})
    if not ids:
        return {}
    key = {"b_tenant": tenant_id, "b_target": target_id, "b_ids": ids}
    return {row.employee_id: row.remote_id for row in connection.execute(_ACCOUNTS, key)}


def has_ready(connection: Connection, tenant_id: int, target_id: int) -> bool:
    """Whether links wait for a manager who has an account by now."""
    key = {"b_tenant": tenant_id, "b_target": target_id}
    return connection.execute(_READY_NOW, key).first() is not None


def wake(connection: Connection, tenant_id: int, target_id: int) -> bool:
    """Have the links delivered that wait for a manager who has an account by now; False when there are none.

    Rows that somebody works on at the moment are left to the next look: so nobody waits for another one's lock.
    """
    key = {"b_tenant": tenant_id, "b_target": target_id}
    ids = list(connection.scalars(_READY_FREE, key))
    if ids:
        connection.execute(_WAKE, key | {"b_ids": ids, "b_now": clock.now()})
    return bool(ids)
