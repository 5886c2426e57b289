"""BambooHR's webhooks: what a delivery means, and how they are made and taken back by API (vendors.md §5.5)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from app.outbound import OutboundError, Response
from app.sources.adapter import Delivery, Receipt, SourceContext
from app.sources.errors import DeliveryRefused, IncompleteRead, SourceUnavailable
from app.vendors.bamboohr.client import BambooHRClient, Row, reason

SECRETS = ("webhook_secret", "webhook_secret_previous")
EVENTS = ("employee.created", "employee.updated", "employee.deleted")
#: The fields whose edits start a sync by the guide (vendors.md §7.2, "Trigger"); others come with the schedule.
MONITORED = (
    *("firstName", "lastName", "status", "workEmail", "middleName", "employeeNumber", "jobTitle", "division"),
    *("department", "location", "workPhone", "homePhone", "mobilePhone"),
    *("address1", "address2", "city", "state", "zipcode", "country"),
)
#: BambooHR tries again for some three hours; what is older was kept by somebody.
OLDEST = timedelta(hours=24)
NAME = "Rollcall"
_PREFIX = "employee."
_MILLISECONDS = 1e11
Keep = Callable[[Mapping[str, str]], None]


def signature(key: str, body: bytes, timestamp: str) -> str:
    """Return the hex HMAC-SHA256 of the raw body and, right behind it, the timestamp header as it stands.

    >>> signature("test-key-not-real", b"{}", "2026-03-02T09:15:01Z")[:8]
    '21f594ac'
    """
    return hmac.new(key.encode(), body + timestamp.encode(), hashlib.sha256).hexdigest()


def receipt_of(context: SourceContext, delivery: Delivery) -> Receipt:
    """Return the employees that a delivery points at. Raises ``DeliveryRefused``."""
    timestamp = delivery.headers.get("x-bamboohr-timestamp", "")
    given = delivery.headers.get("x-bamboohr-signature", "").strip().lower()
    keys = [context.secrets[name] for name in SECRETS if context.secrets.get(name)]
    # Every key is tried, so that the time taken tells nothing.
    proofs = [hmac.compare_digest(signature(key, delivery.body, timestamp), _ascii(given)) for key in keys]
    if not any(proofs):
        raise DeliveryRefused("The delivery is not signed with the key of BambooHR's webhook.")
    sent_at = instant_of(timestamp)
    if sent_at is not None and delivery.received_at - sent_at > OLDEST:
        raise DeliveryRefused("The delivery is older than a day: it is not taken again.")
    ids = dict.fromkeys(_employee_ids(_body(delivery.body)))
    return Receipt(hints=tuple({"record": employee_id} for employee_id in ids))


def instant_of(timestamp: str) -> datetime | None:
    """Return the instant of a timestamp header, in seconds, milliseconds or ISO form; None for any other [G].

    >>> instant_of("1772442901") == instant_of("2026-03-02T09:15:01Z")
    True
    """
    with suppress(ValueError, OverflowError, OSError):
        if timestamp.isascii() and timestamp.isdigit():
            seconds = float(timestamp)
            return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC)
        moment = datetime.fromisoformat(timestamp)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return None


def _ascii(text: str) -> str:
    # compare_digest takes no other text.
    return text if text.isascii() else ""


def _body(body: bytes) -> Row:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DeliveryRefused("The delivery's body is not JSON.", 400) from error
    if not isinstance(parsed, dict):
        raise DeliveryRefused("The delivery's body is not a JSON object.", 400)
    return parsed


def _employee_ids(body: Row) -> Iterator[str]:
    """Yield the ids in either form: an ``employee.*`` event, or a list of ``employees`` with their fields.

    Events of other kinds name nobody. Values of fields are not looked at: the record is read anew.
    """
    if str(body.get("type") or "").startswith(_PREFIX) and isinstance(body.get("data"), dict):
        yield from _plain_ids([body["data"].get("employeeId")])
    rows = body.get("employees")
    if isinstance(rows, list):
        yield from _plain_ids([row.get("id") for row in rows if isinstance(row, dict)])


def _plain_ids(values: list[Any]) -> Iterator[str]:
    texts = (str(value).strip() for value in values if isinstance(value, (str, int)))
    return (text for text in texts if text and len(text) <= 40)


# --- made and taken back --------------------------------------------------------------------------------------------


def subscribe(context: SourceContext, client: BambooHRClient, callback_url: str, keep: Keep) -> None:
    """Make a webhook, keep its key, which BambooHR tells only now, then take back the ones before it.

    BambooHR gives an existing webhook no new key: renewing makes another one, and the old key stays good for what is
    still under way. A webhook whose key was lost by a kill is found by its address and taken back here too.

    :raises SourceUnavailable: BambooHR does not make it.
    """
    made = _made(client, callback_url)
    key, webhook_id = str(made.get("privateKey") or ""), str(made.get("id") or "")
    if not key or not webhook_id:
        raise SourceUnavailable("BambooHR made a webhook without telling its key; it cannot be used.")
    before, old_id = (context.secrets.get(name, "") for name in ("webhook_secret", "webhook_id"))
    keep({"webhook_secret": key, "webhook_secret_previous": before, "webhook_id": webhook_id})
    for each in dict.fromkeys([old_id, *_ids_at(client, callback_url)]):
        if each and each != webhook_id:
            _delete(client, each)


def unsubscribe(context: SourceContext, client: BambooHRClient, keep: Keep) -> None:
    """Take the webhook back and forget its keys; one that is gone already is no error."""
    webhook_id = context.secrets.get("webhook_id", "")
    if webhook_id:
        _delete(client, webhook_id)
    keep(dict.fromkeys((*SECRETS, "webhook_id"), ""))


def _made(client: BambooHRClient, callback_url: str) -> Row:
    """Return the webhook that BambooHR made; fields that the key may not monitor are left out at the second try."""
    monitored = list(MONITORED)
    response = _post(client, callback_url, monitored)
    refused = _refused_fields(response) if response.status == 403 else set()
    if refused:
        monitored = [name for name in monitored if name not in refused]
        response = _post(client, callback_url, monitored)
    if response.status in (400, 403):
        raise SourceUnavailable(
            f"BambooHR did not make the webhook: {reason(response)}. Its address must begin with https://, and the "
            "key's owner must be allowed to make webhooks."
        )
    try:
        made = response.json()
    except OutboundError as error:
        raise IncompleteRead(f"BambooHR cannot be read: {error.message}") from error
    return made if isinstance(made, dict) else {}


def _post(client: BambooHRClient, callback_url: str, monitored: list[str]) -> Response:
    # Without `events` BambooHR takes a family of events that it calls deprecated.
    body = {
        "name": NAME,
        "url": callback_url,
        "format": "json",
        "monitorFields": monitored,
        "postFields": {},
        "includeCompanyDomain": False,
        "events": list(EVENTS),
    }
    return client.caller.answer("POST", "/webhooks", body=body, expected=(400, 403))


def _refused_fields(response: Response) -> set[str]:
    """Return the fields that a refusal names, wherever in it they stand."""
    try:
        body = response.json()
    except OutboundError:
        return set()
    places = [body, *(body.get("errors") or [])] if isinstance(body, dict) else []
    lists = (
        place.get(word)
        for place in places
        if isinstance(place, dict)
        for word in ("monitorFields", "unknownFields")
    )
    return {str(name) for names in lists if isinstance(names, list) for name in names}


def _ids_at(client: BambooHRClient, callback_url: str) -> list[str]:
    answer = client.caller.json("GET", "/webhooks", expected=(403, 404))
    rows = answer.get("webhooks") if isinstance(answer, dict) else answer
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [str(row["id"]) for row in found if row.get("url") == callback_url and row.get("id")]


def _delete(client: BambooHRClient, webhook_id: str) -> None:
    client.caller.answer("DELETE", f"/webhooks/{quote(webhook_id, safe='')}", expected=(404,))
