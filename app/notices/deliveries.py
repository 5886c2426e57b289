"""Deliveries as rows: claimed with a lease, settled, tried again with growing pauses for 24 hours (quality.md §2)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, update

from app import clock
from app.access.tables import Tenant
from app.notices.errors import DeliveryFailed
from app.notices.message import Message
from app.notices.tables import channel_table, delivery_table, notice_table
from app.notices.telling import REMINDER

_notice, _channel, _delivery = notice_table, channel_table, delivery_table
_tenant = Tenant.__table__
_c = _delivery.c

#: Longer than any delivery takes.
LEASE_SECONDS = 120.0
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 3600.0
GIVE_UP_SECONDS = 24 * 3600.0

_FREE = (
    _c.state == "pending",
    _c.next_attempt_at <= bindparam("b_now"),
    or_(_c.lease_until.is_(None), _c.lease_until < bindparam("b_now")),
)
_OF_TENANT = _c.tenant_id == bindparam("b_tenant")
_ONE = (
    _OF_TENANT,
    _c.notice_id == bindparam("b_notice"),
    _c.channel_id == bindparam("b_channel"),
    _c.number == bindparam("b_number"),
)
_DUE_TENANTS = select(_c.tenant_id).where(*_FREE).distinct()
# Those that were tried least come first: one that never gets through keeps nothing else waiting.
_CLAIMABLE = (
    select(_c.notice_id, _c.channel_id, _c.number, _c.tries)
    .where(_OF_TENANT, *_FREE)
    .order_by(_c.tries, _c.notice_id, _c.number)
    .limit(1)
    .with_for_update(skip_locked=True, of=_delivery)
)
_TAKE = (
    update(_delivery).where(*_ONE).values(lease_owner=bindparam("b_owner"), lease_until=bindparam("b_until"))
)
_MESSAGE = (
    select(*(column for column in _notice.c if column.name != "tenant_id"), _tenant.c.slug)
    .join(_tenant, _tenant.c.id == _notice.c.tenant_id)
    .where(_notice.c.tenant_id == bindparam("b_tenant"), _notice.c.id == bindparam("b_notice"))
)
_SETTLE = (
    update(_delivery)
    .where(*_ONE, _c.lease_owner == bindparam("b_owner"))
    .values(
        state=bindparam("b_state"),
        tries=_c.tries + 1,
        next_attempt_at=bindparam("b_next"),
        error=bindparam("b_error"),
        sent_at=bindparam("b_sent"),
        lease_owner=None,
        lease_until=None,
    )
)
_OF_CHANNEL = (_OF_TENANT, _c.channel_id == bindparam("b_channel"), _c.state == "pending")
_TRIES = select(func.sum(_c.tries)).where(*_OF_CHANNEL)
_POSTPONE = (
    update(_delivery)
    .where(*_OF_CHANNEL, _c.next_attempt_at < bindparam("b_next"))
    .values(next_attempt_at=bindparam("b_next"))
)
_LOCK_CHANNEL = (
    select(_channel.c.id)
    .where(_channel.c.tenant_id == bindparam("b_tenant"), _channel.c.id == bindparam("b_channel"))
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way through one channel, claimed by `owner`."""

    tenant_id: int
    channel_id: int
    notice_id: int
    number: int
    owner: str
    notice_at: str
    message: Message

    @property
    def key(self) -> dict[str, Any]:
        """The parameters of statements about it."""
        return {
            "b_tenant": self.tenant_id,
            "b_notice": self.notice_id,
            "b_channel": self.channel_id,
            "b_number": self.number,
        }


def due_tenants(connection: Connection, now: str) -> list[int]:
    """The tenants that have a delivery to be made."""
    return sorted(connection.scalars(_DUE_TENANTS, {"b_now": now}))


def claim(connection: Connection, tenant_id: int, owner: str) -> Delivery | None:
    """A due delivery of the tenant, leased to the owner; None when there is none."""
    now = clock.now()
    row = connection.execute(_CLAIMABLE, {"b_tenant": tenant_id, "b_now": now}).first()
    if row is None:
        return None
    key = {
        "b_tenant": tenant_id,
        "b_notice": row.notice_id,
        "b_channel": row.channel_id,
        "b_number": row.number,
    }
    until = clock.after(LEASE_SECONDS, since=now)
    connection.execute(_TAKE, key | {"b_owner": owner, "b_until": until})
    notice = connection.execute(_MESSAGE, {"b_tenant": tenant_id, "b_notice": row.notice_id}).one()
    message = message_of(notice, is_reminder=row.number == REMINDER)
    return Delivery(tenant_id, row.channel_id, row.notice_id, row.number, owner, notice.at, message)


def message_of(notice: Any, *, is_reminder: bool) -> Message:
    """What a notice's row (with the tenant's slug) says."""
    return Message(
        message_id=f"{notice.message_id}-again" if is_reminder else notice.message_id,
        tenant_slug=notice.slug,
        at=notice.at,
        kind=notice.kind,
        about=notice.about,
        state=notice.state,
        title=notice.title,
        text=notice.text,
        details=notice.details,
        is_reminder=is_reminder,
    )


def note_sent(connection: Connection, delivery: Delivery) -> None:
    """Keep that it got through."""
    settled = {"b_state": "sent", "b_next": None, "b_error": None, "b_sent": clock.now()}
    connection.execute(_SETTLE, delivery.key | settled | {"b_owner": delivery.owner})


def note_failed(
    connection: Connection, delivery: Delivery, error: DeliveryFailed, chance: random.Random
) -> str:
    """Keep why it did not get through; return ``pending`` when it is tried again, else ``failed``.

    When the channel itself is out of order, everything else that waits for it is put off as long.
    """
    key = {"b_tenant": delivery.tenant_id, "b_channel": delivery.channel_id}
    connection.execute(_LOCK_CHANNEL, key)
    tries = int(connection.scalar(_TRIES, key) or 0) + 1
    at = clock.after(pause(tries, error.retry_after, chance))
    is_over = error.is_final or at > clock.after(GIVE_UP_SECONDS, since=delivery.notice_at)
    settled = {
        "b_state": "failed" if is_over else "pending",
        "b_next": None if is_over else at,
        "b_error": str(error),
        "b_sent": None,
    }
    connection.execute(_SETTLE, delivery.key | settled | {"b_owner": delivery.owner})
    if error.of_channel and not error.is_final:
        connection.execute(_POSTPONE, key | {"b_next": at})
    return str(settled["b_state"])


def pause(tries: int, retry_after: float | None, chance: random.Random) -> float:
    """Seconds before the next try: 5 s, three times as long with every failure up to an hour, less up to a half.

    >>> half = random.Random(); half.uniform = lambda low, high: high
    >>> [pause(tries, None, half) for tries in (1, 2, 3, 99)], pause(1, 60, half)
    ([5.0, 15.0, 45.0, 3600.0], 60)
    """
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 3.0 ** min(tries - 1, 20))
    return max(chance.uniform(longest / 2, longest), retry_after or 0.0)
