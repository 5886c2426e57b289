"""What the pages of tokens read. Every query names the tenant; hashes are never read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from app import clock
from app.access import clients, tokens
from app.access.clients import Client
from app.access.tables import Client as ClientTable
from app.access.tables import ClientSecret, Token
from app.access.tokens import Use
from app.web.console.paging import Page, Place, page_of
from app.web.console.tokens.words import scopes_in_words, state_of
from app.web.console.wording import Word

_token, _client, _secret = Token.__table__, ClientTable.__table__, ClientSecret.__table__
_COLUMNS = (
    *(_token.c[name] for name in ("id", "client_id", "scopes", "employee_id")),
    *(_token.c[name] for name in ("created_at", "expires_at", "last_used_at", "revoked_at")),
    _client.c.name.label("client"),
)


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token that a person made, as it is shown."""

    id: int
    client_id: int
    client: str
    scopes: list[tuple[str, str]]
    employee_id: str | None
    created_at: str
    expires_at: str
    last_used_at: str | None
    revoked_at: str | None
    state: Word

    @property
    def is_living(self) -> bool:
        """Whether it is accepted."""
        return self.revoked_at is None and self.expires_at > clock.now()


@dataclass(frozen=True, slots=True)
class ClientLine:
    """A client with how its tokens are used and how many secrets it has."""

    client: Client
    use: Use
    secrets: int


def page_of_tokens(
    connection: Connection, tenant_id: int, place: Place, *, living: bool, client_id: int | None = None
) -> Page[TokenLine]:
    """Return a page of tokens that people made: the living ones, or those that are over. A place is (number,)."""
    is_living = _token.c.revoked_at.is_(None) & (_token.c.expires_at > clock.now())
    query = _of_people(tenant_id).where(is_living if living else ~is_living)
    if client_id is not None:
        query = query.where(_token.c.client_id == client_id)
    return page_of(connection, query, (_token.c.id,), place, _line)


def one_token(connection: Connection, tenant_id: int, token_id: int) -> TokenLine | None:
    """Return a token that a person made, or None."""
    found = connection.execute(_of_people(tenant_id).where(_token.c.id == token_id)).first()
    return _line(found) if found else None


def client_lines(connection: Connection, tenant_id: int) -> list[ClientLine]:
    """Return a tenant's clients by name."""
    use = tokens.use_by_client(connection, tenant_id)
    living = (_secret.c.tenant_id == tenant_id, _secret.c.expires_at > clock.now())
    query = select(_secret.c.client_id, func.count()).where(*living).group_by(_secret.c.client_id)
    secrets = {client_id: int(number) for client_id, number in connection.execute(query)}
    return [
        ClientLine(client, use.get(client.id, Use(0, None)), secrets.get(client.id, 0))
        for client in clients.listed(connection, tenant_id)
    ]


def _of_people(tenant_id: int) -> Select[Any]:
    join = (_client.c.tenant_id == _token.c.tenant_id) & (_client.c.id == _token.c.client_id)
    query = select(*_COLUMNS).join(_client, join)
    return query.where(_token.c.tenant_id == tenant_id, _token.c.secret_id.is_(None))


def _line(row: Any) -> TokenLine:
    values = dict(row._mapping)
    return TokenLine(
        **values | {"scopes": scopes_in_words(row.scopes)}, state=state_of(row.expires_at, row.revoked_at)
    )
