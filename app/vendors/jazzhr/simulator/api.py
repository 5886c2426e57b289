"""JazzHR's HTTP API v1: filters and pages in the path, the key in the query, and its quirks (vendors.md §1.1, §1.5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from app.simulation import as_json
from app.vendors.jazzhr.simulator.company import Company, Row
from app.vendors.jazzhr.simulator.errors import Refusal
from app.vendors.jazzhr.simulator.rows import RESOURCES, Resource

BASE = "/v1"
PAGE_SIZE = 100
PERSONAS: dict[str, str] = {
    "limit": "allows `per_minute` (80) calls a minute, then 429; with `retry_after` the answer says so",
    "no-limit": "allows any number of calls",
    "duplicate-rows": "starts each further page with the last row of the page before",
    "shifting-rows": "lists hires newest first, hires somebody before each further page, at most `count` (3) times",
    "losing-rows": "takes the first hire back before each further page of hires, at most `count` (1) times",
    "page-loop": "answers the first page for every page number",
    "empty-lists": "answers every list as if it were empty",
    "empty-as": "shows an empty list as `text` ([] or null) instead of an empty body",
    "plain-lists": "shows lists of one as lists",
    "missing-member": "leaves the member `name` out of every record",
    "null-member": "answers null for the member `name` of every record",
    "extra-member": "adds the member `name` (new_field) to every record",
    "bad-signatures": "signs candidate exports with another key",
    "duplicate-exports": "sends each candidate export `times` (2) times",
    "sparse-exports": "exports null for address, phone and profiles' education",
}
Persona = Callable[[str], Mapping[str, str] | None]


class Api:
    """Answers requests below ``/v1`` from a company's tables; raises Refusal."""

    def __init__(self, company: Company, persona: Persona) -> None:
        self._company = company
        self._persona = persona
        self._shifts = 0

    def answer(self, request: Request) -> Response:
        """Answer an authenticated request; raises Refusal."""
        raw = request.environ.get("RAW_URI", request.path).partition("?")[0]
        words = [unquote(word) for word in raw.split("/") if word][1:]
        resource = RESOURCES.get(words[0]) if words else None
        if resource is None:
            raise Refusal(404, "Not Found")
        if request.method == "POST" and words == ["applicants"]:
            return as_json({"prospect_id": self._applied(request)})
        if request.method != "GET":
            raise Refusal(405, "Method Not Allowed")
        if len(words) == 2:
            return as_json(self._quirked(self._record(resource, words[1])))
        return self._list(words[0], resource, dict(zip(words[1::2], words[2::2], strict=False)))

    def _record(self, resource: Resource, row_id: str) -> Row:
        with self._company.lock:
            row = getattr(self._company, resource.table).get(row_id)
            if row is None or resource.record is None:
                raise Refusal(404, "Not Found")
            return resource.record(self._company, row)

    def _list(self, name: str, resource: Resource, wanted: dict[str, str]) -> Response:
        page = self._page_number(wanted.pop("page", "1"))
        with self._company.lock:
            if name == "hires" and page > 1:
                self._shift()
            rows = resource.rows(self._company, wanted)
            if name == "hires" and self._persona("shifting-rows") is not None:
                rows.reverse()
            shown = [resource.row(self._company, row) for row in self._window(rows, page)]
        return self._listed([self._drifted(row) for row in shown])

    def _page_number(self, text: str) -> int:
        if self._persona("page-loop") is not None:
            return 1
        return max(1, int(text)) if text.isdigit() else 1

    def _window(self, rows: list[Row], page: int) -> list[Row]:
        if self._persona("empty-lists") is not None:
            return []
        step = PAGE_SIZE - 1 if self._persona("duplicate-rows") is not None else PAGE_SIZE
        return rows[(page - 1) * step : (page - 1) * step + PAGE_SIZE]

    def _shift(self) -> None:
        for name, at_most in (("shifting-rows", 3), ("losing-rows", 1)):
            persona = self._persona(name)
            if persona is not None and self._shifts < int(persona.get("count", at_most)):
                self._shifts += 1
                if name == "shifting-rows":
                    self._company.hire()
                else:
                    self._company.withdraw(next(iter(self._company.hires)))

    def _listed(self, rows: list[Row]) -> Response:
        if not rows:
            persona = self._persona("empty-as")
            text = "" if persona is None else persona.get("text", "[]")
            return Response(text, 200, content_type="application/json")
        return as_json(self._quirked(rows))

    def _quirked(self, value: Any) -> Any:
        """Return the value with every list of one as a bare object (pitfall 1)."""
        if isinstance(value, list):
            alone = len(value) == 1 and self._persona("plain-lists") is None
            return self._quirked(value[0]) if alone else [self._quirked(each) for each in value]
        if isinstance(value, dict):
            return {name: self._quirked(member) for name, member in self._drifted(value).items()}
        return value

    def _drifted(self, row: Row) -> Row:
        missing, null, extra = (
            self._persona(name) for name in ("missing-member", "null-member", "extra-member")
        )
        drifted = {
            name: value for name, value in row.items() if missing is None or name != missing.get("name")
        }
        if null is not None and null.get("name") in drifted:
            drifted[null["name"]] = None
        return drifted if extra is None else {**drifted, extra.get("name", "new_field"): "new"}

    def _applied(self, request: Request) -> str:
        """Return the id of a new applicant; the shape of this call is a guess (vendors.md §1.2)."""
        try:
            body = json.loads(request.get_data())
            members = {key: str(value) for key, value in body.items() if key not in ("apikey", "job")}
        except (ValueError, AttributeError):
            raise Refusal(400, "Bad Request") from None
        return str(self._company.apply(members, body.get("job"))["id"])
