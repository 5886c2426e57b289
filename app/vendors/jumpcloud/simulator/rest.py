"""JumpCloud's REST v1 for systemusers (vendors.md §6.1, §6.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from app.simulation import as_json
from app.simulation.scim_provider import Persona
from app.vendors.jumpcloud.simulator.errors import Refusal
from app.vendors.jumpcloud.simulator.search import Record, arranged, by_body, by_query, selected
from app.vendors.jumpcloud.simulator.systemusers import ORGANIZATION, SystemUsers

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
_OBJECT_ID = re.compile(r"[0-9a-f]{24}")


class RestV1:
    """Answers requests below ``/api``; follows the personas no-uniqueness, ignore-writes and ignore-active."""

    def __init__(self, users: SystemUsers, key: str, persona: Persona) -> None:
        self._users = users
        self._key = key
        self._persona = persona

    def answer(self, request: Request) -> Response:
        """Answer one request; raises Refusal."""
        if request.headers.get("x-api-key") != self._key:
            raise Refusal(401, "Unauthorized")
        _check_organization(request.headers.get("x-org-id"))
        words = [word for word in request.path.split("/") if word][1:]
        shape = tuple(
            "*" if position == 1 and words[0] == "systemusers" else word
            for position, word in enumerate(words)
        )
        route = _ROUTES.get((request.method, shape))
        if route is None:
            raise Refusal(404, "Not Found")
        return as_json(route(self, request, *(words[1:2] if "*" in shape else ())))

    def _list(self, request: Request) -> dict[str, Any]:
        found = by_query(self._users, request.args.getlist("filter"), request.args.get("search"))
        asked = {name: request.args.get(name) for name in ("limit", "skip", "sort", "fields")}
        return _page(found, asked)

    def _search(self, request: Request) -> dict[str, Any]:
        body = _body(request)
        asked = {name: body.get(name, request.args.get(name)) for name in ("limit", "skip", "sort", "fields")}
        return _page(by_body(self._users, body), asked)

    def _create(self, request: Request) -> Record:
        return self._users.create(_body(request), unique=self._unique())

    def _read(self, request: Request, user_id: str) -> Record:
        record = self._users.get(user_id)
        if record is None:
            raise Refusal(404, "Not Found")
        return selected(record, request.args.get("fields"))

    def _change(self, request: Request, user_id: str) -> Record:
        body = _body(request)
        if self._persona("ignore-writes") is not None:
            body = {}
        if self._persona("ignore-active") is not None:
            body = {name: value for name, value in body.items() if name not in ("state", "suspended")}
        return self._users.change(user_id, body, unique=self._unique())

    def _delete(self, request: Request, user_id: str) -> Record:
        return self._users.remove(user_id)

    def _unique(self) -> bool:
        return self._persona("no-uniqueness") is None

    def _activate(self, request: Request, user_id: str) -> dict[str, Any]:
        self._users.activate(user_id)
        return {}


def _check_organization(organization: str | None) -> None:
    if organization is None:
        return
    if not _OBJECT_ID.fullmatch(organization):
        raise Refusal(400, "Bad Request: x-org-id is malformed")
    if organization != ORGANIZATION:
        raise Refusal(404, "Not Found: no such organization")


def _body(request: Request) -> dict[str, Any]:
    text = request.get_data()
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        raise Refusal(400, "Bad Request: the body is not JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, "Bad Request: the body is not an object")
    return body


def _page(found: list[Record], asked: dict[str, Any]) -> dict[str, Any]:
    limit = _whole(asked["limit"], DEFAULT_LIMIT, "limit")
    skip = _whole(asked["skip"], 0, "skip")
    if limit > MAX_LIMIT:
        raise Refusal(400, f'Bad Request: request parameter "limit" exceeds maximum value of {MAX_LIMIT}')
    shown = arranged(found, asked["sort"])[skip : skip + limit]
    return {"results": [selected(record, asked["fields"]) for record in shown], "totalCount": len(found)}


def _whole(value: Any, default: int, name: str) -> int:
    if value is None:
        return default
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if number < 0:
        raise Refusal(400, f'Bad Request: request parameter "{name}" must be a non-negative integer')
    return number


_ROUTES: dict[tuple[str, tuple[str, ...]], Callable[..., Any]] = {
    ("GET", ("systemusers",)): RestV1._list,
    ("POST", ("systemusers",)): RestV1._create,
    ("POST", ("search", "systemusers")): RestV1._search,
    ("GET", ("systemusers", "*")): RestV1._read,
    ("PUT", ("systemusers", "*")): RestV1._change,
    ("DELETE", ("systemusers", "*")): RestV1._delete,
    ("POST", ("systemusers", "*", "state", "activate")): RestV1._activate,
}
