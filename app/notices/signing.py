"""Signatures of webhooks as Standard Webhooks 1.0 wants them ("Signature scheme", "Webhook headers")."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
#: The specification asks for 24 to 64 bytes.
SECRET_BYTES = 32


def new_secret() -> str:
    """Return a fresh secret in the form in which it is shown: ``whsec_`` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return ``v1,`` and the base64 of HMAC-SHA256 over id, seconds and body, joined by full stops.

    >>> secret = "whsec_cm9sbGNhbGwgdGVzdHMga25vdyB0aGlzIGtleS4uLi4u"
    >>> signature(secret, "01a20316", 1795349013, b'{"type":"notice.test"}')  # as `openssl dgst -mac HMAC` has it
    'v1,urUO7LnNHRQNZYmp/hF6GlzhrIaA9+KvVh1bB7l+jUI='
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def headers(secrets_: Iterable[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a webhook; with two secrets (a rotation) there are two signatures."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(each, message_id, timestamp, body) for each in secrets_),
    }
