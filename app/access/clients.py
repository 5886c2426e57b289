"""Clients: the identity providers, HR systems and scripts that call the APIs, and what is set for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from app import clock
from app.access import audit
from app.access.tables import Client as ClientTable
from app.errors import NotFoundError, WrongUse
from app.identifiers import next_number

#: Those of the SCIM API and of the admin API; none of the one gives a right in the other.
SCOPES = ("scim:read", "scim:write", "scim:sensitive", "admin:read", "admin:write")
_INCLUDED_IN = {"scim:read": "scim:write", "admin:read": "admin:write"}
MAX_RATE = 1_000_000
_client = ClientTable.__table__


def covers(held: frozenset[str], scope: str) -> bool:
    """True when ``held`` allows ``scope``; to write includes to read."""
    return scope in held or _INCLUDED_IN.get(scope) in held


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What is set for one client; the defaults are those of a client for which nothing was set."""

    #: True refuses a request with unknown attributes; False drops them and says so in the inbound log.
    strict: bool = False
    #: Requests a second of each of its tokens; None is the installation's, 0 no limit.
    rate: int | None = None
    #: Requests at once after a rest; None is the installation's.
    burst: int | None = None
    #: What its OAuth access tokens may hold at most.
    oauth_scopes: tuple[str, ...] = ("scim:write",)

    @classmethod
    def stored(cls, values: Mapping[str, Any]) -> ClientSettings:
        """Return the settings of a ``client`` row; what this version does not know is passed over."""
        known = {name: value for name, value in values.items() if name in _PARSERS}
        if "oauth_scopes" in known:
            known["oauth_scopes"] = tuple(known["oauth_scopes"])
        return cls(**known)

    def changed(self, pairs: Mapping[str, str]) -> ClientSettings:
        """Return these settings with what was typed as KEY=VALUE; an empty value takes a setting back.

        :raises WrongUse: for an unknown key or a value that cannot be used.
        """
        values: dict[str, Any] = {}
        for name, text in pairs.items():
            if name not in _PARSERS:
                raise WrongUse(f"{name[:60]!r} is no setting of a client; use " + ", ".join(_PARSERS) + ".")
            try:
                values[name] = _PARSERS[name](text) if text else getattr(_DEFAULTS, name)
            except ValueError as error:
                raise WrongUse(f"{name}={text[:60]} cannot be used; {error}.") from None
        return replace(self, **values)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as they are stored and shown."""
        return asdict(self) | {"oauth_scopes": list(self.oauth_scopes)}


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false", "yes", "no", "1", "0"):
        raise ValueError("use true or false")
    return text.lower() in ("true", "yes", "1")


def _number_from(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= MAX_RATE:
            raise ValueError(f"use a whole number from {least} to {MAX_RATE}")
        return int(text)

    return parse


def _scopes(text: str) -> tuple[str, ...]:
    given = set(text.replace(",", " ").split())
    if not given or not given <= set(SCOPES):
        raise ValueError("use " + ", ".join(SCOPES) + ", several separated by commas")
    return tuple(sorted(given))


_PARSERS: dict[str, Callable[[str], Any]] = {
    "strict": _boolean,
    "rate": _number_from(0),
    "burst": _number_from(1),
    "oauth_scopes": _scopes,
}
_DEFAULTS = ClientSettings()


@dataclass(frozen=True)
class Client:
    """A client of a tenant: its number, its name, what is set for it."""

    tenant_id: int
    id: int
    name: str
    settings: ClientSettings
    created_at: str


def create(
    connection: Connection, tenant_id: int, name: str, pairs: Mapping[str, str], by: str = "system:cli"
) -> Client:
    """Create the client; raises ``WrongUse`` for a name that is taken or no name, or a wrong setting."""
    settings = _DEFAULTS.changed(pairs)
    if _one(connection, tenant_id, name) is not None:
        raise WrongUse(f"A client {name!r} exists already; rollcall client set changes it.")
    made = _insert(connection, tenant_id, name, settings)
    values = {"client": name, "settings": settings.as_dict()}
    audit.record(connection, tenant_id, by, "client.created", f"client:{made.id}", values)
    return made


def named(connection: Connection, tenant_id: int, name: str, *, to_change: bool = False) -> Client:
    """Return the client with this name, locked when it is to be changed; raises ``NotFoundError``, which lists some."""
    found = _one(connection, tenant_id, name, to_change)
    if found is None:
        known = ", ".join(client.name for client in listed(connection, tenant_id)[:10])
        raise NotFoundError(
            f"There is no client {name[:200]!r} in this tenant (known: {known or 'none yet'})."
        )
    return found


def named_or_made(connection: Connection, tenant_id: int, name: str) -> Client:
    """Return the client with this name, made when new; raises ``WrongUse`` when that is no name."""
    found = _one(connection, tenant_id, name)
    return found if found is not None else _insert(connection, tenant_id, name, _DEFAULTS)


def with_id(connection: Connection, tenant_id: int, client_id: int) -> Client | None:
    """Return the client with this number, or None."""
    return _first(connection, _of_tenant(tenant_id).where(_client.c.id == client_id))


def listed(connection: Connection, tenant_id: int) -> list[Client]:
    """Return a tenant's clients by name."""
    return [_made(row) for row in connection.execute(_of_tenant(tenant_id).order_by(_client.c.name))]


def change(
    connection: Connection, tenant_id: int, name: str, pairs: Mapping[str, str], by: str = "system:cli"
) -> Client:
    """Change settings of the client ``name`` and return it.

    Requests follow within a second. Access tokens that it holds keep their scopes until they end.

    :raises NotFoundError: no such client. :raises WrongUse: as :meth:`ClientSettings.changed` does.
    """
    client = named(connection, tenant_id, name, to_change=True)
    settings = client.settings.changed(pairs)
    where = (_client.c.tenant_id == tenant_id, _client.c.id == client.id)
    connection.execute(update(_client).where(*where).values(settings=settings.as_dict()))
    before, after = client.settings.as_dict(), settings.as_dict()
    values = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    audit.record(connection, tenant_id, by, "client.changed", f"client:{client.id}", values)
    return replace(client, settings=settings)


def _insert(connection: Connection, tenant_id: int, name: str, settings: ClientSettings) -> Client:
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise WrongUse("A client needs a name of 1 to 200 visible characters; give --name.")
    made = Client(tenant_id, next_number(connection, _client, tenant_id), name, settings, clock.now())
    row = {"tenant_id": tenant_id, "id": made.id, "name": name, "created_at": made.created_at}
    connection.execute(insert(_client).values(row | {"settings": settings.as_dict()}))
    return made


def _of_tenant(tenant_id: int) -> Select[Any]:
    columns = (_client.c.tenant_id, _client.c.id, _client.c.name, _client.c.settings, _client.c.created_at)
    return select(*columns).where(_client.c.tenant_id == tenant_id)


def _one(connection: Connection, tenant_id: int, name: str, to_change: bool = False) -> Client | None:
    if "\x00" in name:
        return None  # PostgreSQL would not take the question
    query = _of_tenant(tenant_id).where(_client.c.name == name)
    return _first(connection, query.with_for_update() if to_change else query)


def _first(connection: Connection, query: Select[Any]) -> Client | None:
    found = connection.execute(query).first()
    return _made(found) if found else None


def _made(row: Any) -> Client:
    return Client(row.tenant_id, row.id, row.name, ClientSettings.stored(row.settings), row.created_at)
