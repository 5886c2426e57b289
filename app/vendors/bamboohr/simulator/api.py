"""BambooHR's HTTP API: employees, the changed feed, reports, locations, and its quirks (vendors.md §5.1 to §5.3)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from app.simulation import as_json
from app.vendors.bamboohr.simulator.company import Company, Row
from app.vendors.bamboohr.simulator.errors import Refusal, problem
from app.vendors.bamboohr.simulator.hooks import HookApi
from app.vendors.bamboohr.simulator.shapes import DIRECTORY_FIELDS, LISTS, TABLES, ats_location, org_location
from app.vendors.bamboohr.simulator.xml import as_xml

BASE = "/api/v1"
MOST_FIELDS = 400
Persona = Callable[[str], Mapping[str, str] | None]
Handler = Callable[..., Any]


class Api:
    """Answers requests below ``/api/v1``; raises Refusal."""

    def __init__(self, company: Company, hooks: HookApi, persona: Persona) -> None:
        self._company = company
        self._persona = persona
        self._hooks = hooks
        self._shifts = 0
        self._routes: tuple[tuple[str, re.Pattern[str], Handler], ...] = tuple(
            (method, re.compile(BASE + pattern + "$"), handler)
            for method, pattern, handler in (
                ("GET", "/employees/directory", self._directory),
                ("GET", "/employees/changed", self._changed),
                ("GET", "/employees/changed/tables/([A-Za-z]+)", self._changed_table),
                ("GET", "/employees/([^/]+)/tables/([A-Za-z]+)", self._table),
                ("GET", "/employees/([^/]+)", self._employee),
                ("GET", "/employees", self._oauth_only),
                ("GET", "/meta/([a-z]+)", self._meta),
                ("POST", "/reports/custom", self._report),
                ("GET", "/applicant_tracking/locations", self._ats_locations),
                ("GET", "/hris/org/locations", self._hris_locations),
            )
        )

    def answer(self, request: Request) -> Response:
        """Answer an authenticated request; raises Refusal."""
        if request.path.startswith(BASE + "/webhooks"):
            return self._hooks.answer(request, self._granted)
        for method, pattern, handler in self._routes:
            found = pattern.match(request.path)
            if found and method == request.method:
                with self._company.lock:
                    value = handler(request, *found.groups())
                return self._shown(request, value)
        raise Refusal(404, "Not Found")

    def _shown(self, request: Request, value: Any) -> Response:
        wants_json = "json" in request.headers.get("Accept", "") or request.args.get("format") == "json"
        if wants_json:
            return as_json(value)
        word = request.path.rpartition("/")[2]
        return as_xml(value, word if word.isalpha() else "employee")

    # --- employees --------------------------------------------------------------------------------------------------

    def _directory(self, request: Request) -> Row:
        if self._persona("private-directory") is not None:
            raise Refusal(403, "The employee directory is not shared")
        only_current = request.args.get("onlyCurrent", "true") != "false"
        rows = [
            row for row in self._company.employees.values() if not only_current or row["status"] == "Active"
        ]
        if not rows:
            raise Refusal(404, "No employees found")
        names = [name for name in DIRECTORY_FIELDS if self._granted(name)]
        fields = [{"id": name, "type": "text", "name": name} for name in names if name != "id"]
        return {"fields": fields, "employees": [self._members(row, names) for row in rows]}

    def _employee(self, request: Request, employee_id: str) -> Row:
        self._shift()
        names = [name for name in request.args.get("fields", "").split(",") if name]
        if len(names) > MOST_FIELDS:
            raise Refusal(400, f"Too many fields: at most {MOST_FIELDS}")
        hidden = self._persona("hidden")
        if hidden is not None and employee_id in hidden.get("ids", employee_id).split("+"):
            raise Refusal(403, "You do not have access to this employee")
        owner = next(iter(self._company.employees), "")
        row = self._company.employees.get(owner if employee_id == "0" else employee_id)
        if row is None:
            raise Refusal(404, "Employee not found")
        return self._members(row, ["id", *names])

    def _report(self, request: Request) -> Row:
        if request.headers.get("Content-Type") != "application/json":
            raise Refusal(400, "Content-Type must be application/json")
        try:
            asked = json.loads(request.get_data())
            names = [str(name) for name in asked["fields"]]
        except (ValueError, KeyError, TypeError):
            raise Refusal(400, "Invalid report request") from None
        since = ((asked.get("filters") or {}).get("lastChanged") or {}).get("value")
        known = [name for name in names if self._granted(name) and name in _known_names(self._company)]
        rows = [row for row in self._company.employees.values() if _is_since(row["lastChanged"], since)]
        if self._persona("empty-lists") is not None:
            rows = []
        fields = [{"id": name, "type": "text", "name": name} for name in known]
        shown = [self._members(row, ["id", *known]) for row in rows]
        return {"title": str(asked.get("title", "")), "fields": fields, "employees": shown}

    def _changed(self, request: Request) -> Row:
        since, wanted = request.args.get("since", ""), request.args.get("type", "all").lower()
        moment = _moment(since)
        if moment is None:
            raise Refusal(400, "The since parameter must be an ISO 8601 date")
        rows = {
            key: {**row, "id": self._id(key)}
            for key, row in self._company.changes.items()
            if datetime.fromisoformat(row["lastChanged"]) >= moment
            and wanted in ("all", row["action"].lower())
        }
        if self._persona("empty-lists") is not None:
            rows = {}
        latest = max((row["lastChanged"] for row in rows.values()), default=moment.isoformat())
        shown: Row = {"latest": latest, "employees": rows}
        if not rows and self._persona("no-latest") is not None:
            del shown["latest"]
        if not rows and self._persona("empty-array") is not None:
            shown["employees"] = []
        return shown

    def _changed_table(self, request: Request, table: str) -> Row:
        changed = self._changed(request)["employees"] or {}
        rows = {
            key: {"lastChanged": entry["lastChanged"], "rows": self._rows_of(key, table)}
            for key, entry in changed.items()
            if key in self._company.employees
        }
        return {"table": table, "employees": rows}

    def _table(self, request: Request, employee_id: str, table: str) -> list[Row]:
        ids = list(self._company.employees) if employee_id == "all" else [employee_id]
        return [{"employeeId": each, **row} for each in ids for row in self._rows_of(each, table)]

    def _rows_of(self, employee_id: str, table: str) -> list[Row]:
        row = self._company.employees.get(employee_id)
        if row is None or table not in TABLES:
            raise Refusal(404, "Not found")
        return [
            {
                "id": "1",
                "date": row["hireDate"],
                **{shown: row[name] for shown, name in TABLES[table].items()},
            }
        ]

    def _oauth_only(self, request: Request) -> Row:
        raise problem(403, "Forbidden", "This endpoint takes OAuth tokens only")

    # --- what there is ----------------------------------------------------------------------------------------------

    def _meta(self, request: Request, what: str) -> Any:
        if what == "fields":
            names = [name for name in _known_names(self._company) if self._granted(name)]
            return [
                {"id": number, "name": name, "type": "text", "alias": name, "deprecated": False}
                for number, name in enumerate(names, 1)
            ]
        if what == "lists":
            return [self._list(number, alias) for number, alias in enumerate(LISTS, 17)]
        if what == "tables":
            return [{"alias": name, "fields": [{"alias": each} for each in TABLES[name]]} for name in TABLES]
        if what == "users":
            rows = self._company.employees.values()
            return {
                row["id"]: {"id": row["id"], "email": row["workEmail"], "status": "enabled"} for row in rows
            }
        raise Refusal(404, "Not found")

    def _list(self, number: int, alias: str) -> Row:
        values = sorted({row[alias] for row in self._company.employees.values() if row[alias]})
        options = [
            {"id": each, "name": value, "archived": "no", "archivedDate": None}
            for each, value in enumerate(values, 1)
        ]
        return {
            "fieldId": str(number),
            "name": LISTS[alias],
            "alias": alias,
            "manageable": "yes",
            "options": options,
        }

    def _ats_locations(self, request: Request) -> list[Row]:
        if self._persona("no-ats") is not None:
            raise Refusal(403, "You do not have access to applicant tracking")
        if self._persona("empty-lists") is not None:
            return []
        return [ats_location(row) for row in self._company.locations.values() if not row["archived"]]

    def _hris_locations(self, request: Request) -> Row:
        if self._persona("hris-with-key") is None:
            raise problem(403, "Forbidden", "The scope field is missing")
        rows = [] if self._persona("empty-lists") is not None else list(self._company.locations.values())
        small = self._persona("small-pages")
        size = int(request.args.get("pageSize", 500)) if small is None else int(small.get("size", 2))
        is_looping = self._persona("page-loop") is not None
        page = 0 if is_looping else int(request.args.get("page", 0))
        pages = 1_000_000 if is_looping else -(-len(rows) // size)
        data = [org_location(row) for row in rows[page * size : (page + 1) * size]]
        meta = {"page": page, "pageSize": size, "totalPages": pages, "totalItems": len(rows)}
        return {"data": data, "meta": meta, "_links": {}}

    # --- habits -----------------------------------------------------------------------------------------------------

    def _granted(self, name: str) -> bool:
        return name not in (self._persona("no-permission") or {}).get("fields", "").split("+")

    def _id(self, employee_id: str) -> Any:
        return int(employee_id) if self._persona("number-ids") is not None else employee_id

    def _members(self, row: Row, names: Iterable[str]) -> Row:
        """Return these members of an employee; what the key may not see, or nobody knows, is left out."""
        members = {name: row[name] for name in names if name in row and self._granted(name)}
        members["id"] = self._id(row["id"])
        status = self._persona("new-status")
        if status is not None and "status" in members:
            members["status"] = status.get("value", "On Leave")
        missing, null, extra = (
            self._persona(each) for each in ("missing-member", "null-member", "extra-member")
        )
        if missing is not None:
            members.pop(missing.get("name", ""), None)
        if null is not None and null.get("name", "") in members:
            members[null["name"]] = None
        return members if extra is None else {**members, extra.get("name", "newField"): "new"}

    def _shift(self) -> None:
        changing = self._persona("changing")
        if changing is not None and self._shifts < int(changing.get("count", 3)):
            ids = list(self._company.employees)
            self._shifts += 1
            self._company.change(ids[-self._shifts % len(ids)], {"jobTitle": f"Moved {self._shifts}"})


def _known_names(company: Company) -> list[str]:
    return list(dict.fromkeys(name for row in company.employees.values() for name in row))


def _is_since(changed_at: str, since: str | None) -> bool:
    moment = _moment(since or "")
    return moment is None or datetime.fromisoformat(changed_at) >= moment


def _moment(text: str) -> datetime | None:
    """Return the instant of an ISO time with an offset; a ``+`` that was sent unencoded came as a space."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
