"""The sender of webhooks: subscriptions, the handshake, signatures with every key that is alive (vendors.md §3.6)."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from app.vendors.smartrecruiters.simulator.company import Row
from app.vendors.smartrecruiters.simulator.errors import NoSubscription, Refusal

ECHO = "X-Hook-Secret"
HANDSHAKE_SECONDS = 20
MOST_SUBSCRIPTIONS, MOST_KEYS = 20, 16
SIGNATURES = ("good", "bad", "missing")
VERSION = "v201910"


@dataclass
class Subscription:
    """Who is called; the last of ``keys`` is the newest."""

    id: str
    url: str
    events: list[str]
    status: str = "inactive"
    keys: list[str] = field(default_factory=list)

    def shown(self) -> Row:
        """Return the subscription as the API shows it."""
        events = [{"name": name, "version": VERSION} for name in self.events]
        return {"id": self.id, "callbackUrl": self.url, "events": events, "status": self.status}


@dataclass(frozen=True)
class Delivery:
    """What became of one POST: any 2xx is an acknowledgement; ``status`` is None when no answer came."""

    event: str
    event_id: str
    status: int | None


class Webhooks:
    """The subscriptions of a company; raises Refusal for the API, NoSubscription for controls."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, Subscription] = {}

    def add(self, body: Mapping[str, Any]) -> Subscription:
        """Create a subscription, which is inactive at first."""
        url, events = body.get("callbackUrl"), body.get("events")
        if (
            not isinstance(url, str)
            or not url.startswith("http")
            or not isinstance(events, list)
            or not events
        ):
            raise Refusal(400, "callbackUrl and events are required", "VALIDATION_FAILED")
        if len(self.subscriptions) >= MOST_SUBSCRIPTIONS:
            raise Refusal(400, "too many subscriptions", "SUBSCRIPTIONS_LIMIT")
        made = Subscription(str(uuid.uuid4()), url, [str(event) for event in events])
        self.subscriptions[made.id] = made
        return made

    def existing(self, subscription_id: str) -> Subscription:
        """Return a subscription; raises Refusal (404)."""
        found = self.subscriptions.get(subscription_id)
        if found is None:
            raise Refusal(404, "no such subscription", "NOT_FOUND")
        return found

    def remove(self, subscription_id: str) -> None:
        """Delete a subscription; raises Refusal (404)."""
        self.existing(subscription_id)
        del self.subscriptions[subscription_id]

    def activate(self, subscription_id: str) -> None:
        """Activate after the handshake: 200 and the same header within 20 seconds; raises Refusal (400)."""
        found = self.existing(subscription_id)
        secret = secrets.token_urlsafe(12)
        try:
            answer = requests.post(
                found.url, headers={ECHO: secret}, timeout=HANDSHAKE_SECONDS, allow_redirects=False
            )
        except requests.RequestException:
            raise Refusal(400, "the callback cannot be reached", "HANDSHAKE_FAILED") from None
        if answer.status_code != 200 or answer.headers.get(ECHO) != secret:
            raise Refusal(400, "the callback did not echo the secret", "HANDSHAKE_FAILED")
        found.status = "active"

    def new_key(self, subscription_id: str) -> str:
        """Make a signing key; older ones live on beside it, 16 at most (the controls expire them)."""
        found = self.existing(subscription_id)
        found.keys = [*found.keys, secrets.token_urlsafe(16)][-MOST_KEYS:]
        return found.keys[-1]

    def expire_keys(self) -> None:
        """Let all but the newest keys die, as 24 hours do."""
        for each in self.subscriptions.values():
            del each.keys[:-1]

    def send(
        self,
        event: str,
        body: Mapping[str, Any],
        link: str,
        *,
        sign: str = "good",
        event_id: str | None = None,
        age: float = 0,
        times: int = 1,
    ) -> list[Delivery]:
        """Send an event to every active subscription that wants it, ``times`` times with one id; ``age`` in seconds.

        ``sign`` is one of ``SIGNATURES``. Raises NoSubscription.
        """
        wanting = [s for s in self.subscriptions.values() if s.status == "active" and event in s.events]
        if not wanting:
            raise NoSubscription(f"no active subscription wants {event}")
        event_id = event_id or str(uuid.uuid4())
        headers = {
            "event-id": event_id,
            "event-name": event,
            "event-version": VERSION,
            "link": f"<{link}>; rel=self",
            "smartrecruiters-timestamp": str(int(time.time() - age)),
            "content-type": "application/json",
        }
        sent = json.dumps(body, separators=(",", ":")).encode()
        deliveries = []
        for subscription in wanting:
            signed = {**headers, **signatures(subscription.keys, headers, sent, sign)}
            for _ in range(times):
                deliveries.append(Delivery(event, event_id, _post(subscription.url, sent, signed)))
        return deliveries


def signatures(
    keys: list[str], headers: Mapping[str, str], body: bytes, sign: str = "good"
) -> dict[str, str]:
    """Return the signature header, one signature for each key; empty when nothing is signed."""
    if sign == "missing":
        return {}
    names = ("event-id", "event-name", "event-version", "link")
    after = [headers.get(name, "").encode() for name in names]
    signed = b".".join([headers.get("smartrecruiters-timestamp", "").encode(), body, *after])
    wrong = "-wrong" if sign == "bad" else ""
    found = [hmac.new((key + wrong).encode(), signed, hashlib.sha256).hexdigest() for key in keys]
    return {"smartrecruiters-signature": ";".join(f"v1={each}" for each in found)}


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int | None:
    try:
        answer = requests.post(
            url, data=body, headers=dict(headers), timeout=HANDSHAKE_SECONDS, allow_redirects=False
        )
    except requests.RequestException:
        return None
    return answer.status_code
