"""Identifiers: time-ordered UUIDs for what the outside sees, small numbers per tenant for what people name."""

from __future__ import annotations

import os
import time
import zlib

from sqlalchemy import Connection, Table, func, select, text

from app.database import is_sqlite


def new_id() -> str:
    """Return a UUID of version 7 as text: new rows land at the end of their index, in order of creation.

    RFC 9562 §5.7 and §6.2 method 3: 48 bits of milliseconds, 12 of the millisecond's fraction (quarters of a
    microsecond: one process makes several employees in a millisecond), 62 random ones.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = (nanoseconds << 12) // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | fraction << 64
    value |= 0x2 << 62 | int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def next_number(connection: Connection, table: Table, tenant_id: int, column: str = "id") -> int:
    """Return the next free number of ``table`` in this tenant, safe until the writing transaction ends."""
    if not is_sqlite(connection):
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:tenant, :table)"),
            {"tenant": tenant_id, "table": zlib.crc32(table.name.encode()) & 0x7FFFFFFF},
        )
    highest = connection.scalar(select(func.max(table.c[column])).where(table.c.tenant_id == tenant_id))
    return (highest or 0) + 1
