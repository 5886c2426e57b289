"""Channels: where the notices of a tenant go. The secret of a webhook is sealed, shown once, rotated with overlap."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from app import clock
from app.access import audit
from app.access.encryption import seal, unseal
from app.errors import NotFoundError, WrongUse
from app.identifiers import next_number
from app.notices.kinds import CHOICES
from app.notices.signing import new_secret
from app.notices.tables import channel_table, delivery_table
from app.outbound import AddressRefused
from app.outbound.addresses import check_url

_channel, _delivery = channel_table, delivery_table
EMAIL, WEBHOOK = "email", "webhook"
HOUR = 3600
#: What browsers take for an e-mail address (HTML, "valid e-mail address"): intranet domains are fine.
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Channel:
    """Where notices go, as its row says (tables.py); the secrets stay sealed."""

    tenant_id: int
    id: int
    name: str
    kind: str
    address: str
    kinds: list[str] | None
    created_at: str
    previous_until: str | None
    secret: bytes | None = field(repr=False)
    previous_secret: bytes | None = field(repr=False)

    def secrets(self, now: str) -> list[str]:
        """Return the secrets that sign at this instant: two of them while a rotation overlaps."""
        sealed = [(secret_context(self.id), self.secret)]
        if (self.previous_until or "") > now:
            sealed.append((previous_context(self.id), self.previous_secret))
        return [unseal(self.tenant_id, place, each).decode() for place, each in sealed if each is not None]


_NAMES = tuple(Channel.__dataclass_fields__)
_SELECT = select(*(_channel.c[name] for name in _NAMES))


def secret_context(channel_id: int) -> str:
    """What the sealed secret of a channel is bound to."""
    return f"notice_channel/{channel_id}/secret"


def previous_context(channel_id: int) -> str:
    """What the sealed secret before the last rotation is bound to."""
    return f"notice_channel/{channel_id}/previous_secret"


def add(
    connection: Connection,
    tenant_id: int,
    actor: str,
    *,
    kind: str,
    name: str,
    address: str,
    kinds: Sequence[str] = (),
) -> tuple[Channel, str | None]:
    """Add a channel; return it with the secret of a webhook, which is never to be had again. Raises `WrongUse`."""
    _check(kind, name, address, kinds)
    where = (_channel.c.tenant_id == tenant_id, _channel.c.name == name)
    channel_id = next_number(connection, _channel, tenant_id)
    if connection.scalar(select(_channel.c.id).where(*where)) is not None:
        raise WrongUse(f"A channel {name!r} exists already; choose another name, or remove that one first.")
    secret = new_secret() if kind == WEBHOOK else None
    row = {
        "tenant_id": tenant_id,
        "id": channel_id,
        "name": name,
        "kind": kind,
        "address": address,
        "secret": None if secret is None else seal(tenant_id, secret_context(channel_id), secret.encode()),
        "kinds": sorted(set(kinds)) or None,
        "created_at": clock.now(),
    }
    connection.execute(insert(_channel), row)
    _record(
        connection,
        tenant_id,
        actor,
        "notices.channel_added",
        name,
        {"kind": kind, "kinds": sorted(set(kinds))},
    )
    return named(connection, tenant_id, name), secret


def rotate(connection: Connection, channel: Channel, actor: str, overlap_hours: int) -> str:
    """Give a webhook another secret and return it; for the overlap both sign. Raises `WrongUse` for an e-mail."""
    if channel.kind != WEBHOOK or channel.secret is None:
        raise WrongUse(f"{channel.name!r} is an e-mail address: it has no secret to rotate.")
    old, fresh, now = channel.secrets(clock.now())[0], new_secret(), clock.now()
    place, previous_place = secret_context(channel.id), previous_context(channel.id)
    values: dict[str, Any] = {
        "secret": seal(channel.tenant_id, place, fresh.encode()),
        "previous_secret": None,
        "previous_until": None,
    }
    if overlap_hours:
        values["previous_secret"] = seal(channel.tenant_id, previous_place, old.encode())
        values["previous_until"] = clock.after(overlap_hours * HOUR, since=now)
    connection.execute(update(_channel).where(*_where(channel)).values(values))
    details = {"overlap_hours": overlap_hours}
    _record(connection, channel.tenant_id, actor, "notices.secret_rotated", channel.name, details)
    return fresh


def remove(connection: Connection, channel: Channel, actor: str) -> None:
    """Remove a channel with its deliveries; the notices stay."""
    # The channel first, as the settling of a delivery does: so the two cannot wait for each other.
    connection.execute(select(_channel.c.id).where(*_where(channel)).with_for_update())
    deliveries = (_delivery.c.tenant_id == channel.tenant_id, _delivery.c.channel_id == channel.id)
    connection.execute(delete(_delivery).where(*deliveries))
    connection.execute(delete(_channel).where(*_where(channel)))
    _record(
        connection, channel.tenant_id, actor, "notices.channel_removed", channel.name, {"kind": channel.kind}
    )


def named(connection: Connection, tenant_id: int, name: str) -> Channel:
    """The channel of this name. Raises `NotFoundError` naming those that exist."""
    row = connection.execute(
        _SELECT.where(_channel.c.tenant_id == tenant_id, _channel.c.name == name)
    ).first()
    if row is None:
        known = ", ".join(channel.name for channel in listed(connection, tenant_id))
        raise NotFoundError(
            f"There is no channel {name!r} (known: {known or 'none; use rollcall notice channel add'})."
        )
    return Channel(**row._mapping)


def with_id(connection: Connection, tenant_id: int, channel_id: int) -> Channel | None:
    """The channel with this number, or None."""
    where = (_channel.c.tenant_id == tenant_id, _channel.c.id == channel_id)
    row = connection.execute(_SELECT.where(*where)).first()
    return Channel(**row._mapping) if row else None


def listed(connection: Connection, tenant_id: int) -> list[Channel]:
    """The tenant's channels by name."""
    query = _SELECT.where(_channel.c.tenant_id == tenant_id).order_by(_channel.c.name)
    return [Channel(**row._mapping) for row in connection.execute(query)]


def _where(channel: Channel) -> tuple[Any, ...]:
    return (_channel.c.tenant_id == channel.tenant_id, _channel.c.id == channel.id)


# --- checks ------------------------------------------------------------------------------------------------------


def _check(kind: str, name: str, address: str, kinds: Sequence[str]) -> None:
    if not _NAME.fullmatch(name):
        raise WrongUse(
            f"{name[:100]!r} is no name for a channel; use up to 63 letters, digits, dots, dashes and underscores."
        )
    if kind not in _CHECKS:
        raise WrongUse(f"There is no channel kind {kind[:40]!r}; use {' or '.join(_CHECKS)}.")
    unknown = sorted(set(kinds) - CHOICES)
    if unknown:
        raise WrongUse(f"{unknown[0]!r} is no kind of notice; use {', '.join(sorted(CHOICES))}.")
    _CHECKS[kind](address)


def _check_email(address: str) -> None:
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        raise WrongUse(f"{address[:200]!r} is not an e-mail address; use name@domain.")


def _check_webhook(address: str) -> None:
    try:
        check_url(address)
    except AddressRefused as error:
        raise WrongUse(f"The address of the webhook cannot be used: {error.message}") from error


_CHECKS: dict[str, Callable[[str], None]] = {EMAIL: _check_email, WEBHOOK: _check_webhook}


def _record(
    connection: Connection, tenant_id: int, actor: str, action: str, name: str, values: dict[str, Any]
) -> None:
    audit.record(connection, tenant_id, actor, action, f"channel:{name}", values)
