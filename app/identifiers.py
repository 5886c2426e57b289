"""Identifiers: time-ordered UUIDs for what the outside sees, small numbers per tenant for what people name."""

from __future__ import annotations

import os
import time
import uuid
import zlib

from sqlalchemy import Connection, Table, func, select, text

from app.database import is_sqlite


def new_id() -> str:
    """Return a UUID of version 7 (RFC 9562 §5.7) as text: new rows land at the end of their index."""
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def next_number(connection: Connection, table: Table, tenant_id: int, column: str = "id") -> int:
    """Return the next free number of ``table`` in this tenant, safe until the writing transaction ends."""
    if not is_sqlite(connection):
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:tenant, :table)"),
            {"tenant": tenant_id, "table": zlib.crc32(table.name.encode()) & 0x7FFFFFFF},
        )
    highest = connection.scalar(select(func.max(table.c[column])).where(table.c.tenant_id == tenant_id))
    return (highest or 0) + 1
