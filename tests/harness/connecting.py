"""A source connected the short way: enabled, consented to and published, as an admin's clicks would."""

from __future__ import annotations

from sqlalchemy import Connection

from app.registry import source_adapter
from app.sources import catalog, life, vendors
from app.sources.catalog import Source
from app.sources.drafts import Draft


def connect(connection: Connection, tenant_id: int, draft: Draft, by: str = "system:test") -> Source:
    """Add and publish a checked source; the vendor is not called."""
    if source_adapter(draft.kind).needs_consent:
        vendors.enable(connection, tenant_id, draft.kind, by)
    source = catalog.add(connection, tenant_id, draft, by)
    if source.state == "draft":
        life.give_consent(connection, source, by)
    return life.publish(connection, source, (), by)
