"""Which kinds of source a tenant may connect: every kind that needs consent is enabled for a tenant first."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from app import clock
from app.access import audit
from app.database import require_writing
from app.registry import SOURCES, kinds, source_adapter
from app.sources.adapter import SourceAdapter
from app.sources.errors import WrongSource
from app.sources.tables import enabled_vendor

_enabled = enabled_vendor


def enabled(connection: Connection, tenant_id: int) -> dict[str, str]:
    """Return kind → since when it is enabled for a tenant."""
    query = select(_enabled.c.kind, _enabled.c.at).where(_enabled.c.tenant_id == tenant_id)
    return {row.kind: row.at for row in connection.execute(query.order_by(_enabled.c.kind))}


def enable(connection: Connection, tenant_id: int, kind: str, by: str) -> None:
    """Let a tenant connect a kind of source; doing so twice changes nothing. Raises ``WrongUse`` for unknown kinds."""
    require_writing(connection)
    source_adapter(kind)
    if kind in enabled(connection, tenant_id):
        return
    connection.execute(insert(_enabled), {"tenant_id": tenant_id, "kind": kind, "by": by, "at": clock.now()})
    audit.record(connection, tenant_id, by, "vendor.enabled", f"vendor:{kind}", {})


def disable(connection: Connection, tenant_id: int, kind: str, by: str) -> None:
    """Let a tenant connect no further source of a kind; those that are connected stay until they are disconnected."""
    require_writing(connection)
    source_adapter(kind)
    where = (_enabled.c.tenant_id == tenant_id, _enabled.c.kind == kind)
    if connection.execute(delete(_enabled).where(*where)).rowcount:
        audit.record(connection, tenant_id, by, "vendor.disabled", f"vendor:{kind}", {})


def require_enabled(connection: Connection, tenant_id: int, adapter: SourceAdapter) -> None:
    """Raise ``WrongSource`` unless the tenant may connect this kind."""
    if adapter.needs_consent and adapter.kind not in enabled(connection, tenant_id):
        raise WrongSource(
            f"{adapter.label} is not enabled for this tenant; enable it with: "
            f"rollcall vendor enable {adapter.kind} --tenant SLUG"
        )


def known_kinds() -> dict[str, str]:
    """Return kind → label of every kind of source that is installed."""
    return {kind: source_adapter(kind).label for kind in kinds(SOURCES)}
