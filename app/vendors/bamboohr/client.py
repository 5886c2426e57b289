"""BambooHR's API as it really answers: empty error bodies, ``[]`` for ``{}``, two ways to throttle (vendors.md §5).

Throttling (429, and 503 until 2026) and ``Retry-After`` in both forms are ``app.sources.calling``'s.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from app.outbound import OutboundError, Response
from app.sources.adapter import SourceContext
from app.sources.calling import Caller, Pace
from app.sources.errors import IncompleteRead, SourceUnavailable
from app.vendors.bamboohr import settings as told

#: Before anything that BambooHR knows: since then everybody has changed.
EPOCH = "1970-01-01T00:00:00+00:00"
REFUSED = (401, 403, 404)
_MOST_LOCATION_PAGES = 1000
_LOCATION_PAGE = 500
_ERROR_HEADERS = ("X-BambooHR-Error-Message", "X-BambooHR-Message")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """What the changed feed says: employee id → action, and the time from which to ask next (None: nothing new)."""

    employees: Mapping[str, str] = field(default_factory=dict)
    latest: str | None = None


@dataclass(frozen=True, slots=True)
class BambooHRClient:
    """Reads one account. Every method raises ``SourceUnavailable`` and ``IncompleteRead`` as ``Caller`` does."""

    caller: Caller

    def changed(self, since: str) -> Changes:
        """Return who was inserted, updated or deleted since then (§5.4)."""
        answer = self.caller.json("GET", "/employees/changed", query=(("since", since),))
        # No change may come as [] instead of {} (a habit of PHP).
        rows = (answer.get("employees") if isinstance(answer, dict) else None) or {}
        if not isinstance(answer, dict) or "employees" not in answer or not isinstance(rows, dict):
            raise IncompleteRead("BambooHR's list of changed employees has not the form that is known of it.")
        entries = {str(key): row for key, row in rows.items() if isinstance(row, dict)}
        times = [str(row["lastChanged"]) for row in entries.values() if row.get("lastChanged")]
        latest = answer.get("latest") or max(times, default=None)
        actions = {str(row.get("id") or key): str(row.get("action") or "") for key, row in entries.items()}
        return Changes(actions, str(latest) if latest else None)

    def employee(self, employee_id: str, fields: Iterable[str]) -> tuple[int, Row]:
        """Return status and members of an employee; 403 and 404 are answers without members."""
        path = f"/employees/{quote(employee_id, safe='')}"
        query = (("fields", ",".join(fields)), ("onlyCurrent", "true"))
        response = self.caller.answer("GET", path, query=query, expected=(403, 404))
        if not response.ok:
            return response.status, {}
        return response.status, _object(response, f"employee {employee_id}")

    def report(self, fields: Iterable[str]) -> list[Row]:
        """Return everybody, inactive ones too, in one answer (deprecated by BambooHR, still there)."""
        body = {"title": "Rollcall", "fields": list(fields)}
        answer = self.caller.json("POST", "/reports/custom", query=(("format", "json"),), body=body)
        if not isinstance(answer, dict) or not isinstance(answer.get("employees"), list):
            raise IncompleteRead("BambooHR's report has not the form that is known; use read_everyone=each.")
        return _rows(answer["employees"])

    def directory(self) -> tuple[int, list[Row]]:
        """Return status and rows of the company directory; 403 when it is not shared, 404 when it is empty."""
        response = self.caller.answer("GET", "/employees/directory", expected=(403, 404))
        answer = _object(response, "the directory") if response.ok else {}
        return response.status, _rows(answer.get("employees"))

    def locations(self, way: str) -> tuple[int, list[tuple[str, Row]]]:
        """Return status, and name and address of every location; `way` is ``ats`` or ``hris`` (§5.2).

        A refusal (401, 403, 404) is an answer: the key may lack the rights, or the way may be closed to keys.
        """
        return self._ats_locations() if way == "ats" else self._hris_locations()

    def _ats_locations(self) -> tuple[int, list[tuple[str, Row]]]:
        response = self.caller.answer("GET", "/applicant_tracking/locations", expected=REFUSED)
        if not response.ok:
            return response.status, []
        return response.status, [(str(row.get("name") or ""), row) for row in _rows(_json(response))]

    def _hris_locations(self) -> tuple[int, list[tuple[str, Row]]]:
        found: list[tuple[str, Row]] = []
        seen: set[str] = set()
        for page in range(_MOST_LOCATION_PAGES):
            query = (("page", str(page)), ("pageSize", str(_LOCATION_PAGE)), ("expand", "state,country"))
            response = self.caller.answer("GET", "/hris/org/locations", query=query, expected=REFUSED)
            if not response.ok:
                return response.status, []
            answer = _object(response, "the locations")
            rows = _rows(answer.get("data"))
            fresh = [row for row in rows if str(row.get("id")) not in seen]
            seen.update(str(row.get("id")) for row in fresh)
            # The one that is in use counts when two have the same name.
            fresh.sort(key=lambda row: row.get("archived") is True)
            found += [(str(row.get("label") or ""), _object_or_none(row.get("address"))) for row in fresh]
            pages = (answer.get("meta") or {}).get("totalPages")
            if not fresh or not isinstance(pages, int) or page + 1 >= pages:
                return response.status, found
        raise IncompleteRead(f"BambooHR has more than {_MOST_LOCATION_PAGES} pages of locations.")


def client_of(context: SourceContext) -> BambooHRClient:
    """Return the client of a source. Raises ``SourceUnavailable`` when it has no key yet."""
    key = context.secrets.get("api_key", "")
    if not key:
        raise SourceUnavailable(f"{context.name} has no API key yet. {way_out(context)}")
    basic = base64.b64encode(f"{key}:x".encode()).decode()
    session = context.open_session(
        told.base_url(context.settings),
        headers={"Authorization": f"Basic {basic}", "Accept": "application/json"},
        secrets=(key, basic),
    )
    calls, wait = (
        told.number(context.settings[name]) or 0.0 for name in ("calls_per_second", "retry_seconds")
    )
    caller = Caller(
        "BambooHR",
        session,
        context.pause,
        Pace(calls, seconds=1.0),
        reason=reason,
        way_out=way_out(context),
        first_wait=wait,
    )
    return BambooHRClient(caller)


def way_out(context: SourceContext) -> str:
    """Return where a key is made and set."""
    return (
        "Make a key in BambooHR under your picture > API Keys, and set it with: "
        f"rollcall source set {context.name} --secret api_key=-"
    )


def reason(response: Response) -> str:
    """Return why BambooHR refused, from the header of old endpoints or the body of new ones (§5.1).

    Anything that looks like an address is left out: the sentence is kept in the history of runs.
    """
    said = next((response.headers[name] for name in _ERROR_HEADERS if response.headers.get(name)), "")
    text = " ".join((said or _reason_in(response)).split())[:200]
    if not text:
        return f"it answered with status {response.status} and no reason"
    return "it says: " + re.sub(r"\S+@\S+", "…", text).rstrip(".")


def _reason_in(response: Response) -> str:
    try:
        body = response.json()
    except OutboundError:
        return ""
    if not isinstance(body, dict):
        return ""
    error = body.get("error")
    inner = error if isinstance(error, dict) else body
    told_in = next(iter(_rows(body.get("errors"))), inner).get
    issues = told_in("issues")
    detail = f" ({'; '.join(map(str, issues))})" if isinstance(issues, list) and issues else ""
    text = next((told_in(name) for name in ("message", "detail", "title", "error") if told_in(name)), "")
    return f"{text}{detail}" if isinstance(text, str) else ""


def _json(response: Response) -> Any:
    try:
        return response.json() if response.body.strip() else None
    except OutboundError as error:
        raise IncompleteRead(f"BambooHR cannot be read: {error.message}") from error


def _object(response: Response, what: str) -> Row:
    answer = _json(response)
    if not isinstance(answer, dict):
        raise IncompleteRead(f"BambooHR's answer for {what} has not the form that is known of it.")
    return answer


def _object_or_none(value: Any) -> Row:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[Row]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def members_of(rows: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    """Yield id and members of each row; rows without an id are left out."""
    return ((str(row["id"]), row) for row in rows if row.get("id"))
