"""Bearer tokens: ``rc_<tenant key>_<256 random bits>``, kept as SHA-256 and shown once.

People make them for a year (``rollcall token``); clients get their own for an hour (``app.access.oauth``). Both are
rows of one table and are looked up the same way.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, func, insert, select, update

from app import clock
from app.access import audit, clients
from app.access.clients import SCOPES, ClientSettings
from app.access.tables import Client, Token
from app.access.tables import Tenant as TenantTable
from app.access.tenants import Tenant
from app.database import reading_once, writing
from app.errors import NotFoundError, WrongUse
from app.identifiers import next_number

DEFAULT_LIFE_DAYS = 365
DAY = 86_400
#: How long an answer of the database about a token is believed: a revoked one is refused after at most this.
CACHE_SECONDS = 1.0
LAST_USED_STEP_SECONDS = 60
_CACHE_LIMIT = 10_000

_tenant, _client, _token = TenantTable.__table__, Client.__table__, Token.__table__


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
    settings: ClientSettings
    #: What its rate is counted under: the token, and for access tokens the client, as more of them give no more room.
    rate_key: int

    def may(self, scope: str) -> bool:
        """True when the token carries ``scope``; to write includes to read."""
        return clients.covers(self.scopes, scope)


@dataclass(frozen=True)
class IssuedToken:
    """A fresh token: its number and its text, which is never to be had again."""

    id: int
    text: str = field(repr=False)
    expires_at: str


@dataclass(frozen=True)
class Use:
    """How many living tokens a client has, and when one of its tokens was last used (about a minute exact)."""

    living: int
    last_used_at: str | None


def create(
    connection: Connection,
    tenant: Tenant,
    name: str,
    *,
    scopes: tuple[str, ...] = ("scim:write",),
    life_days: int = DEFAULT_LIFE_DAYS,
    employee_id: str | None = None,
    by: str = "system:cli",
) -> IssuedToken:
    """Issue a token to the client ``name`` (made when new); raises ``WrongUse`` for an unknown scope or no life."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise WrongUse(f"{unknown[0]!r} is not a scope; use " + ", ".join(SCOPES) + ".")
    if not 1 <= life_days <= 3650:
        raise WrongUse("A token lives from 1 to 3650 days; give --expires within that.")
    client = clients.named_or_made(connection, tenant.id, name)
    made = issue(connection, tenant, client.id, scopes, life_days * DAY, employee_id=employee_id)
    values = {"client": name, "scopes": sorted(scopes), "expires_at": made.expires_at}
    audit.record(connection, tenant.id, by, "token.created", f"token:{made.id}", values)
    return made


def issue(
    connection: Connection,
    tenant: Tenant,
    client_id: int,
    scopes: tuple[str, ...],
    life_seconds: int,
    *,
    employee_id: str | None = None,
    secret_id: int | None = None,
) -> IssuedToken:
    """Store a fresh token of a client and return it; what may be asked for was looked at before, and is audited by
    who calls.
    """
    text = f"rc_{tenant.token_key}_{secrets.token_urlsafe(32)}"
    token_id = next_number(connection, _token, tenant.id)
    expires_at = clock.after(life_seconds)
    row = {
        "tenant_id": tenant.id,
        "id": token_id,
        "client_id": client_id,
        "hash": digest(text),
        "scopes": " ".join(sorted(scopes)),
        "employee_id": employee_id,
        "secret_id": secret_id,
        "created_at": clock.now(),
        "expires_at": expires_at,
    }
    connection.execute(insert(_token).values(row))
    return IssuedToken(token_id, text, expires_at)


def listed(
    connection: Connection, tenant_id: int, *, with_access_tokens: bool = False
) -> list[Row[tuple[object, ...]]]:
    """Return a tenant's tokens with their client's name, newest first, without the hash.

    Access tokens of OAuth, of which a client has a new one every hour, only when they are asked for.
    """
    columns = [column for column in _token.c if column.name != "hash"]
    join = (_client.c.tenant_id == _token.c.tenant_id) & (_client.c.id == _token.c.client_id)
    query = select(*columns, _client.c.name.label("client")).join(_client, join)
    if not with_access_tokens:
        query = query.where(_token.c.secret_id.is_(None))
    return list(connection.execute(query.where(_token.c.tenant_id == tenant_id).order_by(_token.c.id.desc())))


def use_by_client(connection: Connection, tenant_id: int) -> dict[int, Use]:
    """Return client number → how its tokens are used, for the clients that have any."""
    is_living = _token.c.revoked_at.is_(None) & (_token.c.expires_at > clock.now())
    living = func.sum(case((is_living, 1), else_=0))
    query = select(_token.c.client_id, living, func.max(_token.c.last_used_at)).group_by(_token.c.client_id)
    found = connection.execute(query.where(_token.c.tenant_id == tenant_id))
    return {client_id: Use(int(count), last) for client_id, count, last in found}


def revoke(connection: Connection, tenant_id: int, token_id: int, by: str = "system:cli") -> None:
    """End a token now (other processes follow within :data:`CACHE_SECONDS`); raises ``NotFoundError``."""
    where = (_token.c.tenant_id == tenant_id, _token.c.id == token_id)
    changed = connection.execute(
        update(_token).where(*where, _token.c.revoked_at.is_(None)).values(revoked_at=clock.now())
    )
    if changed.rowcount == 0:
        raise NotFoundError(f"Token {token_id} does not exist in this tenant, or is revoked already.")
    audit.record(connection, tenant_id, by, "token.revoked", f"token:{token_id}", {})


def rotate(
    connection: Connection,
    tenant: Tenant,
    token_id: int,
    overlap_hours: int = 24,
    life_days: int = DEFAULT_LIFE_DAYS,
    by: str = "system:cli",
) -> IssuedToken:
    """Issue the successor of a token; the old one goes on for ``overlap_hours``.

    :raises NotFoundError: no such token. :raises WrongUse: an access token, whose client asks for the next by itself.
    """
    where = (_token.c.tenant_id == tenant.id, _token.c.id == token_id)
    join = (_client.c.tenant_id == _token.c.tenant_id) & (_client.c.id == _token.c.client_id)
    columns = (_token.c.scopes, _token.c.employee_id, _token.c.expires_at, _token.c.secret_id, _client.c.name)
    query = select(*columns).join(_client, join).where(*where, _token.c.revoked_at.is_(None))
    old = connection.execute(query.with_for_update()).first()
    if old is None:
        raise NotFoundError(f"Token {token_id} does not exist in this tenant, or is revoked.")
    if old.secret_id is not None:
        raise WrongUse(
            f"Token {token_id} is an access token; rollcall client secret renews what it rests on."
        )
    scopes = tuple(old.scopes.split())
    fresh = create(
        connection, tenant, old.name, scopes=scopes, employee_id=old.employee_id, life_days=life_days, by=by
    )
    ends_at = min(old.expires_at, clock.after(overlap_hours * 3600))
    connection.execute(update(_token).where(*where).values(expires_at=ends_at))
    values = {"successor": fresh.id, "old_ends_at": ends_at}
    audit.record(connection, tenant.id, by, "token.rotated", f"token:{token_id}", values)
    return fresh


def digest(text: str) -> str:
    """Return what is kept of a token or a client's secret. 256 random bits need no slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()


_LOOK_UP = (
    select(
        _tenant.c.id.label("tenant_id"),
        _tenant.c.slug,
        _token.c.id,
        _token.c.client_id,
        _token.c.scopes,
        _token.c.employee_id,
        _token.c.secret_id,
        _token.c.expires_at,
        _token.c.last_used_at,
        _client.c.name,
        _client.c.settings,
    )
    .join(_token, _token.c.tenant_id == _tenant.c.id)
    .join(_client, (_client.c.tenant_id == _tenant.c.id) & (_client.c.id == _token.c.client_id))
    .where(
        _tenant.c.token_key == bindparam("token_key"),
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
        token_key = key_of_tenant(text)
        if token_key is None:
            return None
        with reading_once() as connection:
            found = connection.execute(_LOOK_UP, {"token_key": token_key, "hash": digest(text)}).first()
        if found is None or found.expires_at <= clock.now():
            return None
        self._note_use(found.tenant_id, found.id, found.last_used_at)
        return _principal(found)

    @staticmethod
    def _note_use(tenant_id: int, token_id: int, last_used_at: str | None) -> None:
        if last_used_at is not None and last_used_at > clock.after(-LAST_USED_STEP_SECONDS):
            return
        with writing() as connection:
            connection.execute(_TOUCH, {"b_tenant": tenant_id, "b_id": token_id, "b_at": clock.now()})


def key_of_tenant(text: str) -> str | None:
    """Return the word of the tenant that stands in a token, or None for a text that is no token.

    >>> key_of_tenant("rc_abc23def_l9tW"), key_of_tenant("rc__x"), key_of_tenant("Basic YTpi")
    ('abc23def', None, None)
    """
    prefix, _, rest = text.partition("_")
    token_key, _, random_part = rest.partition("_")
    is_token = prefix == "rc" and random_part and token_key.isascii() and token_key.isalnum()
    return token_key if is_token else None


def _principal(found: Any) -> Principal:
    return Principal(
        found.tenant_id,
        found.slug,
        found.client_id,
        found.name,
        found.id,
        frozenset(found.scopes.split()),
        found.employee_id,
        ClientSettings.stored(found.settings),
        found.id if found.secret_id is None else -found.client_id,
    )
