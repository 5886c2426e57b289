"""Admins: local accounts with argon2id passwords, throttled sign-in, server-side sessions."""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from app import clock
from app.access import audit, tenants
from app.access.encryption import digest
from app.access.tables import Admin as AdminTable
from app.access.tables import Session as SessionTable
from app.access.tables import SignInAttempt
from app.access.tenants import Tenant
from app.database import upsert
from app.errors import WrongUse
from app.identifiers import next_number
from scim.keys import comparison_key

SESSION_HOURS = 12
FREE_FAILURES = 5
MAX_BLOCK_SECONDS = 900

_admin, _session, _attempt = AdminTable.__table__, SessionTable.__table__, SignInAttempt.__table__
_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """What is verified when nobody has the address, so that it takes as long as a wrong password."""
    return _hasher.hash("nobody has this password")



@dataclass(frozen=True)
class Admin:
    """A person signed in to the console."""

    tenant_id: int
    tenant_slug: str
    id: int
    email: str


class SignInRefused(WrongUse):
    """Wrong address or password, or too many tries; the message never says which address exists."""


def create(connection: Connection, tenant: Tenant, email: str) -> str:
    """Create an admin, or give a known one a new password, and return the one-time password.

    :raises WrongUse: for something that is no e-mail address.
    """
    local, at, domain = email.partition("@")
    if not (local and at and domain):
        raise WrongUse(f"{email[:200]!r} is not an e-mail address; use name@domain.")
    password = secrets.token_urlsafe(12)
    where = (_admin.c.tenant_id == tenant.id, _admin.c.email_key == comparison_key(email))
    values = {"password_hash": _hasher.hash(password), "must_change_password": True}
    admin_id = connection.scalar(select(_admin.c.id).where(*where))
    if admin_id is None:
        admin_id = next_number(connection, _admin, tenant.id)
        row = {"tenant_id": tenant.id, "id": admin_id, "email": email, "email_key": comparison_key(email)}
        connection.execute(insert(_admin).values(row | values | {"created_at": clock.now()}))
    else:
        connection.execute(update(_admin).where(*where).values(values))
        connection.execute(
            delete(_session).where(_session.c.tenant_id == tenant.id, _session.c.admin_id == admin_id)
        )
    audit.record(
        connection, tenant.id, "system:cli", "admin.password_issued", f"admin:{admin_id}", {"email": email}
    )
    return password


def wait_seconds(connection: Connection, tenant: Tenant | None, email: str) -> float:
    """Return how long this address must wait before another try; 0 when it may try now."""
    blocked_until = connection.scalar(select(_attempt.c.blocked_until).where(*_where_attempt(tenant, email)))
    if blocked_until is None or blocked_until <= clock.now():
        return 0.0
    return (clock.parse_instant(blocked_until) - clock.utcnow()).total_seconds()


def verified(connection: Connection, tenant: Tenant | None, email: str, password: str) -> int | None:
    """Return the number of the admin whose password this is, or None; takes as long in either case."""
    found = None
    if tenant is not None:
        found = connection.execute(
            select(_admin.c.id, _admin.c.password_hash).where(
                _admin.c.tenant_id == tenant.id, _admin.c.email_key == comparison_key(email)
            )
        ).first()
    try:
        _hasher.verify(found.password_hash if found else _nobody(), password)
    except (VerificationError, InvalidHashError):
        return None
    return int(found.id) if found else None


def note_failure(connection: Connection, tenant: Tenant | None, email: str) -> None:
    """Count a failed sign-in; after :data:`FREE_FAILURES` each one doubles the wait, up to a quarter of an hour."""
    failures = (connection.scalar(select(_attempt.c.failures).where(*_where_attempt(tenant, email))) or 0) + 1
    wait = min(2.0 ** (failures - FREE_FAILURES), MAX_BLOCK_SECONDS) if failures >= FREE_FAILURES else 0
    values = {"failures": failures, "blocked_until": clock.after(wait) if wait else None}
    tenant_id, subject = _subject(tenant, email)
    statement = upsert(connection, _attempt).values(tenant_id=tenant_id, subject=subject, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "subject"], set_=values))


def open_session(connection: Connection, tenant: Tenant, admin_id: int, email: str) -> str:
    """Open a session for an admin and return the cookie's value; failures so far are forgotten."""
    connection.execute(delete(_attempt).where(*_where_attempt(tenant, email)))
    connection.execute(
        delete(_session).where(_session.c.tenant_id == tenant.id, _session.c.expires_at < clock.now())
    )
    value = f"{tenant.token_key}.{secrets.token_urlsafe(32)}"
    row = {
        "hash": _hash(value),
        "tenant_id": tenant.id,
        "admin_id": admin_id,
        "created_at": clock.now(),
        "expires_at": clock.after(SESSION_HOURS * 3600),
    }
    connection.execute(insert(_session).values(row))
    audit.record(connection, tenant.id, f"admin:{email}", "admin.signed_in", f"admin:{admin_id}", {})
    return value


def admin_of_session(connection: Connection, value: str) -> Admin | None:
    """Return who a session cookie belongs to, or None when it is unknown or over."""
    tenant = tenants.with_token_key(connection, value.partition(".")[0])
    if tenant is None:
        return None
    found = connection.execute(
        select(_admin.c.id, _admin.c.email)
        .join(_session, (_admin.c.tenant_id == _session.c.tenant_id) & (_admin.c.id == _session.c.admin_id))
        .where(
            _session.c.tenant_id == tenant.id,
            _session.c.hash == _hash(value),
            _session.c.expires_at > clock.now(),
        )
    ).first()
    return Admin(tenant.id, tenant.slug, *found) if found else None


def close_session(connection: Connection, value: str) -> None:
    """End the session of this cookie."""
    tenant = tenants.with_token_key(connection, value.partition(".")[0])
    if tenant is not None:
        where = (_session.c.tenant_id == tenant.id, _session.c.hash == _hash(value))
        connection.execute(delete(_session).where(*where))


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _subject(tenant: Tenant | None, email: str) -> tuple[int, str]:
    tenant_id = tenant.id if tenant else 0
    return tenant_id, digest(tenant_id, b"sign-in/" + comparison_key(email).encode())


def _where_attempt(tenant: Tenant | None, email: str) -> tuple[ColumnElement[bool], ...]:
    tenant_id, subject = _subject(tenant, email)
    return _attempt.c.tenant_id == tenant_id, _attempt.c.subject == subject
