"""Admins: local accounts with argon2id passwords, throttled sign-in, server-side sessions."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from app import clock
from app.access import audit, passwords, tenants
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


@dataclass(frozen=True)
class Admin:
    """A person signed in to the console."""

    tenant_id: int
    tenant_slug: str
    id: int
    email: str
    #: True until the one-time password has been replaced: nothing but that is open until then.
    must_change_password: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A password that was right: whose it is, and the hash that it was verified against."""

    admin_id: int
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """A password that may be chosen: the hash of the one-time one that it replaces, and its own."""

    replaces: str = field(repr=False)
    password_hash: str = field(repr=False)


def create(connection: Connection, tenant: Tenant, email: str) -> str:
    """Create an admin, or give a known one a new password, and return the one-time password.

    :raises WrongUse: for something that is no e-mail address.
    """
    local, at, domain = email.partition("@")
    if not (local and at and domain):
        raise WrongUse(f"{email[:200]!r} is not an e-mail address; use name@domain.")
    password = passwords.one_time()
    where = (_admin.c.tenant_id == tenant.id, _admin.c.email_key == comparison_key(email))
    values = {"password_hash": passwords.hashed(password), "must_change_password": True}
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


def verified(connection: Connection, tenant: Tenant | None, email: str, password: str) -> Match | None:
    """Return whose password this is, or None; takes as long in either case."""
    found = None
    if tenant is not None:
        found = connection.execute(
            select(_admin.c.id, _admin.c.password_hash).where(
                _admin.c.tenant_id == tenant.id, _admin.c.email_key == comparison_key(email)
            )
        ).first()
    is_right = passwords.is_right(found.password_hash if found else None, password)
    return Match(*found) if found and is_right else None


def count_try(connection: Connection, tenant: Tenant | None, email: str) -> float:
    """Count a try to sign in and return 0, or return the seconds to wait before the next one.

    After :data:`FREE_FAILURES` each one doubles the wait, up to a quarter of an hour. One statement looks and counts,
    so that tries sent all at once are counted one after the other and none gets past a block.
    """
    tenant_id, subject = _subject(tenant, email)
    is_open = or_(_attempt.c.blocked_until.is_(None), _attempt.c.blocked_until <= clock.now())
    counted = upsert(connection, _attempt).values(tenant_id=tenant_id, subject=subject, failures=1)
    counted = counted.on_conflict_do_update(
        index_elements=["tenant_id", "subject"], set_={"failures": _attempt.c.failures + 1}, where=is_open
    )
    failures = connection.scalar(counted.returning(_attempt.c.failures))
    if failures is None:
        return max(wait_seconds(connection, tenant, email), 0.001)  # the block may have ended a moment ago
    if failures >= FREE_FAILURES:
        until = clock.after(min(2.0 ** (failures - FREE_FAILURES), MAX_BLOCK_SECONDS))
        connection.execute(update(_attempt).where(*_where_attempt(tenant, email)).values(blocked_until=until))
    return 0.0


def open_session(connection: Connection, tenant: Tenant, match: Match, email: str) -> str | None:
    """Open a session for an admin and return the cookie's value; failures so far are forgotten.

    None when the password was replaced since it was verified: it opens nothing any more.
    """
    still_right = (
        _admin.c.tenant_id == tenant.id,
        _admin.c.id == match.admin_id,
        _admin.c.password_hash == match.password_hash,
    )
    if connection.scalar(select(_admin.c.id).where(*still_right).with_for_update(read=True)) is None:
        return None
    connection.execute(delete(_attempt).where(*_where_attempt(tenant, email)))
    connection.execute(
        delete(_session).where(_session.c.tenant_id == tenant.id, _session.c.expires_at < clock.now())
    )
    value = f"{tenant.token_key}.{secrets.token_urlsafe(32)}"
    row = {
        "hash": _hash(value),
        "tenant_id": tenant.id,
        "admin_id": match.admin_id,
        "created_at": clock.now(),
        "expires_at": clock.after(SESSION_HOURS * 3600),
    }
    connection.execute(insert(_session).values(row))
    audit.record(connection, tenant.id, f"admin:{email}", "admin.signed_in", f"admin:{match.admin_id}", {})
    return value


def choice(connection: Connection, admin: Admin, password: str) -> Choice:
    """Return what :func:`choose_password` takes; the slow part, for a reading transaction.

    :raises PasswordRefused: for a password that may not be chosen.
    """
    replaces = connection.scalar(select(_admin.c.password_hash).where(*_where(admin)))
    passwords.require_fit(password, email=admin.email, one_time_hash=replaces or "")
    return Choice(replaces or "", passwords.hashed(password))


def choose_password(connection: Connection, admin: Admin, chosen: Choice, session: str) -> bool:
    """Put the chosen password in the place of the one-time one and end the admin's sessions but this one.

    False, and nothing is done, when another password has come in its place since.
    """
    is_issued = (_admin.c.must_change_password, _admin.c.password_hash == chosen.replaces)
    values = {"password_hash": chosen.password_hash, "must_change_password": False}
    if not connection.execute(update(_admin).where(*_where(admin), *is_issued).values(values)).rowcount:
        return False
    connection.execute(
        delete(_session).where(
            _session.c.tenant_id == admin.tenant_id,
            _session.c.admin_id == admin.id,
            _session.c.hash != _hash(session),
        )
    )
    actor, subject = f"admin:{admin.email}", f"admin:{admin.id}"
    audit.record(connection, admin.tenant_id, actor, "admin.password_changed", subject, {})
    return True


def admin_of_session(connection: Connection, value: str) -> Admin | None:
    """Return who a session cookie belongs to, or None when it is unknown or over."""
    tenant = tenants.with_token_key(connection, value.partition(".")[0])
    if tenant is None:
        return None
    found = connection.execute(
        select(_admin.c.id, _admin.c.email, _admin.c.must_change_password)
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


def _where(admin: Admin) -> tuple[ColumnElement[bool], ...]:
    return _admin.c.tenant_id == admin.tenant_id, _admin.c.id == admin.id


def _subject(tenant: Tenant | None, email: str) -> tuple[int, str]:
    tenant_id = tenant.id if tenant else 0
    return tenant_id, digest(tenant_id, b"sign-in/" + comparison_key(email).encode())


def _where_attempt(tenant: Tenant | None, email: str) -> tuple[ColumnElement[bool], ...]:
    tenant_id, subject = _subject(tenant, email)
    return _attempt.c.tenant_id == tenant_id, _attempt.c.subject == subject
