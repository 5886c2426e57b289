"""Names for new sources."""

from __future__ import annotations

from itertools import count

from sqlalchemy import Connection, select

from app.sources.tables import source


def free_name(connection: Connection, tenant_id: int, kind: str) -> str:
    """Return a name that no source of the tenant has: the kind's, else with a number behind it."""
    taken = set(connection.scalars(select(source.c.name).where(source.c.tenant_id == tenant_id)))
    candidates = (kind if number == 1 else f"{kind}-{number}" for number in count(1))
    return next(name for name in candidates if name not in taken)
