"""Webhook deliveries that are done are forgotten after 30 days."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, tuple_

from app import clock
from app.database import require_writing
from app.sources.tables import webhook_delivery as _delivery

KEPT_SECONDS = 30 * 86_400.0
BATCH = 500


def forget_some(connection: Connection, tenant_id: int, now: str) -> int:
    """Remove up to `BATCH` deliveries that are done and older than 30 days; return how many."""
    require_writing(connection)
    key = (_delivery.c.source_id, _delivery.c.delivery_id)
    old = (
        _delivery.c.tenant_id == tenant_id,
        _delivery.c.received_at < clock.after(-KEPT_SECONDS, since=now),
        _delivery.c.state == "done",
    )
    found = connection.execute(select(*key).where(*old).limit(BATCH)).all()
    if not found:
        return 0
    removed = connection.execute(
        delete(_delivery).where(*old, tuple_(*key).in_([tuple(row) for row in found]))
    )
    return removed.rowcount
