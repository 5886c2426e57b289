"""Delivering: what is due goes out through its channels. Nothing of it has to survive: the rows and leases do."""

from __future__ import annotations

import os
import random
import secrets
import socket
import time
from collections.abc import Callable

import structlog
from flask import current_app

from app import clock
from app.config import Settings
from app.database import reading, writing
from app.identifiers import new_id
from app.notices import channels, deliveries, mail, webhook
from app.notices.channels import EMAIL, WEBHOOK, Channel
from app.notices.deliveries import Delivery
from app.notices.errors import DeliveryFailed
from app.notices.kinds import TEST
from app.notices.mail import MailServer
from app.notices.message import Message, email

log = structlog.get_logger(__name__)

#: Seconds that one call goes on before it lets other work have its thread.
DRAIN_SECONDS = 40.0


def drain(tenant_id: int, *, seconds: float = DRAIN_SECONDS) -> int:
    """Deliver what is due of a tenant, one after the other; return how many got through."""
    owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
    end, sent = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        with writing() as connection:
            delivery = deliveries.claim(connection, tenant_id, owner)
        if delivery is None:
            break
        sent += _deliver(delivery)
    return sent


def _deliver(delivery: Delivery) -> bool:
    with reading() as connection:
        channel = channels.with_id(connection, delivery.tenant_id, delivery.channel_id)
    if channel is None:
        return False
    try:
        send(channel, delivery.message)
    except DeliveryFailed as error:
        return _failed(delivery, channel, error)
    except Exception as error:
        # The edge of a delivery: a defect in one must not come back for ever, and not keep others waiting.
        log.exception("a notice could not be sent", tenant_id=delivery.tenant_id, channel=channel.name)
        what = f"It could not be sent ({type(error).__name__}); Rollcall's log has the cause."
        return _failed(delivery, channel, DeliveryFailed(what, of_channel=False))
    with writing() as connection:
        deliveries.note_sent(connection, delivery)
    return True


def _failed(delivery: Delivery, channel: Channel, error: DeliveryFailed) -> bool:
    with writing() as connection:
        state = deliveries.note_failed(connection, delivery, error, random.Random())
    log.warning(
        "a notice was not delivered",
        tenant_id=delivery.tenant_id,
        notice=delivery.notice_id,
        channel=channel.name,
        state=state,
        reason=str(error),
    )
    return False


def send(channel: Channel, message: Message) -> None:
    """Send a message through a channel, now. Raises `DeliveryFailed`."""
    settings: Settings = current_app.extensions["rollcall.settings"]
    _SENDERS[channel.kind](settings, channel, message)


def send_test(channel: Channel, tenant_slug: str) -> None:
    """Send a message through a channel, now, that says it is a test. Raises `DeliveryFailed`."""
    message = Message(
        message_id=new_id(),
        tenant_slug=tenant_slug,
        at=clock.now(),
        kind=TEST,
        about=f"tenant:{tenant_slug}",
        state="test",
        title="a test of this channel",
        text="Somebody asked Rollcall to try this channel. Nothing has happened, and nothing is to be done.",
        details={},
    )
    send(channel, message)


def missing_for_mail(settings: Settings) -> list[str]:
    """Return the settings without which no e-mail can be sent, as the operator sets them; none: it can."""
    needed = {"ROLLCALL_SMTP_URL": settings.smtp_url, "ROLLCALL_MAIL_FROM": settings.mail_from}
    return [name for name, value in needed.items() if not value]


def _send_email(settings: Settings, channel: Channel, message: Message) -> None:
    if not (settings.smtp_url and settings.mail_from):
        raise DeliveryFailed("No mail server is set: set ROLLCALL_SMTP_URL and ROLLCALL_MAIL_FROM.")
    made = email(message, settings.mail_from, channel.address, settings.public_url)
    mail.send(MailServer.of(settings.smtp_url), made)


def _send_webhook(settings: Settings, channel: Channel, message: Message) -> None:
    webhook.send(settings, channel.address, channel.secrets(clock.now()), message)


_SENDERS: dict[str, Callable[[Settings, Channel, Message], None]] = {
    EMAIL: _send_email,
    WEBHOOK: _send_webhook,
}
