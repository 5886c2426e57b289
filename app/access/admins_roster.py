"""The roster: who a tenant's admins are, their roles, and who comes and goes."""

from __future__ import annotations

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ColumnElement, Connection, delete, select, update

from app.access import admins, audit, oidc, passwords, roles
from app.access.tables import Admin as AdminTable
from app.access.tables import SavedView
from app.access.tenants import Tenant
from app.errors import NotFoundError, WrongUse
from scim.keys import comparison_key

_admin, _view = AdminTable.__table__, SavedView.__table__
_COLUMNS = (
    _admin.c.id,
    _admin.c.email,
    _admin.c.role,
    _admin.c.must_change_password.label("has_one_time_password"),
    (_admin.c.password_hash != passwords.NO_PASSWORD).label("has_password"),
    _admin.c.oidc_subject.is_not(None).label("is_bound"),
    _admin.c.last_signed_in_at,
    _admin.c.created_at,
)


@dataclass(frozen=True, slots=True)
class Member:
    """An admin as the roster has them; ``is_bound``: is known from a sign-in at the tenant's provider."""

    id: int
    email: str
    role: str
    has_one_time_password: bool
    has_password: bool
    is_bound: bool
    last_signed_in_at: str | None
    created_at: str


def listed(connection: Connection, tenant_id: int) -> list[Member]:
    """Return all admins of a tenant by e-mail address."""
    query = select(*_COLUMNS).where(_admin.c.tenant_id == tenant_id).order_by(_admin.c.email_key)
    return [_member(row) for row in connection.execute(query)]


def with_id(connection: Connection, tenant_id: int, admin_id: int) -> Member:
    """Return one admin; raises ``NotFoundError``."""
    return _one(connection, tenant_id, _admin.c.id == admin_id, f"There is no admin {admin_id}.")


def with_email(connection: Connection, tenant_id: int, email: str) -> Member:
    """Return the admin with this e-mail address; raises ``NotFoundError``."""
    missing = f"Nobody with the address {email[:320]!r} is an admin here; see: rollcall admin list"
    return _one(connection, tenant_id, _admin.c.email_key == comparison_key(email), missing)


def subject_of(connection: Connection, tenant_id: int, admin_id: int) -> str | None:
    """Return who an admin is at the tenant's provider; None before their first sign-in there."""
    return connection.scalar(select(_admin.c.oidc_subject).where(*_where(tenant_id, admin_id)))


def invite(connection: Connection, tenant: Tenant, email: str, role: str, by: str) -> str:
    """Let somebody in with a role, and return their one-time password.

    :raises WrongUse: for no e-mail address, and for one that an admin has already.
    """
    try:
        address = validate_email(email, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise WrongUse(f"This is not an e-mail address that can be used: {error}") from None
    taken = (_admin.c.tenant_id == tenant.id, _admin.c.email_key == comparison_key(address))
    if connection.scalar(select(_admin.c.id).where(*taken)) is not None:
        raise WrongUse(
            "This address is in the list already. Give a new one-time password or another role there."
        )
    return admins.create(connection, tenant, address, _known(role), by)


def give_role(connection: Connection, tenant_id: int, admin_id: int, role: str, by: str) -> Member:
    """Give an admin another role, which counts from their next click on; return them as they are now.

    Who is an owner no more signs in anew where the tenant's provider is required: their password may have opened the
    sessions they have, and opens nothing for them any more.

    :raises NotFoundError: there is no such admin. :raises WrongUse: no such role, or the last owner would be none.
    """
    before = with_id(connection, tenant_id, admin_id)
    if _known(role) == before.role:
        return before
    admins.require_other_owner(connection, tenant_id, admin_id)
    connection.execute(update(_admin).where(*_where(tenant_id, admin_id)).values(role=role))
    provider = oidc.provider_of(connection, tenant_id)
    if before.role == roles.OWNER and provider is not None and provider.is_required:
        admins.end_sessions(connection, tenant_id, admin_id)
    told = {"email": before.email, "before": before.role, "role": role}
    audit.record(connection, tenant_id, by, "admin.role_given", f"admin:{admin_id}", told)
    return with_id(connection, tenant_id, admin_id)


def issue_password(connection: Connection, tenant: Tenant, admin_id: int, by: str) -> str:
    """Return a new one-time password for an admin, whose sessions end; raises ``NotFoundError``."""
    return admins.create(connection, tenant, with_id(connection, tenant.id, admin_id).email, by=by)


def remove(connection: Connection, tenant_id: int, admin_id: int, by: str) -> Member:
    """Remove an admin with sessions and saved views; return who it was.

    :raises NotFoundError: there is no such admin. :raises WrongUse: it is the last owner.
    """
    member = with_id(connection, tenant_id, admin_id)
    admins.require_other_owner(connection, tenant_id, admin_id)
    admins.end_sessions(connection, tenant_id, admin_id)
    connection.execute(delete(_view).where(_view.c.tenant_id == tenant_id, _view.c.admin_id == admin_id))
    connection.execute(delete(_admin).where(*_where(tenant_id, admin_id)))
    told = {"email": member.email, "role": member.role}
    audit.record(connection, tenant_id, by, "admin.removed", f"admin:{admin_id}", told)
    return member


def _one(connection: Connection, tenant_id: int, which: ColumnElement[bool], missing: str) -> Member:
    row = connection.execute(select(*_COLUMNS).where(_admin.c.tenant_id == tenant_id, which)).first()
    if row is None:
        raise NotFoundError(missing)
    return _member(row)


def _member(row: tuple[object, ...]) -> Member:
    return Member(*row)  # type: ignore[arg-type]


def _known(role: str) -> str:
    if role not in roles.BY_NAME:
        raise WrongUse(f"{role[:40]!r} is no role; use one of {', '.join(roles.BY_NAME)}.")
    return role


def _where(tenant_id: int, admin_id: int) -> tuple[ColumnElement[bool], ...]:
    return _admin.c.tenant_id == tenant_id, _admin.c.id == admin_id
