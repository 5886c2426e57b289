"""Webhooks of SmartRecruiters: what proves a call, what it points at, and how calls are ordered (vendors.md §3.6)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic_core import from_json

from app.sources.adapter import Delivery, Hint, Receipt, SourceContext
from app.sources.errors import DeliveryRefused, SourceUnavailable
from app.vendors.smartrecruiters.client import LABEL, Client, path_of
from app.vendors.smartrecruiters.permissions import WEBHOOKS
from app.vendors.smartrecruiters.records import text_of
from app.vendors.smartrecruiters.settings import names

HANDSHAKE = "x-hook-secret"
SIGNATURE, TIMESTAMP = "smartrecruiters-signature", "smartrecruiters-timestamp"
_SIGNED = (TIMESTAMP, "event-id", "event-name", "event-version", "link")
KEYS = ("signing_key", "signing_key_previous")
#: Member of a delivery's body → what a hint calls it. The first that is there decides what is read again.
_POINTERS = (("candidate_id", "candidate"), ("job_id", "job"))
_V1 = re.compile(r"v1=([0-9a-fA-F]{64})")
_SECRET = re.compile(r"[\x21-\x7e]{1,512}")
#: The name of the new key in the answer is not documented.
_KEY_MEMBERS = ("secretKey", "secret_key", "key", "secret", "value")
Keep = Callable[[Mapping[str, str]], None]


def signature(key: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return the hex HMAC-SHA256 that SmartRecruiters sends for a call; a missing header counts as empty.

    The vendor's published sample:

    >>> sample = {"smartrecruiters-timestamp": "1574080897", "event-id": "123", "event-name": "application.created",
    ...     "event-version": "v201910", "link": "<http://smartrecruiters.com/endpoint>; rel=self"}
    >>> signature("HeBVky2bccvvkcXPimH8c", sample, b'{"job_id":"jid","candidate_id":"cid"}')
    '2e9291f10d44ca10204a4cd81b05d73b6a316b2b605d4e2e0e0b37b40198ce1f'
    """
    before, *after = (headers.get(name, "").encode("latin-1", "replace") for name in _SIGNED)
    signed = b".".join((before, body, *after))
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()


def receive(context: SourceContext, delivery: Delivery) -> Receipt:
    """Return what a call means; the activation's handshake is echoed while a subscription is there or being made.

    :raises DeliveryRefused: no signature of it is right (401), or its body cannot be read (400).
    """
    secret = delivery.headers.get(HANDSHAKE)
    if secret is not None and SIGNATURE not in delivery.headers:
        return _echo(context, secret)
    _prove(context, delivery)
    try:
        body = from_json(delivery.body, allow_inf_nan=False)
    except ValueError:
        raise DeliveryRefused(f"The body of {LABEL}'s call is not JSON.", 400) from None
    if not isinstance(body, dict):
        raise DeliveryRefused(f"The body of {LABEL}'s call is not an object.", 400)
    return Receipt(_hints(body), delivery_id=delivery.headers.get("event-id") or None)


def _echo(context: SourceContext, secret: str) -> Receipt:
    if not context.secrets.get("subscription"):
        raise DeliveryRefused(
            f"No subscription of {LABEL} is being activated; make one with `source subscribe`."
        )
    if not _SECRET.fullmatch(secret):
        raise DeliveryRefused("The header X-Hook-Secret has a form that is not echoed.", 400)
    # Anybody can send this: it is answered, and must leave nothing behind.
    return Receipt(status=200, headers={"X-Hook-Secret": secret}, is_kept=False)


def _prove(context: SourceContext, delivery: Delivery) -> None:
    keys = [context.secrets[name] for name in KEYS if context.secrets.get(name)]
    given = _V1.findall(delivery.headers.get(SIGNATURE, ""))
    right = [signature(key, delivery.headers, delivery.body) for key in keys]
    # While keys rotate a call may carry a signature of each; all are compared, however many are right.
    matches = [hmac.compare_digest(ours, theirs.lower()) for ours in right for theirs in given]
    if not any(matches):
        raise DeliveryRefused(f"The call carries no signature of {LABEL} that is right.")
    minutes = float(context.settings["webhook_minutes"])
    if minutes and not _is_recent(delivery, minutes * 60):
        raise DeliveryRefused(f"The call of {LABEL} was signed more than {minutes:g} minutes ago, or ahead.")


def _is_recent(delivery: Delivery, seconds: float) -> bool:
    text = delivery.headers.get(TIMESTAMP, "")
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        return False
    return abs(delivery.received_at.timestamp() - int(text)) <= seconds


def _hints(body: Mapping[str, Any]) -> tuple[Hint, ...]:
    for member, name in _POINTERS:
        told = text_of(body.get(member))
        if told:
            return ({name: told},)
    return ()


# --- subscriptions --------------------------------------------------------------------------------------------------


def subscribe(client: Client, context: SourceContext, callback_url: str, keep: Keep) -> None:
    """Make SmartRecruiters call an address; called again, renew the signing key. Raises the ``SourceError`` family.

    The subscription's id and key are kept before activation, which provokes the first call.
    """
    known = _known(client, context.secrets.get("subscription", ""), callback_url)
    if known is None:
        known = _adopted(client, callback_url) or _created(client, context, callback_url)
        keep({"subscription": known["id"]})
    _renew_key(client, known["id"], context.secrets.get("signing_key", ""), keep)
    if str(known.get("status", "")).lower() != "active":
        client.caller.answer("PUT", f"{WEBHOOKS}{path_of(known['id'], 'activation')}")


def unsubscribe(client: Client, context: SourceContext, keep: Keep) -> None:
    """Take the subscription back and forget it with its keys; one that is gone is no error."""
    known = context.secrets.get("subscription")
    if known:
        client.caller.answer("DELETE", WEBHOOKS + path_of(known), expected=(404,))
    keep(dict.fromkeys(("subscription", *KEYS), ""))


def _known(client: Client, subscription_id: str, callback_url: str) -> dict[str, Any] | None:
    """Return our subscription as it stands; None when there is none, or none for this address any more."""
    found = client.get(WEBHOOKS + path_of(subscription_id), absent=(404,)) if subscription_id else None
    if not isinstance(found, dict):
        return None
    if found.get("callbackUrl", callback_url) == callback_url:
        return {**found, "id": subscription_id}
    client.caller.answer("DELETE", WEBHOOKS + path_of(subscription_id), expected=(404,))
    return None


def _adopted(client: Client, callback_url: str) -> dict[str, Any] | None:
    """Return a subscription for this address that was made and not kept: its maker died in between."""
    return next((row for row in _listed(client) if row.get("callbackUrl") == callback_url), None)


def _listed(client: Client) -> Iterator[dict[str, Any]]:
    # The list is not documented [C]: without it there is nothing to adopt.
    document = client.get(WEBHOOKS, absent=(400, 403, 404, 405))
    rows = document.get("content") if isinstance(document, dict) else document
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"]:
            yield row


def _created(client: Client, context: SourceContext, callback_url: str) -> dict[str, Any]:
    body = {"callbackUrl": callback_url, "events": list(names(context.settings["webhook_events"]))}
    made = client.caller.json("POST", WEBHOOKS, body=body)
    if not isinstance(made, dict) or not isinstance(made.get("id"), str) or not made["id"]:
        raise SourceUnavailable(
            f"{LABEL} made a subscription and does not tell its id; look at its list there."
        )
    return made


def _renew_key(client: Client, subscription_id: str, before: str, keep: Keep) -> None:
    made = client.caller.json("POST", f"{WEBHOOKS}{path_of(subscription_id, 'secret-key')}")
    key = (
        next((made[name] for name in _KEY_MEMBERS if made.get(name)), "") if isinstance(made, dict) else made
    )
    if not isinstance(key, str) or not key:
        raise SourceUnavailable(f"{LABEL} made a signing key and does not tell it: {_told(made)}.")
    keep({"signing_key": key, "signing_key_previous": before})


def _told(made: Any) -> str:
    return (
        f"its answer has the members {', '.join(sorted(made)) or 'none'}"
        if isinstance(made, dict)
        else "no answer"
    )
