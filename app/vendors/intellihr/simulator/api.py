"""intelliHR's HTTP API v1: envelopes, pages, filters and webhooks (vendors.md §4.1, §4.2, §4.4)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from app.simulation import as_json
from app.vendors.intellihr.simulator.company import CUSTOM_FIELDS, Company
from app.vendors.intellihr.simulator.errors import Refusal
from app.vendors.intellihr.simulator.filters import filtered, number_in
from app.vendors.intellihr.simulator.hooks import EVENTS, Hooks
from app.vendors.intellihr.simulator.rows import LINK, Row

BASE = "/v1"
LARGEST_PAGE, USUAL_PAGE = 100, 20
PERSONAS: dict[str, str] = {
    "wrong-tenant": "answers `status` (403) to a key with another tenant; what intelliHR answers is not known",
    "page-cap": "puts at most `size` (10) records on a page, whatever the limit",
    "no-totals": "leaves `pagination` out of the answers",
    "more-counted": "counts `count` (1) more people than it ever shows",
    "losing-rows": "deletes the oldest person before each further page of people, at most `count` (1) times",
    "shifting-rows": "lists people newest first, adds one before each further page, at most `count` (3) times",
    "duplicate-rows": "starts each further page with the last row of the page before",
    "page-loop": "answers the first page for every page number",
    "empty-lists": "answers every list as if there were nothing, or only that of `of` (people, jobs)",
    "missing-member": "leaves the member `name` out of every person and job",
    "null-member": "answers null for the member `name` of every person and job",
    "extra-member": "adds the member `name` (newMember) to every person and job",
    "event-objects": "lists webhook events as objects with a slug instead of as text",
    "quiet-hooks": "calls no webhook by itself when something changes",
    "duplicate-hooks": "calls each webhook `times` (2) times",
    "false-links": "puts links to `host` (http://127.0.0.1:9) into the bodies of webhooks",
}
#: Members of jobs that are lookups of their own.
_LOOKUPS = {
    "locations": "location",
    "business-units": "businessUnit",
    "business-entities": "businessEntity",
    "position-titles": "positionTitle",
    "pay-grades": "payGrade",
    "employment-conditions": "employmentCondition",
}
Persona = Callable[[str], Mapping[str, str] | None]


class Api:
    """Answers requests below ``/v1`` from a company's tables; raises Refusal."""

    def __init__(self, company: Company, hooks: Hooks, persona: Persona) -> None:
        self._company = company
        self._hooks = hooks
        self._persona = persona
        self._shifts = 0

    def answer(self, request: Request) -> Response:
        """Answer an authenticated request; raises Refusal."""
        words = [unquote(word) for word in request.path.split("/") if word][1:]
        if words[:1] == ["webhooks"]:
            return self._webhooks(request, words[1:])
        if request.method != "GET":
            raise Refusal(405, "Method Not Allowed")
        with self._company.lock:
            return self._read(request, words)

    def _read(self, request: Request, words: list[str]) -> Response:
        match words:
            case ["people" | "jobs" as table]:
                return self._listed(request, table)
            case ["people" | "jobs" as table, row_id]:
                return self._single(self._drifted(self._shown(table, self._row(table, row_id))))
            case ["jobs", job_id, "timeline"]:
                return self._page(request, self._row("jobs", job_id)["_timeline"])
            case ["webhook-events"]:
                as_objects = self._persona("event-objects") is not None
                return as_json({"data": [{"slug": event} if as_objects else event for event in EVENTS]})
            case ["custom-field-definitions"]:
                return self._page(request, list(CUSTOM_FIELDS))
            case [name] if name in _LOOKUPS:
                found = {
                    row[_LOOKUPS[name]]["id"]: row[_LOOKUPS[name]] for row in self._company.jobs.values()
                }
                return self._page(request, list(found.values()))
        raise Refusal(404, "Not Found")

    def _row(self, table: str, row_id: str) -> Row:
        row: Row | None = getattr(self._company, table).get(row_id)
        if row is None:
            raise Refusal(404, f"{table} {row_id} not found")
        return row

    def _shown(self, table: str, row: Row) -> Row:
        return self._company.shown_person(row) if table == "people" else self._company.shown_job(row)

    def _listed(self, request: Request, table: str) -> Response:
        query = request.args
        if query.get("sort", "createdAt") not in ("createdAt", "-createdAt"):
            raise Refusal(400, "The given data was invalid", "sort must be createdAt or -createdAt")
        self._shift(table, number_in(query, "page", 1, None))
        rows = filtered(self._company, table, query)
        is_shifting = table == "people" and self._persona("shifting-rows") is not None
        if query.get("sort") == "-createdAt" or is_shifting:
            rows.reverse()
        return self._page(request, rows, lambda row: self._drifted(self._shown(table, row)), table)

    def _shift(self, table: str, page: int) -> None:
        for name, at_most in (("losing-rows", 1), ("shifting-rows", 3)):
            persona = self._persona(name)
            if persona is None or table != "people" or page < 2:
                continue
            if self._shifts < int(persona.get("count", at_most)):
                self._shifts += 1
                if name == "shifting-rows":
                    self._company.add()
                else:
                    self._company.remove(next(iter(self._company.people)))

    def _page(
        self,
        request: Request,
        rows: list[Row],
        shown: Callable[[Row], Row] = lambda row: row,
        table: str = "",
    ) -> Response:
        limit = number_in(request.args, "limit", USUAL_PAGE, LARGEST_PAGE)
        page = number_in(request.args, "page", 1, None)
        cap = self._persona("page-cap")
        size = limit if cap is None else min(limit, int(cap.get("size", 10)))
        empty = self._persona("empty-lists")
        if empty is not None and empty.get("of", table) == table:
            rows = []
        asked = 1 if self._persona("page-loop") is not None else page
        step = max(size - 1, 1) if self._persona("duplicate-rows") is not None else size
        window = [shown(row) for row in rows[(asked - 1) * step : (asked - 1) * step + size]]
        more = self._persona("more-counted")
        total = len(rows) + (int(more.get("count", 1)) if more is not None and table == "people" else 0)
        pages = max(1, -(-total // step))
        pagination = {
            "total": total,
            "count": len(window),
            "per_page": size,
            "current_page": page,
            "total_pages": pages,
        }
        meta = {"requestId": "simulated"} | (
            {} if self._persona("no-totals") is not None else {"pagination": pagination}
        )
        return as_json({"data": window, "meta": meta, "links": _links(request.path, page, pages)})

    def _single(self, row: Row) -> Response:
        return as_json({"data": row, "meta": {"requestId": "simulated"}})

    def _drifted(self, row: Row) -> Row:
        missing, null, extra = (self._persona(f"{word}-member") for word in ("missing", "null", "extra"))
        drifted = {
            name: value for name, value in row.items() if missing is None or name != missing.get("name")
        }
        if null is not None and null.get("name") in drifted:
            drifted[null["name"]] = None
        return drifted if extra is None else {**drifted, extra.get("name", "newMember"): "new"}

    def _webhooks(self, request: Request, words: list[str]) -> Response:
        match request.method, words:
            case "GET", []:
                return self._page(request, list(self._hooks.rows.values()))
            case "POST", []:
                return as_json({"data": self._hooks.create(_body(request))}, 201)
            case "GET", [hook_id]:
                return self._single(self._hooks.one(hook_id))
            case "PATCH", [hook_id]:
                return self._single(self._hooks.change(hook_id, _body(request)))
            case "DELETE", [hook_id]:
                self._hooks.remove(hook_id)
                return Response(b"", 204)
        raise Refusal(405, "Method Not Allowed")


def _links(path: str, page: int, pages: int) -> dict[str, str | None]:
    def at(number: int) -> str | None:
        return f"{LINK}{path.removeprefix(BASE)}?page={number}" if 1 <= number <= pages else None

    return {"self": at(page), "first": at(1), "prev": at(page - 1), "next": at(page + 1), "last": at(pages)}


def _body(request: Request) -> Any:
    try:
        return json.loads(request.get_data())
    except ValueError:
        raise Refusal(400, "The body is no JSON") from None
