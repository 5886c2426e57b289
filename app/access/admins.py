"""Admins: local accounts with argon2id passwords, and server-side sessions."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from app import clock
from app.access import admins_tries, audit, passwords, roles, tenants
from app.access.tables import Admin as AdminTable
from app.access.tables import Session as SessionTable
from app.access.tenants import Tenant
from app.errors import WrongUse
from app.identifiers import next_number
from scim.keys import comparison_key

SESSION_HOURS = 12

_admin, _session = AdminTable.__table__, SessionTable.__table__


@dataclass(frozen=True)
class Admin:
    """A person signed in to the console."""

    tenant_id: int
    tenant_slug: str
    id: int
    email: str
    #: True until the one-time password has been replaced: nothing but that is open until then.
    must_change_password: bool
    role: str
    #: When the session's holder proved again who they are, or None.
    proved_at: str | None


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


def create(
    connection: Connection, tenant: Tenant, email: str, role: str | None = None, by: str = "system:cli"
) -> str:
    """Create an admin (an owner unless a role is given), and return the one-time password.

    A known one gets a new password, and the role if one is given; the open sessions end.

    :raises WrongUse: for something that is no e-mail address.
    """
    local, at, domain = email.partition("@")
    if not (local and at and domain):
        raise WrongUse(f"{email[:200]!r} is not an e-mail address; use name@domain.")
    password = passwords.one_time()
    hashed = passwords.hashed(password)
    where = (_admin.c.tenant_id == tenant.id, _admin.c.email_key == comparison_key(email))
    known = connection.execute(select(_admin.c.id, _admin.c.role).where(*where)).first()
    if known is None:
        role = role or roles.OWNER
        admin_id = add(connection, tenant, email, role, hashed, must_change_password=True)
    else:
        admin_id, role = known.id, role or known.role
        values = {"password_hash": hashed, "must_change_password": True, "role": role}
        connection.execute(update(_admin).where(*where).values(values))
        end_sessions(connection, tenant.id, admin_id)
    told = {"email": email, "role": role}
    audit.record(connection, tenant.id, by, "admin.password_issued", f"admin:{admin_id}", told)
    return password


def add(
    connection: Connection,
    tenant: Tenant,
    email: str,
    role: str,
    password_hash: str,
    *,
    must_change_password: bool,
) -> int:
    """Add an admin whom nobody knows yet, and return the number."""
    admin_id = next_number(connection, _admin, tenant.id)
    row = {
        "tenant_id": tenant.id,
        "id": admin_id,
        "email": email,
        "email_key": comparison_key(email),
        "password_hash": password_hash,
        "must_change_password": must_change_password,
        "role": role,
        "created_at": clock.now(),
    }
    connection.execute(insert(_admin).values(row))
    return admin_id


def require_other_owner(connection: Connection, tenant_id: int, admin_id: int) -> None:
    """Raise ``WrongUse`` when this admin is the tenant's last owner; others who take owners away wait until we end."""
    where = (_admin.c.tenant_id == tenant_id, _admin.c.role == roles.OWNER)
    owners = set(
        connection.scalars(select(_admin.c.id).where(*where).order_by(_admin.c.id).with_for_update())
    )
    if owners == {admin_id}:
        raise WrongUse(
            "This is the last owner: nobody could give roles any more. Make somebody else an owner first."
        )


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


def open_session(
    connection: Connection, tenant: Tenant, match: Match, email: str, place: str | None = None
) -> str | None:
    """Open a session for an admin and return the cookie's value; failures so far are forgotten.

    ``place`` says in words where from. None when the password was replaced since it was verified: it opens nothing
    any more.
    """
    still_right = (
        _admin.c.tenant_id == tenant.id,
        _admin.c.id == match.admin_id,
        _admin.c.password_hash == match.password_hash,
    )
    if connection.scalar(select(_admin.c.id).where(*still_right).with_for_update(read=True)) is None:
        return None
    admins_tries.forget(connection, tenant, email)
    connection.execute(
        delete(_session).where(_session.c.tenant_id == tenant.id, _session.c.expires_at < clock.now())
    )
    value = f"{tenant.token_key}.{secrets.token_urlsafe(32)}"
    row = {
        "hash": hash_of(value),
        "tenant_id": tenant.id,
        "admin_id": match.admin_id,
        "created_at": clock.now(),
        "expires_at": clock.after(SESSION_HOURS * 3600),
        "place": place[:120] if place else None,
    }
    connection.execute(insert(_session).values(row))
    seen = update(_admin).where(_admin.c.tenant_id == tenant.id, _admin.c.id == match.admin_id)
    connection.execute(seen.values(last_signed_in_at=clock.now()))
    audit.record(connection, tenant.id, f"admin:{email}", "admin.signed_in", f"admin:{match.admin_id}", {})
    return value


def choice(connection: Connection, admin: Admin, password: str) -> Choice:
    """Return what :func:`choose_password` takes; the slow part, for a reading transaction.

    :raises PasswordRefused: for a password that may not be chosen.
    """
    replaces = (
        connection.scalar(select(_admin.c.password_hash).where(*_where(admin))) or passwords.NO_PASSWORD
    )
    passwords.require_fit(password, email=admin.email, replaced_hash=replaces)
    return Choice(replaces, passwords.hashed(password))


def choose_password(connection: Connection, admin: Admin, chosen: Choice, session: str) -> bool:
    """Put the chosen password in the place of the one before and end the admin's sessions but this one.

    False, and nothing is done, when another password has come in its place since.
    """
    is_the_same = _admin.c.password_hash == chosen.replaces
    values = {"password_hash": chosen.password_hash, "must_change_password": False}
    if not connection.execute(update(_admin).where(*_where(admin), is_the_same).values(values)).rowcount:
        return False
    end_sessions(connection, admin.tenant_id, admin.id, but=session)
    actor, subject = f"admin:{admin.email}", f"admin:{admin.id}"
    audit.record(connection, admin.tenant_id, actor, "admin.password_changed", subject, {})
    return True


def end_sessions(connection: Connection, tenant_id: int, admin_id: int, but: str | None = None) -> int:
    """End an admin's sessions, all but the one of a cookie's value if that is given; return how many."""
    where = [_session.c.tenant_id == tenant_id, _session.c.admin_id == admin_id]
    if but is not None:
        where.append(_session.c.hash != hash_of(but))
    return connection.execute(delete(_session).where(*where)).rowcount


def admin_of_session(connection: Connection, value: str) -> Admin | None:
    """Return who a session cookie belongs to, or None when it is unknown or over."""
    tenant = tenants.with_token_key(connection, value.partition(".")[0])
    if tenant is None:
        return None
    found = connection.execute(
        select(
            _admin.c.id, _admin.c.email, _admin.c.must_change_password, _admin.c.role, _session.c.proved_at
        )
        .join(_session, (_admin.c.tenant_id == _session.c.tenant_id) & (_admin.c.id == _session.c.admin_id))
        .where(
            _session.c.tenant_id == tenant.id,
            _session.c.hash == hash_of(value),
            _session.c.expires_at > clock.now(),
        )
    ).first()
    return Admin(tenant.id, tenant.slug, *found) if found else None


def prove(connection: Connection, admin: Admin, session: str) -> None:
    """Remember that the holder of this session has just proved again who they are."""
    where = (_session.c.tenant_id == admin.tenant_id, _session.c.hash == hash_of(session))
    connection.execute(update(_session).where(*where).values(proved_at=clock.now()))
    actor, subject = f"admin:{admin.email}", f"admin:{admin.id}"
    audit.record(connection, admin.tenant_id, actor, "admin.proved", subject, {})


def close_session(connection: Connection, value: str) -> None:
    """End the session of this cookie."""
    tenant = tenants.with_token_key(connection, value.partition(".")[0])
    if tenant is not None:
        where = (_session.c.tenant_id == tenant.id, _session.c.hash == hash_of(value))
        connection.execute(delete(_session).where(*where))


def hash_of(value: str) -> str:
    """Return what is kept of a session cookie's value."""
    return hashlib.sha256(value.encode()).hexdigest()


def _where(admin: Admin) -> tuple[ColumnElement[bool], ...]:
    return _admin.c.tenant_id == admin.tenant_id, _admin.c.id == admin.id
