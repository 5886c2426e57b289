"""Webhooks: a signed POST through the guarded session (Standard Webhooks 1.0)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from app.config import Settings
from app.notices import signing
from app.notices.errors import DeliveryFailed
from app.notices.message import Message, webhook_body
from app.outbound import AddressPolicy, AddressRefused, Limits, OutboundError, OutboundSession, Response

#: "15–30 s" is what the specification advises; a silent receiver must not keep a worker for longer than that.
TOTAL_SECONDS = 15.0
GONE = 410
#: Refusals of this very message: others may pass.
_OF_MESSAGE = frozenset({400, 413, 422})


def send(settings: Settings, address: str, secrets: Sequence[str], message: Message) -> None:
    """Deliver a message. Raises `DeliveryFailed` for everything but a 2xx."""
    body = webhook_body(message)
    headers = signing.headers(secrets, message.message_id, int(time.time()), body)
    try:
        with _session(settings, address, secrets) as session:
            answer = session.call(
                "POST",
                _path(address),
                body=body,
                headers=(*headers.items(), ("Content-Type", "application/json")),
            )
    except AddressRefused as error:
        raise DeliveryFailed(error.message, is_final=True) from error
    except OutboundError as error:
        raise DeliveryFailed(error.message, retry_after=error.retry_after) from error
    if not answer.ok:
        raise _refused(answer)


def _refused(answer: Response) -> DeliveryFailed:
    """Return what an answer other than 2xx means: 410 ends it ("Response status codes"), the rest is tried again."""
    return DeliveryFailed(
        f"The receiver answered with status {answer.status}.",
        is_final=answer.status == GONE,
        of_channel=answer.status not in _OF_MESSAGE,
        retry_after=answer.retry_after,
    )


def _session(settings: Settings, address: str, secrets: Sequence[str]) -> OutboundSession:
    parts = urlsplit(address)
    return OutboundSession(
        f"{parts.scheme}://{parts.netloc}",
        secrets=[*secrets, *filter(None, (parts.path.strip("/"), parts.query))],
        policy=AddressPolicy(settings.allow_private_targets, frozenset(settings.allowed_addresses)),
        limits=Limits(settings.connect_timeout, min(settings.call_timeout, TOTAL_SECONDS)),
        pool_size=1,
    )


def _path(address: str) -> str:
    """Return path and query of the address; they may hold a key of the receiver's, so no record shows them."""
    parts = urlsplit(address)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
