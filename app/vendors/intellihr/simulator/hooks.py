"""RestHooks of the simulated intelliHR: their table, and unsigned calls (vendors.md §4.4)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from app.vendors.intellihr.simulator.errors import Refusal
from app.vendors.intellihr.simulator.rows import LINK, Row

TIMEOUT_SECONDS = 30
EVENTS = (
    *(f"person.{word}" for word in ("created", "deleted", "updated", "birthday_upcoming")),
    *(f"job.{word}" for word in ("created", "deleted", "update_scheduled", "timeline_updated", "ended")),
    *(f"job.end_date_{word}" for word in ("adjusted", "finalised", "cancelled")),
    "job.effective_dates_updated",
    "job.company_start_date_upcoming",
    "job_remuneration.update_scheduled",
    *(f"user.{word}" for word in ("created", "updated", "deleted", "disabled", "disabled_upcoming")),
)


@dataclass(frozen=True)
class Delivery:
    """What became of one call; ``status`` is None when no answer came."""

    event: str
    url: str
    status: int | None


class Hooks:
    """The table of webhooks, one event each."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def create(self, body: Any) -> Row:
        """Create a webhook; raises Refusal."""
        row = self._checked(
            {"isEnabled": True, "source": None, **(body if isinstance(body, Mapping) else {})}
        )
        row["id"] = str(uuid.uuid4())
        self.rows[row["id"]] = row
        return row

    def change(self, hook_id: str, body: Any) -> Row:
        """Change members of a webhook; raises Refusal."""
        row = self._checked({**self.one(hook_id), **(body if isinstance(body, Mapping) else {})})
        self.rows[hook_id] = row
        return row

    def one(self, hook_id: str) -> Row:
        """Return a webhook; raises Refusal with 404."""
        if hook_id not in self.rows:
            raise Refusal(404, "Webhook not found")
        return self.rows[hook_id]

    def remove(self, hook_id: str) -> None:
        """Delete a webhook; raises Refusal with 404."""
        self.one(hook_id)
        del self.rows[hook_id]

    def send(self, body: Mapping[str, Any], times: int = 1) -> list[Delivery]:
        """Call every enabled webhook of the body's event, each ``times`` times."""
        chosen = [
            row
            for row in list(self.rows.values())
            if row["isEnabled"] and row["webhookEvent"] == body["event"]
        ]
        return [
            Delivery(str(body["event"]), row["url"], _post(row["url"], body))
            for row in chosen
            for _ in range(times)
        ]

    def _checked(self, row: Row) -> Row:
        if row.get("webhookEvent") not in EVENTS:
            raise Refusal(400, "The given data was invalid", "webhookEvent is unknown")
        if not str(row.get("url") or "").startswith(("http://", "https://")):
            raise Refusal(400, "The given data was invalid", "url must be an address")
        return dict(row)


def body_of(event: str, record_id: str, timestamp: str, host: str = LINK, **more: Any) -> Row:
    """Return what a webhook sends; ``host`` can be anybody's, since nothing is signed."""
    resource = "people" if event.startswith("person.") else "jobs"
    link = f"{host}/{resource}/{record_id}"
    return {
        "id": record_id,
        "event": event,
        "timestamp": timestamp,
        "links": {"self": link, "selfEncoded": quote(link, safe="")},
        **more,
    }


def _post(url: str, body: Mapping[str, Any]) -> int | None:
    sent = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "intelliHR"}
    try:
        answer = requests.post(
            url, data=sent, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.RequestException:
        return None
    return answer.status_code
