"""intelliHR's RestHooks: one hook for each event, unsigned (vendors.md §4.4).

The connection key in the path of the address is the secret, so a call without it is refused. Of a body only the event
and the id are looked at, as a hint at what to read through the API: links in it are never followed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import from_json

from app.sources.adapter import Delivery, Hint, Receipt
from app.sources.errors import DeliveryRefused, IncompleteRead
from app.vendors.intellihr.client import IntelliHRClient, Row

#: The secret that says that we have asked intelliHR to call; the ids of the hooks are kept beside it.
SWITCH, IDS = "webhook_on", "webhook_ids"
EVENTS = (
    "person.created",
    "person.updated",
    "person.deleted",
    "job.created",
    "job.deleted",
    "job.update_scheduled",
    "job.timeline_updated",
    "job.ended",
    "job.end_date_adjusted",
    "job.end_date_finalised",
    "job.end_date_cancelled",
    "job.effective_dates_updated",
)
#: What an event's id is the id of, by the event's first word; other events say nothing about people.
_HINTS = {"person": "person", "job": "job"}
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
Keep = Callable[[Mapping[str, str]], None]


def receive(secrets: Mapping[str, str], delivery: Delivery) -> Receipt:
    """Return a hint at the person or job that a call names; none for events that change no person.

    :raises DeliveryRefused: 401 without the connection key or without a subscription, 400 for no JSON object.
    """
    if not delivery.is_keyed:
        raise DeliveryRefused("The call does not have this connection's key at the end of its address.")
    if not secrets.get(SWITCH):
        raise DeliveryRefused("This connection has not subscribed to intelliHR's webhooks.")
    try:
        body = from_json(delivery.body, allow_inf_nan=False)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise DeliveryRefused("The call's body is no JSON object.", status=400)
    event, record_id = str(body.get("event") or ""), str(body.get("id") or "")
    kind = _HINTS.get(event.partition(".")[0])
    if kind is None or not _ID.fullmatch(record_id):
        return Receipt()
    hint: Hint = {kind: record_id}
    return Receipt((hint,))


def subscribe(client: IntelliHRClient, ids: Mapping[str, str], callback_url: str, keep: Keep) -> None:
    """Have one enabled hook for each event call ``callback_url``; raises as the client does.

    Hooks of ours that call another address (an earlier connection key) are sent to this one, those that are missing
    are made, and each id is kept at once: a second call adds nothing, also after a kill.
    """
    keep({SWITCH: "yes"})
    known = {str(row.get("id")): row for row in _hooks(client)}
    kept = {event: hook for event, hook in ids.items() if hook in known}
    for event in _offered(client):
        same = [
            hook
            for hook, row in known.items()
            if row.get("webhookEvent") == event and row.get("url") == callback_url
        ]
        hook = kept.get(event) or next(iter(same), None)
        wanted = {"url": callback_url, "isEnabled": True}
        if hook is None:
            hook = _made(client, {**wanted, "webhookEvent": event, "source": "Rollcall"})
        elif any(known[hook].get(name) != value for name, value in wanted.items()):
            client.caller.json("PATCH", f"/webhooks/{hook}", body=wanted)
        kept[event] = hook
        keep({IDS: json.dumps(kept, sort_keys=True)})


def unsubscribe(client: IntelliHRClient, ids: Mapping[str, str], keep: Keep) -> None:
    """Delete our hooks and forget them; those that are gone already are no error. Raises as the client does."""
    left = dict(ids)
    for event, hook in ids.items():
        client.caller.answer("DELETE", f"/webhooks/{hook}", expected=(404,))
        del left[event]
        keep({IDS: json.dumps(left, sort_keys=True) if left else ""})
    keep({IDS: "", SWITCH: ""})


def kept_ids(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return event → id of our hooks."""
    ids = json.loads(secrets.get(IDS) or "{}")
    return {str(event): str(hook) for event, hook in ids.items()}


def _hooks(client: IntelliHRClient) -> list[Row]:
    return [row for stretch in client.listed("/webhooks") for row in stretch.rows]


def _offered(client: IntelliHRClient) -> list[str]:
    """Return our events that the account offers; all of them where it does not tell any."""
    answer = client.caller.json("GET", "/webhook-events", expected=(404,))
    told = answer.get("data") if isinstance(answer, dict) else None
    slugs = {_slug(entry) for entry in told} if isinstance(told, list) else set()
    offered = [event for event in EVENTS if event in slugs]
    return offered or list(EVENTS)


def _slug(entry: Any) -> str:
    """Return an event's slug, whether it is told as text or as an object (vendors.md §4.4 does not say)."""
    if isinstance(entry, dict):
        return str(entry.get("slug") or entry.get("event") or entry.get("name") or entry.get("id") or "")
    return str(entry)


def _made(client: IntelliHRClient, hook: Row) -> str:
    answer = client.caller.json("POST", "/webhooks", body=hook)
    data = answer.get("data", answer) if isinstance(answer, dict) else {}
    made = str(data.get("id") or "") if isinstance(data, dict) else ""
    if not _ID.fullmatch(made):
        raise IncompleteRead(
            "intelliHR made a webhook and did not tell its id; delete it in intelliHR and try again."
        )
    return made
