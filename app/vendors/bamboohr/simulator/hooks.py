"""BambooHR's webhooks: made and listed by API, sent signed, tried again on a ladder (vendors.md §5.5)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count

import requests
from werkzeug.wrappers import Request, Response

from app.simulation import as_json
from app.vendors.bamboohr.simulator.company import Company, Row
from app.vendors.bamboohr.simulator.errors import Refusal, webhook_refusal

USER_AGENT = "BambooHR-WebHooks/1.0 (+https://www.bamboohr.com)"
RETRY_MINUTES = (5, 10, 20, 40, 80)
TIMEOUT_SECONDS = 30
SIGNATURES = ("good", "bad", "missing", "timestamp-first")
DEFAULT_FAMILY = "employee_with_fields"
DEFAULT_EVENTS = tuple(f"{DEFAULT_FAMILY}.{what}" for what in ("created", "updated", "deleted"))
EVENTS = frozenset(
    {
        *DEFAULT_EVENTS,
        *(f"employee.{what}" for what in ("created", "updated", "deleted")),
        *("company.updated", "company.deleted", "company-integrations.updated"),
    }
)
_ACTIONS = {"created": "Created", "updated": "Updated", "deleted": "Deleted"}
_PLACE = re.compile(r".*/webhooks(?:/(?P<id>\d+)(?P<log>/log)?|/(?P<list>monitor_fields|post-fields))?$")
Persona = Callable[[str], Mapping[str, str] | None]
Granted = Callable[[str], bool]


def signature(key: str, body: bytes, timestamp: str, sign: str = "good") -> str | None:
    """Return the hex HMAC-SHA256 of body and timestamp; ``sign`` is one of ``SIGNATURES``."""
    if sign == "missing":
        return None
    signed = timestamp.encode() + b"." + body if sign == "timestamp-first" else body + timestamp.encode()
    return hmac.new((key + "-wrong" if sign == "bad" else key).encode(), signed, hashlib.sha256).hexdigest()


class HookApi:
    """The webhooks of an account, and the events that wait to be sent to them."""

    def __init__(self, company: Company, persona: Persona) -> None:
        self.hooks: dict[str, Row] = {}
        self.logs: dict[str, list[Row]] = {}
        self.waiting: list[tuple[str, str, Row]] = []
        self._company = company
        self._persona = persona
        self._numbers = count(1)
        self._lock = threading.Lock()
        company.on_change = self._queue

    # --- API --------------------------------------------------------------------------------------------------------

    def answer(self, request: Request, granted: Granted) -> Response:
        """Answer a request below ``/webhooks``; raises Refusal."""
        place = _PLACE.match(request.path)
        if place is None:
            raise Refusal(404, "Not Found")
        if self._persona("no-webhooks") is not None:
            raise webhook_refusal(403, "You do not have permission to use webhooks")
        if place["list"]:
            names = [name for name in _field_names(self._company) if granted(name)]
            return as_json({"fields": [{"id": name, "name": name, "alias": name} for name in names]})
        if place["id"] is None:
            return self._collection(request, granted)
        if place["id"] not in self.hooks:
            raise webhook_refusal(404, "Webhook not found")
        return self._log(place["id"]) if place["log"] else self._one(request, place["id"], granted)

    def _collection(self, request: Request, granted: Granted) -> Response:
        if request.method == "GET":
            return as_json({"webhooks": [_public(hook) for hook in self.hooks.values()]})
        if request.method != "POST":
            raise Refusal(405, "Method Not Allowed")
        hook = self._checked(request, granted)
        hook |= {"id": str(next(self._numbers)), "created": _admin_time(), "lastSent": None}
        # The key is told this once.
        hook["privateKey"] = secrets.token_hex(16)
        with self._lock:
            self.hooks[hook["id"]] = hook
            self.logs[hook["id"]] = []
        return as_json(hook, 201)

    def _one(self, request: Request, hook_id: str, granted: Granted) -> Response:
        if request.method == "DELETE":
            with self._lock:
                del self.hooks[hook_id]
            return Response(status=204)
        if request.method == "PUT":
            # A full replacement; the key stays as it is and is not told.
            self.hooks[hook_id] |= self._checked(request, granted)
        return as_json(_public(self.hooks[hook_id]))

    def _log(self, hook_id: str) -> Response:
        if self._persona("busy-log") is not None:
            return as_json({"error": {"code": 429, "message": "Too many requests"}})
        return as_json(self.logs[hook_id][-200:])

    def _checked(self, request: Request, granted: Granted) -> Row:
        try:
            asked = json.loads(request.get_data())
        except ValueError:
            raise webhook_refusal(400, "Invalid request body", issues=["not JSON"]) from None
        events = [str(each) for each in asked.get("events") or DEFAULT_EVENTS]
        monitored = list(asked.get("monitorFields") or [])
        issues = list(_issues(asked, events, monitored))
        if issues:
            raise webhook_refusal(400, "Invalid request body", issues=issues)
        posted = dict(asked.get("postFields") or {})
        refused = {
            "monitorFields": [name for name in monitored if not granted(name)],
            "postFields": [name for name in posted if not granted(name)],
            "unknownFields": [],
        }
        if any(refused.values()):
            raise webhook_refusal(403, "You do not have access to these fields", **refused)
        return {
            "name": str(asked["name"]),
            "url": str(asked["url"]),
            "format": asked["format"],
            "monitorFields": monitored,
            "postFields": posted,
            "includeCompanyDomain": bool(asked.get("includeCompanyDomain")),
            "events": events,
        }

    # --- sending ----------------------------------------------------------------------------------------------------

    def _queue(self, what: str, employee_id: str, changed: list[str]) -> None:
        """Remember an event for each webhook that wants it."""
        for hook in list(self.hooks.values()):
            monitored = [name for name in changed if name in hook["monitorFields"]]
            for family in ("employee", DEFAULT_FAMILY):
                if f"{family}.{what}" in hook["events"] and (what != "updated" or monitored):
                    body = self._body(hook, family, what, employee_id, monitored)
                    self.waiting.append((hook["id"], employee_id, body))
        if self._persona("live-webhooks") is not None:
            threading.Thread(target=self.send, daemon=True).start()

    def send(
        self,
        *,
        sign: str | None = None,
        times: int | None = None,
        reverse: bool = False,
        timestamp: str | None = None,
    ) -> list[Row]:
        """Send what waits and return an entry of the log for each try; ``reverse`` sends the latest first.

        ``sign`` is one of ``SIGNATURES``, ``timestamp`` the text of the header (now without it).
        """
        with self._lock:
            waiting, self.waiting = self.waiting, []
        habits = (how for name, how in _HABITS.items() if self._persona(name) is not None)
        sign = sign or next(habits, "good")
        repeat = self._persona("duplicate-deliveries")
        times = times or (1 if repeat is None else int(repeat.get("times", 2)))
        if sign not in SIGNATURES:
            raise ValueError(f"sign must be one of {', '.join(SIGNATURES)}")
        sent: list[Row] = []
        for hook_id, employee_id, body in reversed(waiting) if reverse else waiting:
            hook = self.hooks.get(hook_id)
            if hook is None:
                continue
            stamp = timestamp or self._stamp(datetime.now(UTC))
            for _ in range(times):
                sent += self._climb(hook, employee_id, body, stamp, sign)
        return sent

    def _climb(self, hook: Row, employee_id: str, body: Row, stamp: str, sign: str) -> list[Row]:
        """Send once, and again on the ladder while the receiver fails; any 4xx is final."""
        minute = float((self._persona("ladder") or {}).get("ms", 1)) / 1000
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        tries: list[Row] = []
        for wait in (0, *RETRY_MINUTES):
            time.sleep(wait * minute)
            status = _post(hook, raw, stamp, sign)
            tries.append({"webhook": hook["id"], "employee": employee_id, "status": status, "after": wait})
            if status is not None and status < 500:
                break
        hook["lastSent"] = _admin_time()
        self.logs[hook["id"]] += tries
        return tries

    def _stamp(self, moment: datetime) -> str:
        form = (self._persona("hook-form") or {}).get("time", "iso")
        if form == "iso":
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        return str(int(moment.timestamp() * (1000 if form == "ms" else 1)))

    def _body(self, hook: Row, family: str, what: str, employee_id: str, changed: list[str]) -> Row:
        stamp = self._company.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        form = self._persona("hook-form") or {}
        if form.get("form", "fields" if family == DEFAULT_FAMILY else "event") == "event":
            data = {"companyId": "100", "employeeId": employee_id, "changedFields": changed}
            return {"type": f"employee.{what}", "timestamp": stamp, "data": data}
        row = self._company.employees.get(employee_id, {})
        plain = {shown: row.get(name) for name, shown in hook["postFields"].items()}
        fields = (
            {name: {"value": each} for name, each in plain.items()}
            if form.get("values") == "object"
            else plain
        )
        entry = {"id": employee_id, "action": _ACTIONS[what], "timestamp": stamp, "changedFields": changed}
        return {"employees": [{**entry, "fields": fields}]}


_HABITS = {"bad-signatures": "bad", "unsigned": "missing", "timestamp-first": "timestamp-first"}


def _issues(asked: Row, events: list[str], monitored: list[str]) -> list[str]:
    families = {each.partition(".")[0] for each in events}
    checks = {
        "name is required": bool(asked.get("name")),
        "url is required": str(asked.get("url", "")).startswith(
            ("https://", "http://127.0.0.1", "http://localhost")
        ),
        "format must be json or form-encoded": asked.get("format") in ("json", "form-encoded"),
        "events are unknown": set(events) <= EVENTS,
        "the two families of employee events cannot be mixed": not {"employee", DEFAULT_FAMILY} <= families,
        "monitorFields is required": bool(monitored)
        or not any("employee" in e and "updated" in e for e in events),
    }
    return [issue for issue, fulfilled in checks.items() if not fulfilled]


def _post(hook: Row, raw: bytes, stamp: str, sign: str) -> int | None:
    headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, "X-BambooHR-Timestamp": stamp}
    proof = signature(hook["privateKey"], raw, stamp, sign)
    if proof is not None:
        headers["X-BambooHR-Signature"] = proof
    if hook["includeCompanyDomain"]:
        headers["company-domain"] = "simulated"
    try:
        answer = requests.post(
            hook["url"], data=raw, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.RequestException:
        return None
    return answer.status_code


def _public(hook: Row) -> Row:
    return {name: value for name, value in hook.items() if name != "privateKey"}


def _field_names(company: Company) -> list[str]:
    return list(next(iter(company.employees.values()), {}))


def _admin_time() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
