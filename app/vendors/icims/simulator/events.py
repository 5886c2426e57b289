"""The sender of event notifications: gzip-compressed JSON, three forms of credentials (vendors.md §2.6)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from app.simulation import SimulationError

FORMS = ("basic", "hmac", "oauth2", "none")
SIGNATURES = ("good", "bad", "missing", "old")
TIMEOUT_SECONDS = 30
_ALGORITHM = "x-icims-v1-hmac-sha256"


@dataclass(frozen=True)
class Subscription:
    """A receiver of events, as iCIMS's staff set it up."""

    url: str
    form: str = "basic"
    user: str = "rollcall"
    secret: str = ""
    token_url: str = ""


@dataclass(frozen=True)
class Sent:
    """What became of one POST; ``status`` is None when no answer came. 200 and 303 are acknowledgements."""

    url: str
    event: str
    status: int | None


def body_of(event: Mapping[str, Any], *, compressed: bool = True) -> bytes:
    """Return an event as it is sent."""
    plain = json.dumps(event, separators=(",", ":")).encode()
    return gzip.compress(plain, mtime=0) if compressed else plain


def status_change(
    customer: str, person_id: int, job_id: int, old: str, new: str, root: str
) -> dict[str, Any]:
    """Return a ``WorkFlowStatusChangeEvent``: all ids are text."""
    return {
        "eventType": "WorkFlowStatusChangeEvent",
        "systemId": "1",
        "customerId": customer,
        "personId": str(person_id),
        "jobId": str(job_id),
        "userId": "5",
        "oldStatus": old,
        "newStatus": new,
        "links": [{"rel": "associatedprofile", "title": "person", "url": f"{root}/people/{person_id}"}],
    }


def portal_task(customer: str, person_id: int, root: str) -> dict[str, Any]:
    """Return an ``OnboardPortalTaskEvent``: the person stands in its links only."""
    return {
        "eventType": "OnboardPortalTaskEvent",
        "systemId": "1",
        "customerId": customer,
        "userId": "5",
        "returnUrl": "https://example.invalid/return",
        "incompleteUrl": "https://example.invalid/incomplete",
        "links": [{"rel": "associatedprofile", "title": "person", "url": f"{root}/people/{person_id}"}],
    }


def send(to: Subscription, event: Mapping[str, Any], *, sign: str = "good", compressed: bool = True) -> Sent:
    """Send one event and return what became of it; delivery is fail-fast. Raises SimulationError without a token."""
    body = body_of(event, compressed=compressed)
    headers = {"Content-Type": "application/json"}
    if compressed:
        headers["Content-Encoding"] = "gzip"
    headers |= credentials(to, body, sign)
    try:
        answer = requests.post(
            to.url, data=body, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.RequestException:
        return Sent(to.url, str(event["eventType"]), None)
    return Sent(to.url, str(event["eventType"]), answer.status_code)


def credentials(to: Subscription, body: bytes, sign: str) -> dict[str, str]:
    """Return the headers that prove the sender; `sign` is one of ``SIGNATURES``."""
    if sign == "missing" or to.form == "none":
        return {}
    secret = to.secret + ("-wrong" if sign == "bad" else "")
    if to.form == "basic":
        pair = base64.b64encode(f"{to.user}:{secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    if to.form == "oauth2":
        return {"Authorization": f"Bearer {_token(to)}" + ("x" if sign == "bad" else "")}
    moment = "2020-01-01T00:00:00Z" if sign == "old" else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return signed_headers(to.url, to.user, secret, body, moment)


def signed_headers(url: str, user: str, secret: str, body: bytes, moment: str) -> dict[str, str]:
    """Return the headers of an HMAC-signed POST, written from vendors.md §2.1 and not from our receiver.

    What is signed of a notification is not documented: the form of API calls, over the bytes as sent [G].
    """
    parts = urlsplit(url)
    signed = {
        "content-type": "application/json",
        "host": parts.netloc,
        "x-icims-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-icims-date": moment,
    }
    lines = [f"{name}: {value}" for name, value in signed.items()]
    names = ";".join(signed)
    request = "\n".join(["POST", parts.path, parts.query, *lines, "", names])
    text = f"{_ALGORITHM}\n{moment}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    own = {name: value for name, value in signed.items() if name.startswith("x-")}
    return {**own, "Authorization": f"{_ALGORITHM} user={user}, signedheaders={names}, signature={signature}"}


def _token(to: Subscription) -> str:
    form = {"grant_type": "client_credentials", "client_id": to.user, "client_secret": to.secret}
    answer = requests.post(to.token_url, data=form, timeout=TIMEOUT_SECONDS)
    content = answer.json() if answer.ok else {}
    if content.get("token_type") != "Bearer" or content.get("expires_in") != 86_400:
        raise SimulationError(
            f"{to.token_url} gave no token of the form that iCIMS wants ({answer.status_code})"
        )
    return str(content["access_token"])
