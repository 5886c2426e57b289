"""Notices as they are shown: what was said, and what became of each delivery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from app.database import one_of
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
    .where(
        _delivery.c.tenant_id == bindparam("b_tenant"),
        one_of(_delivery.c.notice_id, "b_notices"),
    )
    .order_by(_delivery.c.notice_id, _delivery.c.number, _channel.c.name)
)

_newest = (
    select(_delivery.c.channel_id, func.max(_delivery.c.notice_id).label("notice_id"))
    .where(_delivery.c.tenant_id == bindparam("b_tenant"))
    .group_by(_delivery.c.channel_id)
    .subquery()
)
#: A reminder comes after the first word of its notice, and takes its place.
_LAST = (
    select(*(_delivery.c[name] for name in ("channel_id", "state", "next_attempt_at", "error", "sent_at")))
    .join(
        _newest,
        (_newest.c.channel_id == _delivery.c.channel_id) & (_newest.c.notice_id == _delivery.c.notice_id),
    )
    .where(_delivery.c.tenant_id == bindparam("b_tenant"))
    .order_by(_delivery.c.channel_id, _delivery.c.number)
)


def listed(connection: Connection, tenant_id: int, limit: int = 50) -> list[dict[str, Any]]:
    """Return the newest notices of a tenant, newest first, each with its deliveries."""
    rows = connection.execute(_NEWEST, {"b_tenant": tenant_id, "b_limit": limit})
    notices = [_of(row) for row in rows]
    found = deliveries_of(connection, tenant_id, [notice["id"] for notice in notices])
    return [notice | {"deliveries": found[notice["id"]]} for notice in notices]


def deliveries_of(
    connection: Connection, tenant_id: int, notice_ids: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    """Return notice number → what became of each of its deliveries, for these notices."""
    found: dict[int, list[dict[str, Any]]] = {notice_id: [] for notice_id in notice_ids}
    for row in connection.execute(_DELIVERIES, {"b_tenant": tenant_id, "b_notices": list(notice_ids)}):
        values = dict(row._mapping)
        notice_id, number = values.pop("notice_id"), values.pop("number")
        found[notice_id].append(values | {"reminder": number == REMINDER})
    return found


def last_deliveries(connection: Connection, tenant_id: int) -> dict[int, dict[str, Any]]:
    """Return channel number → what became of its newest delivery, for the channels that had one."""
    rows = connection.execute(_LAST, {"b_tenant": tenant_id})
    return {row.channel_id: dict(row._mapping) for row in rows}


def _of(row: Any) -> dict[str, Any]:
    names = ("id", "at", "kind", "about", "state", "title", "text", "details", "remind_at", "message_id")
    return {name: getattr(row, name) for name in names}
