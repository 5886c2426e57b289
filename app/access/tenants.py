"""Tenants: the organisations of one installation."""

from __future__ import annotations

import re
import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, insert, select

from app import clock
from app.access import audit
from app.access.tables import Tenant as TenantTable
from app.errors import NotFoundError, WrongUse

_tenant = TenantTable.__table__
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_KEY_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Tenant:
    """An organisation: number, slug, the word in its tokens, the opaque id in its webhook addresses."""

    id: int
    slug: str
    token_key: str
    public_id: str


def create(connection: Connection, slug: str) -> Tenant:
    """Create the tenant; raises ``WrongUse`` for a slug that is malformed or taken."""
    if not _SLUG.fullmatch(slug):
        raise WrongUse(f"{slug!r} cannot be a tenant's slug: use 1 to 63 of a-z, 0-9 and inner hyphens.")
    if connection.scalar(select(_tenant.c.id).where(_tenant.c.slug == slug)) is not None:
        raise WrongUse(f"A tenant {slug!r} exists already; choose another slug.")
    token_key = "".join(secrets.choice(_KEY_ALPHABET) for _ in range(8))
    values = {"slug": slug, "token_key": token_key, "public_id": str(uuid.uuid4()), "created_at": clock.now()}
    tenant_id = int(connection.scalar(insert(_tenant).values(values).returning(_tenant.c.id)) or 0)
    audit.record(connection, tenant_id, "system:cli", "tenant.created", f"tenant:{slug}", {"slug": slug})
    return Tenant(tenant_id, slug, token_key, values["public_id"])


def named(connection: Connection, slug: str) -> Tenant:
    """Return the tenant with this slug; raises ``NotFoundError`` and says how to list them."""
    tenant = _one(connection, _tenant.c.slug == slug)
    if tenant is None:
        known = ", ".join(connection.scalars(select(_tenant.c.slug).order_by(_tenant.c.slug).limit(10)))
        raise NotFoundError(
            f"There is no tenant {slug!r} (known: {known or 'none; use rollcall tenant create SLUG'})."
        )
    return tenant


def with_token_key(connection: Connection, token_key: str) -> Tenant | None:
    """Return the tenant whose tokens carry this word, or None."""
    return _one(connection, _tenant.c.token_key == token_key)


def with_id(connection: Connection, tenant_id: int) -> Tenant | None:
    """Return the tenant with this number, or None."""
    return _one(connection, _tenant.c.id == tenant_id)


def listed(connection: Connection) -> list[Tenant]:
    """Return all tenants by slug."""
    columns = (_tenant.c.id, _tenant.c.slug, _tenant.c.token_key, _tenant.c.public_id)
    return [Tenant(*found) for found in connection.execute(select(*columns).order_by(_tenant.c.slug))]


def _one(connection: Connection, condition: ColumnElement[bool]) -> Tenant | None:
    columns = (_tenant.c.id, _tenant.c.slug, _tenant.c.token_key, _tenant.c.public_id)
    found = connection.execute(select(*columns).where(condition)).first()
    return Tenant(*found) if found else None
