"""Tokens and OAuth secrets that end soon: told once each, 14 days before, unless their client has a later one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, select

from app import clock
from app.access.tables import Client, ClientSecret, Token
from app.access.tokens import DAY
from app.notices.telling import Finding

SOON_SECONDS = 14 * DAY

_client, _token, _secret = Client.__table__, Token.__table__, ClientSecret.__table__


def findings(connection: Connection, tenant_id: int) -> list[Finding]:
    """Return what ends soon in a tenant. Access tokens are left out: clients get another one by themselves."""
    by_hand = (_token.c.secret_id.is_(None), _token.c.revoked_at.is_(None))
    tokens = _ending(connection, tenant_id, _token, by_hand)
    secrets = _ending(connection, tenant_id, _secret, ())
    return [_of_token(row) for row in tokens] + [_of_secret(row) for row in secrets]


def _ending(connection: Connection, tenant_id: int, table: Table, where: tuple[Any, ...]) -> list[Any]:
    """Rows of the table that end soon, with their client's name, where the client has none that goes on for longer."""
    now, soon = clock.now(), clock.after(SOON_SECONDS)
    join = (_client.c.tenant_id == table.c.tenant_id) & (_client.c.id == table.c.client_id)
    query = select(table.c.id, table.c.client_id, table.c.expires_at, _client.c.name).join(_client, join)
    living = (table.c.tenant_id == tenant_id, table.c.expires_at > now, *where)
    rows = connection.execute(query.where(*living).order_by(table.c.id)).all()
    renewed = {row.client_id for row in rows if row.expires_at > soon}
    return [row for row in rows if row.client_id not in renewed]


def _of_token(row: Any) -> Finding:
    day = row.expires_at[:10]
    return Finding(
        "token.expiring",
        f"token:{row.id}",
        "expiring",
        f"Token {row.id} of {row.name} ends on {day}",
        f"{row.name} is refused from then on. `rollcall token rotate {row.id}` prints its successor; both are good for "
        f"a day.",
        {"token": row.id, "client": row.name, "expires_at": row.expires_at},
    )


def _of_secret(row: Any) -> Finding:
    day = row.expires_at[:10]
    return Finding(
        "secret.expiring",
        f"secret:{row.id}",
        "expiring",
        f"OAuth secret {row.id} of {row.name} ends on {day}",
        f"{row.name} gets no access token from then on. `rollcall client secret {row.name}` prints another one.",
        {"secret": row.id, "client": row.name, "expires_at": row.expires_at},
    )
