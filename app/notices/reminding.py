"""Reminders: what waits for somebody is said once more if nothing else was told about it (rule 16)."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, update

from app.notices import telling
from app.notices.tables import notice_table

_c = notice_table.c
_DUE = (
    select(_c.id, _c.kind, _c.about)
    .where(_c.tenant_id == bindparam("b_tenant"), _c.remind_at <= bindparam("b_now"))
    .order_by(_c.id)
)
_DONE = (
    update(notice_table)
    .where(_c.tenant_id == bindparam("b_tenant"), _c.id == bindparam("b_notice"), _c.remind_at.is_not(None))
    .values(remind_at=None)
)


def has_due(connection: Connection, tenant_id: int, now: str) -> bool:
    """Whether a reminder of the tenant has come."""
    return connection.execute(_DUE, {"b_tenant": tenant_id, "b_now": now}).first() is not None


def remind(connection: Connection, tenant_id: int, now: str) -> int:
    """Say again what is still so; return how many notices that were."""
    said = 0
    for notice in connection.execute(_DUE, {"b_tenant": tenant_id, "b_now": now}).all():
        key = {"b_tenant": tenant_id, "b_notice": notice.id}
        is_first = connection.execute(_DONE, key).rowcount == 1
        last = telling.last(connection, tenant_id, notice.kind, notice.about)
        if is_first and last is not None and last[0] == notice.id:
            telling.enqueue(connection, tenant_id, notice.id, notice.kind, telling.REMINDER)
            said += 1
    return said
