"""Notices as they are shown: what was said, and what became of each delivery."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, select

from app.notices.tables import channel_table, delivery_table, notice_table
from app.notices.telling import REMINDER

_notice, _channel, _delivery = notice_table, channel_table, delivery_table
_NEWEST = (
    select(_notice)
    .where(_notice.c.tenant_id == bindparam("b_tenant"))
    .order_by(_notice.c.id.desc())
    .limit(bindparam("b_limit"))
)
_DELIVERIES = (
    select(
        _delivery.c.notice_id,
        _delivery.c.number,
        _channel.c.name.label("channel"),
        *(_delivery.c[name] for name in ("state", "tries", "next_attempt_at", "error", "sent_at")),
    )
    .join(
        _channel,
        (_channel.c.tenant_id == _delivery.c.tenant_id) & (_channel.c.id == _delivery.c.channel_id),
    )
    .where(_delivery.c.tenant_id == bindparam("b_tenant"), _delivery.c.notice_id >= bindparam("b_oldest"))
    .order_by(_delivery.c.notice_id, _delivery.c.number, _channel.c.name)
)


def listed(connection: Connection, tenant_id: int, limit: int = 50) -> list[dict[str, Any]]:
    """Return the newest notices of a tenant, newest first, each with its deliveries."""
    rows = connection.execute(_NEWEST, {"b_tenant": tenant_id, "b_limit": limit})
    notices: dict[int, dict[str, Any]] = {row.id: _of(row) for row in rows}
    if not notices:
        return []
    for row in connection.execute(_DELIVERIES, {"b_tenant": tenant_id, "b_oldest": min(notices)}):
        values = dict(row._mapping)
        notice_id, number = values.pop("notice_id"), values.pop("number")
        if notice_id in notices:
            notices[notice_id]["deliveries"].append(values | {"reminder": number == REMINDER})
    return list(notices.values())


def _of(row: Any) -> dict[str, Any]:
    names = ("id", "at", "kind", "about", "state", "title", "text", "details", "remind_at", "message_id")
    return {name: getattr(row, name) for name in names} | {"deliveries": []}
