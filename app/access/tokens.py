"""Clients and their bearer tokens: ``rc_<tenant key>_<256 random bits>``, kept as SHA-256 and shown once."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from app import clock
from app.access import audit, tenants
from app.access.tables import Client, Token
from app.access.tenants import Tenant
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse
from app.identifiers import next_number

SCOPES = ("scim:read", "scim:write", "scim:sensitive")
DEFAULT_LIFE_DAYS = 365
#: How long an answer of the database about a token is believed: a revoked one is refused after at most this.
CACHE_SECONDS = 1.0
LAST_USED_STEP_SECONDS = 60
_CACHE_LIMIT = 10_000

_client, _token = Client.__table__, Token.__table__


@dataclass(frozen=True)
class Principal:
    """Who a request comes from: a token of a client in a tenant."""

    tenant_id: int
    tenant_slug: str
    client_id: int
    client_name: str
    token_id: int
    scopes: frozenset[str]
    employee_id: str | None

    def may(self, scope: str) -> bool:
        """True when the token carries ``scope``; ``scim:write`` includes ``scim:read``."""
        return scope in self.scopes or (scope == "scim:read" and "scim:write" in self.scopes)


@dataclass(frozen=True)
class IssuedToken:
    """A fresh token: its number and its text, which is never to be had again."""

    id: int
    text: str
    expires_at: str


def create(
    connection: Connection,
    tenant: Tenant,
    name: str,
    *,
    scopes: tuple[str, ...] = ("scim:write",),
    life_days: int = DEFAULT_LIFE_DAYS,
    employee_id: str | None = None,
) -> IssuedToken:
    """Issue a token to the client ``name`` (made when new); raises ``WrongUse`` for an unknown scope or no life."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise WrongUse(f"{unknown[0]!r} is not a scope; use " + ", ".join(SCOPES) + ".")
    if not 1 <= life_days <= 3650:
        raise WrongUse("A token lives from 1 to 3650 days; give --expires within that.")
    client_id = _client_named(connection, tenant.id, name)
    text = f"rc_{tenant.token_key}_{secrets.token_urlsafe(32)}"
    token_id = next_number(connection, _token, tenant.id)
    expires_at = clock.after(life_days * 86_400)
    connection.execute(
        insert(_token).values(
            tenant_id=tenant.id,
            id=token_id,
            client_id=client_id,
            hash=_hash(text),
            scopes=" ".join(sorted(scopes)),
            employee_id=employee_id,
            created_at=clock.now(),
            expires_at=expires_at,
        )
    )
    values = {"client": name, "scopes": sorted(scopes), "expires_at": expires_at}
    audit.record(connection, tenant.id, "system:cli", "token.created", f"token:{token_id}", values)
    return IssuedToken(token_id, text, expires_at)


def _client_named(connection: Connection, tenant_id: int, name: str) -> int:
    if not name.strip() or len(name) > 200:
        raise WrongUse("A client needs a name of 1 to 200 characters; give --name.")
    found = connection.scalar(
        select(_client.c.id).where(_client.c.tenant_id == tenant_id, _client.c.name == name)
    )
    if found is not None:
        return int(found)
    client_id = next_number(connection, _client, tenant_id)
    values = {
        "tenant_id": tenant_id,
        "id": client_id,
        "name": name,
        "settings": {},
        "created_at": clock.now(),
    }
    connection.execute(insert(_client).values(values))
    return client_id


def listed(connection: Connection, tenant_id: int) -> list[Row[tuple[object, ...]]]:
    """Return a tenant's tokens with their client's name, newest first, without the hash."""
    columns = [column for column in _token.c if column.name != "hash"]
    join = (_client.c.tenant_id == _token.c.tenant_id) & (_client.c.id == _token.c.client_id)
    query = select(*columns, _client.c.name.label("client")).join(_client, join)
    return list(connection.execute(query.where(_token.c.tenant_id == tenant_id).order_by(_token.c.id.desc())))


def revoke(connection: Connection, tenant_id: int, token_id: int) -> None:
    """End a token now (other processes follow within :data:`CACHE_SECONDS`); raises ``NotFoundError``."""
    where = (_token.c.tenant_id == tenant_id, _token.c.id == token_id)
    changed = connection.execute(
        update(_token).where(*where, _token.c.revoked_at.is_(None)).values(revoked_at=clock.now())
    )
    if changed.rowcount == 0:
        raise NotFoundError(f"Token {token_id} does not exist in this tenant, or is revoked already.")
    audit.record(connection, tenant_id, "system:cli", "token.revoked", f"token:{token_id}", {})


def rotate(connection: Connection, tenant: Tenant, token_id: int, overlap_hours: int = 24) -> IssuedToken:
    """Issue the successor of a token; the old one goes on for ``overlap_hours``. Raises ``NotFoundError``."""
    where = (_token.c.tenant_id == tenant.id, _token.c.id == token_id)
    join = (_client.c.tenant_id == _token.c.tenant_id) & (_client.c.id == _token.c.client_id)
    old = connection.execute(
        select(_token.c.scopes, _token.c.employee_id, _token.c.expires_at, _client.c.name)
        .join(_client, join)
        .where(*where, _token.c.revoked_at.is_(None))
    ).first()
    if old is None:
        raise NotFoundError(f"Token {token_id} does not exist in this tenant, or is revoked.")
    fresh = create(
        connection, tenant, old.name, scopes=tuple(old.scopes.split()), employee_id=old.employee_id
    )
    ends_at = min(old.expires_at, clock.after(overlap_hours * 3600))
    connection.execute(update(_token).where(*where).values(expires_at=ends_at))
    values = {"successor": fresh.id, "old_ends_at": ends_at}
    audit.record(connection, tenant.id, "system:cli", "token.rotated", f"token:{token_id}", values)
    return fresh


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_LOOK_UP = (
    select(
        _token.c.id,
        _token.c.client_id,
        _token.c.scopes,
        _token.c.employee_id,
        _token.c.expires_at,
        _token.c.last_used_at,
        _client.c.name,
    )
    .join(_client, (_client.c.tenant_id == _token.c.tenant_id) & (_client.c.id == _token.c.client_id))
    .where(
        _token.c.tenant_id == bindparam("tenant_id"),
        _token.c.hash == bindparam("hash"),
        _token.c.revoked_at.is_(None),
    )
)
_TOUCH = (
    update(_token)
    .where(_token.c.tenant_id == bindparam("b_tenant"), _token.c.id == bindparam("b_id"))
    .values(last_used_at=bindparam("b_at"))
)


class Authenticator:
    """Turns bearer tokens into principals, asking the database at most once a second for each."""

    def __init__(self) -> None:
        self._tenants: dict[str, Tenant] = {}
        self._cache: dict[str, tuple[float, Principal]] = {}

    def principal(self, text: str) -> Principal | None:
        """Return whose token this is, or None when it is unknown, expired or revoked."""
        cached = self._cache.get(text)
        moment = time.monotonic()
        if cached is not None and cached[0] > moment:
            return cached[1]
        principal = self._looked_up(text)
        if principal is None:
            self._cache.pop(text, None)
            return None
        if len(self._cache) >= _CACHE_LIMIT:
            self._cache.clear()
        self._cache[text] = (moment + CACHE_SECONDS, principal)
        return principal

    def _looked_up(self, text: str) -> Principal | None:
        prefix, _, rest = text.partition("_")
        token_key, _, random_part = rest.partition("_")
        if prefix != "rc" or not random_part:
            return None
        with reading() as connection:
            tenant = self._tenant(connection, token_key)
            if tenant is None:
                return None
            found = connection.execute(_LOOK_UP, {"tenant_id": tenant.id, "hash": _hash(text)}).first()
        if found is None or found.expires_at <= clock.now():
            return None
        self._note_use(tenant.id, found.id, found.last_used_at)
        scopes = frozenset(found.scopes.split())
        return Principal(
            tenant.id, tenant.slug, found.client_id, found.name, found.id, scopes, found.employee_id
        )

    def _tenant(self, connection: Connection, token_key: str) -> Tenant | None:
        tenant = self._tenants.get(token_key)
        if tenant is None:
            tenant = tenants.with_token_key(connection, token_key)
            if tenant is not None:
                self._tenants[token_key] = tenant
        return tenant

    @staticmethod
    def _note_use(tenant_id: int, token_id: int, last_used_at: str | None) -> None:
        if last_used_at is not None and last_used_at > clock.after(-LAST_USED_STEP_SECONDS):
            return
        with writing() as connection:
            connection.execute(_TOUCH, {"b_tenant": tenant_id, "b_id": token_id, "b_at": clock.now()})
