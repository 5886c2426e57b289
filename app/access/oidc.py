"""A tenant's sign-in provider (OpenID Connect): its settings, and whom of the admins its answers mean.

Nobody becomes an admin by signing in there. An invited one is known by a verified e-mail address the first time, and
from then on by the provider's own name for them (``sub``), which no other account there can get.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, bindparam, delete, select, update

from app import clock
from app.access import admins, audit, passwords
from app.access.admins import Match
from app.access.encryption import key_ring
from app.access.roles import OWNER
from app.access.tables import Admin as AdminTable
from app.access.tables import Session as SessionTable
from app.access.tables import SignInProvider
from app.database import upsert
from app.errors import RollcallError, WrongUse
from scim.keys import comparison_key

#: The place that the client's secret is sealed for (``app.keeping.sealed`` knows it too).
SECRET_PLACE = "sign_in_provider/client_secret"
#: What says that the address is the person's: the claim of OpenID Connect Core 1.0 §5.1, and that of Entra ID, which
#: sends none such (an optional claim: the domain belongs to the person's own organisation there).
_VERIFIED = ("email_verified", "xms_edov")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_provider, _admin = SignInProvider.__table__, AdminTable.__table__
_session = SessionTable.__table__
_END_OF_OTHERS = delete(_session).where(
    _session.c.tenant_id == bindparam("b_tenant"),
    _session.c.admin_id.not_in(
        select(_admin.c.id).where(_admin.c.tenant_id == bindparam("b_tenant"), _admin.c.role == OWNER)
    ),
)


class NotAdmitted(RollcallError):
    """The provider said who somebody is, and that is no admin of this tenant; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a tenant's admins sign in. ``is_required``: passwords open no session any more, but owners'."""

    tenant_id: int
    issuer: str
    client_id: str
    is_required: bool
    changed_at: str

    @property
    def host(self) -> str:
        """Return the name under which people know it."""
        return urlsplit(self.issuer).netloc


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whom a provider's answer means, fit to open a session with."""

    match: Match
    email: str


def provider_of(connection: Connection, tenant_id: int) -> Provider | None:
    """Return the tenant's provider, or None when its admins have passwords only."""
    columns = (_provider.c.issuer, _provider.c.client_id, _provider.c.is_required, _provider.c.changed_at)
    found = connection.execute(select(*columns).where(_provider.c.tenant_id == tenant_id)).first()
    return Provider(tenant_id, *found) if found else None


def secret_of(connection: Connection, provider: Provider) -> str:
    """Return the client's secret in clear; raises ``UnsealError``."""
    sealed = connection.scalar(
        select(_provider.c.client_secret).where(_provider.c.tenant_id == provider.tenant_id)
    )
    return key_ring().unseal(provider.tenant_id, SECRET_PLACE, sealed or b"").decode()


def require_web_address(address: str) -> None:
    """Raise ``WrongUse`` for what is no https address; plain http goes to this machine only."""
    refusal = WrongUse(f"{address[:200]!r} is not an https address.")
    try:
        parts = urlsplit(address)
    except ValueError:  # such as a bracket without its partner
        raise refusal from None
    is_plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not parts.hostname or (parts.scheme != "https" and not is_plain):
        raise refusal


def keep(
    connection: Connection,
    tenant_id: int,
    by: str,
    *,
    issuer: str,
    client_id: str,
    client_secret: str | None,
    is_required: bool,
) -> Provider:
    """Keep the provider's settings; without a secret the one that is there stays.

    With another issuer nobody is known from there yet: its names for people may mean others. Where it is required,
    whoever came in with a password, or through another issuer, has to come in there: their sessions end, owners' not.

    :raises WrongUse: the issuer is no https address, or there is no secret yet.
    """
    require_web_address(issuer)
    before = provider_of(connection, tenant_id)
    if not client_secret and (before is None or before.issuer != issuer):
        raise WrongUse("The client secret is missing; the provider shows it where Rollcall is registered.")
    values: dict[str, Any] = {
        "issuer": issuer,
        "client_id": client_id,
        "is_required": is_required,
        "changed_at": clock.now(),
    }
    secret = key_ring().seal(tenant_id, SECRET_PLACE, (client_secret or "").encode())
    changed = values | ({"client_secret": secret} if client_secret else {})
    row = {"tenant_id": tenant_id, "client_secret": secret} | values
    statement = upsert(connection, _provider).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["tenant_id"], set_=changed))
    if before is not None and before.issuer != issuer:
        _unbind(connection, tenant_id)
    if is_required and (before is None or not before.is_required or before.issuer != issuer):
        connection.execute(_END_OF_OTHERS, {"b_tenant": tenant_id})
    told = {"issuer": issuer, "client_id": client_id, "is_required": is_required}
    told["secret"] = "changed" if client_secret else "kept"
    audit.record(connection, tenant_id, by, "sign_in_provider.changed", "sign_in_provider", told)
    return Provider(tenant_id, issuer, client_id, is_required, values["changed_at"])


def remove(connection: Connection, tenant_id: int, by: str) -> None:
    """Remove the provider; passwords open sessions again for all who have one."""
    if connection.execute(delete(_provider).where(_provider.c.tenant_id == tenant_id)).rowcount:
        _unbind(connection, tenant_id)
        audit.record(connection, tenant_id, by, "sign_in_provider.removed", "sign_in_provider", {})


def admitted(connection: Connection, provider: Provider, claims: Mapping[str, Any]) -> Admitted:
    """Return which admin the provider's validated claims mean; a first time binds the admin to the claim ``sub``.

    A one-time password that was still waiting ends: who has come in needs it no more.

    :raises NotAdmitted: nobody here, or not for sure.
    """
    subject = str(claims["sub"])
    row = _bound_to(connection, provider.tenant_id, subject) or _invited(connection, provider, claims)
    values: dict[str, Any] = {"oidc_subject": subject}
    if row.must_change_password:
        # Whoever came in with the one-time password and has chosen none yet has to leave.
        admins.end_sessions(connection, provider.tenant_id, row.id)
        values |= {"password_hash": passwords.NO_PASSWORD, "must_change_password": False}
    if row.oidc_subject is None or row.must_change_password:
        where = (_admin.c.tenant_id == provider.tenant_id, _admin.c.id == row.id)
        connection.execute(update(_admin).where(*where).values(values))
    if row.oidc_subject is None:
        told = {"issuer": provider.issuer}
        actor, about = f"admin:{row.email}", f"admin:{row.id}"
        audit.record(connection, provider.tenant_id, actor, "admin.bound_to_provider", about, told)
    return Admitted(Match(row.id, values.get("password_hash", row.password_hash)), row.email)


def _bound_to(connection: Connection, tenant_id: int, subject: str) -> Any:
    where = (_admin.c.tenant_id == tenant_id, _admin.c.oidc_subject == subject)
    return connection.execute(select(_admin).where(*where).with_for_update()).first()


def _invited(connection: Connection, provider: Provider, claims: Mapping[str, Any]) -> Any:
    """Return the admin with the verified address of the claims, whom nobody there is yet."""
    email = claims.get("email")
    said = next((claims[name] for name in _VERIFIED if name in claims), None)
    is_verified = said is True or said in ("true", "1")  # some providers write it as text
    if not isinstance(email, str) or not email.isprintable() or not is_verified:
        raise NotAdmitted(
            f"{provider.host} does not say that your e-mail address is verified, so Rollcall cannot tell who you are. "
            "Have the address verified there, then sign in again."
        )
    where = (_admin.c.tenant_id == provider.tenant_id, _admin.c.email_key == comparison_key(email))
    row = connection.execute(select(_admin).where(*where).with_for_update()).first()
    if row is None:
        raise NotAdmitted(
            f"{provider.host} knows you as {email[:320]}, but nobody with that address has been invited to this "
            "organisation's Rollcall. An owner invites people: Settings, People and roles."
        )
    if row.oidc_subject is not None:
        raise NotAdmitted(
            f"{email[:320]} belongs to another account at {provider.host}. If that account is gone, an owner removes "
            "this person from People and roles and invites them anew."
        )
    return row


def _unbind(connection: Connection, tenant_id: int) -> None:
    connection.execute(update(_admin).where(_admin.c.tenant_id == tenant_id).values(oidc_subject=None))
