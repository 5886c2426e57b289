"""iCIMS's HTTP API below ``/customers/{id}``: searches, profiles, schemas (vendors.md §2.2–2.4)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from app.simulation import as_json
from app.vendors.icims.simulator import profiles, search
from app.vendors.icims.simulator.company import Company, Row
from app.vendors.icims.simulator.errors import Refusal, not_found
from app.vendors.icims.simulator.schemas import schema

PERSONAS: dict[str, str] = {
    "text-ids": "writes the ids of search results as text",
    "search-cap": "finds at most `size` (1000) profiles in one search",
    "stale-search": "searches know nothing of the last `minutes` (15), unless they are asked with staleness=0",
    "same-page": "ignores person.id > N: every search begins with the first person",
    "empty-lists": "finds nobody in any search",
    "no-results-member": "answers searches with {} instead of an empty list",
    "descending": "lists search results from the highest id down",
    "hide": "does not show the fields `names` (a+b) of profiles and schemas, as a lost right does",
    "deny": "answers 403 for `kinds` (people+jobs+applicantworkflows+schema)",
    "missing-member": "leaves the member `name` out of every profile",
    "null-member": "answers null for the member `name` of every profile",
    "extra-member": "adds the member `name` (newfield) to every profile and search result",
    "warn-field": "cannot set the fields `names` (a+b): a PATCH succeeds with a warning for each",
    "schema-titles": "schemas say what the customer calls its own fields",
    "losing-people": "deletes the last person of a search before their profile can be read, `count` (1) times",
}
Persona = Callable[[str], Mapping[str, str] | None]
_TABLES = {"people": "people", "jobs": "jobs", "applicantworkflows": "workflows"}
_NAMES = {"people": "Person", "jobs": "Job", "applicantworkflows": "Workflow"}


class Api:
    """Answers requests of one customer from a company's tables; raises Refusal."""

    def __init__(self, company: Company, persona: Persona) -> None:
        self._company = company
        self._persona = persona
        self._lost = 0

    def answer(self, request: Request, words: list[str]) -> Response:
        """Answer an authenticated request; `words` are the path's behind the customer id. Raises Refusal."""
        match words:
            case ["search", kind] if kind in search.FILTERS:
                return self._search(request, kind)
            case ["search", "filtersSchema" | "resultsSchema"]:
                return as_json({"type": "object", "properties": {}, "required": ["filters"]})
            case ["profiledefinitions", "v1", kind, "schema"]:
                return self._schema(kind)
            case ["profiledefinitions", "v1", kind, field, "schema"]:
                return self._schema(kind, field)
            case [kind] if kind in _TABLES and request.method == "POST":
                return self._create(request, kind)
            case [kind, number] if kind in _TABLES:
                return self._profile(request, kind, number)
            case ["people", number, "fields", "addresses", *rest]:
                return self._address(request, number, rest[0] if rest else "")
        raise Refusal(404, "Not found.", 2)

    # --- searches and schemas

    def _search(self, request: Request, kind: str) -> Response:
        self._allow(kind)
        if request.method == "GET":
            asked = search.query_of(request.args.get("searchJson", "").encode())
        else:
            asked = search.query_of(request.get_data())
        if self._persona("same-page") is not None:
            asked = _without_id_filter(asked)
        cap = int((self._persona("search-cap") or {}).get("size", search.CAP))
        ids = search.find(self._company, kind, asked, cap=cap, behind=self._behind(request))
        if self._persona("empty-lists") is not None:
            ids = []
        self._lose(kind, ids)
        if not ids and self._persona("no-results-member") is not None:
            return as_json({})
        if self._persona("descending") is not None:
            ids.reverse()
        root = _root(request)
        return as_json({"searchResults": [self._result(kind, number, root) for number in ids]})

    def _behind(self, request: Request) -> timedelta | None:
        stale = self._persona("stale-search")
        if stale is None or request.args.get("staleness") == "0":
            return None
        return timedelta(minutes=float(stale.get("minutes", 15)))

    def _result(self, kind: str, number: int, root: str) -> Row:
        row: Row = {"id": str(number) if self._persona("text-ids") is not None else number}
        row["self"] = f"{root}/{kind}/{number}"
        extra = self._persona("extra-member")
        return row if extra is None else {**row, extra.get("name", "newfield"): "new"}

    def _lose(self, kind: str, ids: list[int]) -> None:
        losing = self._persona("losing-people")
        if kind == "people" and losing is not None and ids and self._lost < int(losing.get("count", 1)):
            self._lost += 1
            self._company.remove_person(ids[-1])

    def _schema(self, kind: str, field: str | None = None) -> Response:
        self._allow("schema")
        try:
            told = schema(kind, self._hidden(), titled=self._persona("schema-titles") is not None)
        except KeyError:
            raise Refusal(404, "Profile type not found.", 2) from None
        if field is not None:
            if field not in told["properties"]:
                raise not_found("Field")
            told["properties"] = {field: told["properties"][field]}
        return as_json(told)

    # --- profiles

    def _profile(self, request: Request, kind: str, text: str) -> Response:
        self._allow(kind)
        table = getattr(self._company, _TABLES[kind])
        row = table.get(int(text)) if text.isdigit() else None
        if row is None:
            raise not_found(_NAMES[kind])
        if request.method == "PATCH":
            return self._patch(request, kind, row)
        if request.method != "GET":
            raise Refusal(405, "Method not allowed.", 0)
        fields = [name for name in request.args.get("fields", "").split(",") if name]
        with self._company.lock:
            return as_json(self._drifted(profiles.shown(row, kind, fields, _root(request))))

    def _patch(self, request: Request, kind: str, row: Row) -> Response:
        asked = _body(request)
        if kind == "applicantworkflows":
            self._company.set_status(row["_id"], str((asked.get("status") or {}).get("id", "")))
            return Response(status=204)
        if kind != "people":
            raise Refusal(405, "Method not allowed.", 0)
        refused = _names(self._persona("warn-field"))
        warnings = profiles.merge(self._company, row["_id"], asked, refused | self._hidden())
        if not warnings:
            return Response(status=204)
        response = as_json({"warnings": [{k: v for k, v in one.items() if k != "field"} for one in warnings]})
        for one in warnings:
            response.headers.add("X-Warning", f"4:{one['field']}:{one['errorMessage']}")
        return response

    def _create(self, request: Request, kind: str) -> Response:
        self._allow(kind)
        asked = _body(request)
        if kind == "people":
            row = self._company.add_person(
                {**asked, "folder": (asked.get("folder") or {}).get("id", "C10001")}
            )
        elif kind == "applicantworkflows":
            ids = [str(asked.get(name)).rpartition("/")[2] for name in ("associatedprofile", "baseprofile")]
            row = self._company.apply(int(ids[0]), int(ids[1]))
        else:
            row = self._company.add_job(asked)
        return Response(status=201, headers={"Location": f"{_root(request)}/{kind}/{row['_id']}"})

    def _address(self, request: Request, text: str, entry: str) -> Response:
        self._allow("people")
        number = int(text) if text.isdigit() else 0
        if not entry and request.method == "GET":
            return as_json({"addresses": profiles.addresses(self._company, number)})
        asked = _body(request) if request.method in ("POST", "PATCH") else {}
        row = profiles.write_address(self._company, number, entry, request.method, asked)
        return as_json(row, 201 if request.method == "POST" else 200)

    # --- habits

    def _allow(self, kind: str) -> None:
        if kind in _names(self._persona("deny"), "kinds"):
            raise Refusal(403, "The user is not Authorized to access Web Services.", 0)

    def _hidden(self) -> frozenset[str]:
        return _names(self._persona("hide"))

    def _drifted(self, row: Row) -> Row:
        missing, null, extra = (
            self._persona(name) for name in ("missing-member", "null-member", "extra-member")
        )
        hidden = self._hidden() | ({missing["name"]} if missing and "name" in missing else set())
        drifted = {name: value for name, value in row.items() if name not in hidden}
        if null is not None and null.get("name") in drifted:
            drifted[null["name"]] = None
        return (
            drifted if extra is None else {**drifted, extra.get("name", "newfield"): {"id": "D1", "x": [1]}}
        )


def _names(persona: Mapping[str, str] | None, member: str = "names") -> frozenset[str]:
    return frozenset((persona or {}).get(member, "").split("+")) - {""}


def _body(request: Request) -> dict[str, Any]:
    try:
        asked = json.loads(request.get_data() or b"{}")
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise Refusal(400, "The body could not be parsed.", 1)
    return asked


def _without_id_filter(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **asked,
        "filters": [
            {**one, "value": ["0"]} if one.get("name") == "person.id" else one
            for one in asked.get("filters", [])
        ],
    }


def _root(request: Request) -> str:
    return request.host_url.rstrip("/") + "/" + "/".join(request.path.split("/")[1:3])
