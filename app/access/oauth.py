"""OAuth 2.0 client credentials (RFC 6749 §4.4): a client's secret buys access tokens that live an hour.

The client's id carries its tenant, ``rcc_<tenant key>_<number>``; the secret is 256 random bits, kept as SHA-256 and
shown once. Nothing here knows HTTP; ``app.web.oauth`` does.
"""

from __future__ import annotations

import hmac
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from app import clock
from app.access import audit, clients, tenants, tokens
from app.access.clients import SCOPES, Client
from app.access.tables import ClientSecret, Token
from app.access.tenants import Tenant
from app.access.tokens import DAY, IssuedToken
from app.errors import NotFoundError, WrongUse
from app.identifiers import next_number

DEFAULT_SECRET_DAYS = 365
#: An ended access token is kept for so long, for those who look into a case; then it is swept.
KEEP_ENDED_SECONDS = DAY
_CLIENT_ID = re.compile(r"rcc_([a-z0-9]{1,16})_([0-9]{1,9})", re.ASCII)
_secret, _token = ClientSecret.__table__, Token.__table__


@dataclass(frozen=True)
class IssuedSecret:
    """A fresh secret of a client: its number and its text, which is never to be had again."""

    id: int
    client_id: str
    text: str = field(repr=False)
    expires_at: str


@dataclass(frozen=True)
class Caller:
    """A client that has shown a secret of its own."""

    tenant: Tenant
    client: Client
    secret_id: int

    @property
    def name(self) -> str:
        """Return ``client:number``, as audit rows name it."""
        return f"client:{self.client.id}"


@dataclass(frozen=True)
class HeldToken:
    """A token that a client asks about: its number, scopes, and instants."""

    id: int
    scopes: str
    created_at: str
    expires_at: str
    is_active: bool


def client_id_of(tenant: Tenant, client: Client) -> str:
    """Return the id under which the client asks for tokens."""
    return f"rcc_{tenant.token_key}_{client.id}"


def make_secret(
    connection: Connection,
    tenant: Tenant,
    client: Client,
    *,
    life_days: int = DEFAULT_SECRET_DAYS,
    overlap_hours: int = 24,
    by: str = "system:cli",
) -> IssuedSecret:
    """Make a fresh secret; the ones before it go on for ``overlap_hours``.

    Without an overlap they end now, and so do the access tokens that were had for them: that is for a secret that
    others may know. Raises ``WrongUse`` for no life.
    """
    if not 1 <= life_days <= 3650:
        raise WrongUse("A secret lives from 1 to 3650 days; give --expires within that.")
    ends_at = clock.after(overlap_hours * 3600)
    of_client = (_secret.c.tenant_id == tenant.id, _secret.c.client_id == client.id)
    connection.execute(
        update(_secret).where(*of_client, _secret.c.expires_at > ends_at).values(expires_at=ends_at)
    )
    if overlap_hours == 0:
        _end_access_tokens(connection, tenant.id, client.id)
    text = f"rcs_{secrets.token_urlsafe(32)}"
    secret_id, expires_at = next_number(connection, _secret, tenant.id), clock.after(life_days * DAY)
    row = {"tenant_id": tenant.id, "id": secret_id, "client_id": client.id, "hash": tokens.digest(text)}
    connection.execute(insert(_secret).values(row | {"created_at": clock.now(), "expires_at": expires_at}))
    values = {"secret": secret_id, "expires_at": expires_at, "others_end_at": ends_at}
    audit.record(connection, tenant.id, by, "client.secret_made", f"client:{client.id}", values)
    return IssuedSecret(secret_id, client_id_of(tenant, client), text, expires_at)


def end_secret(connection: Connection, client: Client, secret_id: int, by: str) -> None:
    """End a secret of a client now, and the access tokens that were had for it.

    :raises NotFoundError: the client has no such secret, or it is over.
    """
    where = (*_living(client), _secret.c.id == secret_id)
    if not connection.execute(update(_secret).where(*where).values(expires_at=clock.now())).rowcount:
        raise NotFoundError(f"Secret {secret_id} of {client.name} does not exist, or is over already.")
    _end_access_tokens(connection, client.tenant_id, client.id, secret_id)
    values = {"secret": secret_id}
    audit.record(connection, client.tenant_id, by, "client.secret_ended", f"client:{client.id}", values)


def secrets_of(connection: Connection, client: Client) -> list[dict[str, Any]]:
    """Return what is known of a client's secrets, newest first, without their hashes."""
    columns = (_secret.c.id, _secret.c.created_at, _secret.c.expires_at, _secret.c.last_used_at)
    where = (_secret.c.tenant_id == client.tenant_id, _secret.c.client_id == client.id)
    found = connection.execute(select(*columns).where(*where).order_by(_secret.c.id.desc()))
    return [dict(row._mapping) for row in found]


def caller_with(connection: Connection, client_id: str, secret: str) -> Caller | None:
    """Return the client of this id when the secret is one of its living ones, else None."""
    written = _CLIENT_ID.fullmatch(client_id)
    tenant = tenants.with_token_key(connection, written[1]) if written else None
    client = clients.with_id(connection, tenant.id, int(written[2])) if written and tenant else None
    if tenant is None or client is None:
        return None
    found = connection.execute(select(_secret.c.id, _secret.c.hash).where(*_living(client)))
    shown = tokens.digest(secret)
    # All are compared, each in constant time: neither the number of secrets nor the place of the right one shows.
    matching = [row.id for row in found if hmac.compare_digest(row.hash, shown)]
    return Caller(tenant, client, matching[0]) if matching else None


def granted_scopes(caller: Caller, asked: str | None) -> tuple[str, ...] | None:
    """Return the scopes that an access token gets: those asked for, or all that the client may have.

    None when one of them is not for this client (RFC 6749 §3.3).
    """
    allowed = frozenset(caller.client.settings.oauth_scopes)
    wanted = (asked or "").split() or sorted(allowed)
    if not all(scope in SCOPES and clients.covers(allowed, scope) for scope in wanted):
        return None
    return tuple(sorted(set(wanted)))


def issue(
    connection: Connection, caller: Caller, scopes: tuple[str, ...], life_seconds: int
) -> IssuedToken | None:
    """Return a fresh access token; None when the secret has ended since it was shown.

    The audit chain has the first token of a secret of each day: one row for every token of every hour would bury
    the rest. Tokens that ended a day ago are swept on the way.
    """
    where = (*_living(caller.client), _secret.c.id == caller.secret_id)
    secret = connection.execute(select(_secret.c.last_used_at).where(*where).with_for_update()).first()
    if secret is None:
        return None
    made = tokens.issue(
        connection, caller.tenant, caller.client.id, scopes, life_seconds, secret_id=caller.secret_id
    )
    now = clock.now()
    connection.execute(update(_secret).where(*where).values(last_used_at=now))
    if secret.last_used_at is None or secret.last_used_at[:10] != now[:10]:
        values = {"secret": caller.secret_id, "scopes": list(scopes)}
        audit.record(connection, caller.tenant.id, caller.name, "token.issued", f"token:{made.id}", values)
    _sweep(connection, caller.tenant.id)
    return made


def _sweep(connection: Connection, tenant_id: int) -> None:
    """Delete long ended access tokens; after a fresh one is stored, so that no number is ever given twice."""
    ended = (_token.c.secret_id.is_not(None), _token.c.expires_at < clock.after(-KEEP_ENDED_SECONDS))
    connection.execute(delete(_token).where(_token.c.tenant_id == tenant_id, *ended))


def token_of(connection: Connection, caller: Caller, text: str) -> HeldToken | None:
    """Return the client's own token with this text, active or not; None for anything else."""
    if tokens.key_of_tenant(text) != caller.tenant.token_key:
        return None
    columns = (_token.c.id, _token.c.scopes, _token.c.created_at, _token.c.expires_at, _token.c.revoked_at)
    found = connection.execute(
        select(*columns).where(
            _token.c.tenant_id == caller.tenant.id,
            _token.c.client_id == caller.client.id,
            _token.c.hash == tokens.digest(text),
        )
    ).first()
    if found is None:
        return None
    is_active = found.revoked_at is None and found.expires_at > clock.now()
    return HeldToken(found.id, found.scopes, found.created_at, found.expires_at, is_active)


def revoke(connection: Connection, caller: Caller, token: HeldToken) -> None:
    """End a token at the wish of the client that holds it; one that has ended meanwhile is left as it is."""
    with suppress(NotFoundError):
        tokens.revoke(connection, caller.tenant.id, token.id, caller.name)


def _living(client: Client) -> tuple[ColumnElement[bool], ...]:
    return (
        _secret.c.tenant_id == client.tenant_id,
        _secret.c.client_id == client.id,
        _secret.c.expires_at > clock.now(),
    )


def _end_access_tokens(
    connection: Connection, tenant_id: int, client_id: int, secret_id: int | None = None
) -> None:
    """End what a client got for one of its secrets, or for any of them."""
    where = (_token.c.tenant_id == tenant_id, _token.c.client_id == client_id)
    of_secret = _token.c.secret_id.is_not(None) if secret_id is None else _token.c.secret_id == secret_id
    living = (of_secret, _token.c.revoked_at.is_(None))
    connection.execute(update(_token).where(*where, *living).values(revoked_at=clock.now()))
