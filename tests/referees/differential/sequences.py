"""Random sequences of requests: a few resources are made, changed, read, searched and deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.referees.differential import values as v
from tests.referees.differential.chance import Chance, Make
from tests.referees.differential.exchange import Step
from tests.referees.differential.patches import patches
from tests.referees.differential.queries import Query, projections, searches

SEARCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
BULK_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_NUMBERS = frozenset({"startIndex", "count"})
_ORDER = _NUMBERS | {"sortBy", "sortOrder"}


@dataclass(frozen=True)
class _Kind:
    endpoint: str
    names: tuple[str, ...]
    body: Make
    patch: Make

    @property
    def is_users(self) -> bool:
        return self.endpoint == "/Users"


_USERS = _Kind("/Users", v.USERS, v.users, partial(patches, of_users=True))
_GROUPS = _Kind("/Groups", v.GROUPS, v.groups, partial(patches, of_users=False))


@dataclass
class _Draft:
    """A sequence while it is made: its steps, and which names they gave away."""

    chance: Chance
    steps: list[Step] = field(default_factory=list)
    given: dict[str, list[str]] = field(default_factory=dict)

    def fresh(self, kind: _Kind) -> str:
        """Return a new name for a resource."""
        given = self.given.setdefault(kind.endpoint, [])
        given.append(f"{kind.names[0][0]}{len(given) + 1}")
        return given[-1]

    def any_of(self, kind: _Kind) -> str:
        """Return a name, mostly of a resource that a step was to make."""
        given = self.given.get(kind.endpoint)
        return self.chance.choice(kind.names if not given or self.chance.one_in(12) else given)

    def conditions(self, name: str, *headers: str) -> Query:
        """Return conditional headers, mostly none."""
        if not self.chance.one_in(6):
            return ()
        tag = self.chance.choice([f"{{version:{name}}}", f"{{first:{name}}}", "*", 'W/"other"'])
        return ((self.chance.choice(headers), tag),)

    def write(
        self, method: str, path: str, body: Any, name: str, headers: Query = (), *, creates: bool
    ) -> None:
        """Add a write; one that asks for a part of the resource is followed by a read of the whole."""
        query = projections(self.chance) if self.chance.one_in(8) else ()
        self.steps.append(Step(method, path, body, query, headers, name if creates else None))
        if query:
            self.steps.append(Step("GET", f"{path}/{{{name}}}" if creates else path))


def _create(draft: _Draft, kind: _Kind) -> None:
    draft.write("POST", kind.endpoint, kind.body(draft.chance), draft.fresh(kind), creates=True)


def _change(method: str, draft: _Draft, kind: _Kind) -> None:
    name = draft.any_of(kind)
    body = kind.patch(draft.chance) if method == "PATCH" else kind.body(draft.chance)
    headers = draft.conditions(name, "If-Match", "If-None-Match")
    draft.write(method, f"{kind.endpoint}/{{{name}}}", body, name, headers, creates=False)


def _read(draft: _Draft, kind: _Kind) -> None:
    name = draft.any_of(kind)
    query = projections(draft.chance) if draft.chance.one_in(2) else ()
    headers = draft.conditions(name, "If-None-Match")
    draft.steps.append(Step("GET", f"{kind.endpoint}/{{{name}}}", query=query, headers=headers))


def _delete(draft: _Draft, kind: _Kind) -> None:
    name = draft.any_of(kind)
    headers = draft.conditions(name, "If-Match", "If-None-Match")
    draft.steps.append(Step("DELETE", f"{kind.endpoint}/{{{name}}}", headers=headers))


def _search(draft: _Draft, kind: _Kind) -> None:
    query = searches(draft.chance, of_users=kind.is_users)
    if any(step.path == "/Bulk" for step in draft.steps):
        # In which order a bulk request makes its resources is the server's choice, and so is the order of lists then.
        query = tuple(item for item in query if item[0] not in _ORDER)
    if not draft.chance.one_in(3):
        draft.steps.append(Step("GET", kind.endpoint, query=query))
        return
    path = "/.search" if draft.chance.one_in(3) else f"{kind.endpoint}/.search"
    draft.steps.append(Step("POST", path, _search_body(query)))


def _bulk(draft: _Draft, kind: _Kind) -> None:
    """Add a bulk request: its resources refer to later and earlier ones, in no circle (RFC 7644 §3.7)."""
    chance = draft.chance
    kinds = [chance.choice([_USERS, _GROUPS]) for _ in range(chance.randint(1, 3))]
    names = [draft.fresh(each) for each in kinds]
    operations = [
        {
            "method": "POST",
            "path": each.endpoint,
            "bulkId": name,
            "data": _referring(each.body(chance), name, names, chance),
        }
        for each, name in zip(kinds, names, strict=True)
    ]
    if chance.one_in(2):
        operations.append(_bulk_change(draft, kind))
    body: dict[str, Any] = {"schemas": [BULK_SCHEMA], "Operations": operations}
    if chance.one_in(3):
        body["failOnErrors"] = chance.randint(1, 2)
    draft.steps += [Step("POST", "/Bulk", body), Step("GET", "/Users"), Step("GET", "/Groups")]


def _referring(body: dict[str, Any], own: str, names: list[str], chance: Chance) -> dict[str, Any]:
    """Return a body, members of a group mostly replaced by people of the request and groups before it."""
    known = [name for name in names if name[0] == "u" or names.index(name) < names.index(own)]
    if isinstance(body.get("members"), list) and not chance.one_in(3):
        unknown = ["u99"] if chance.one_in(6) else []
        body["members"] = [{"value": f"bulkId:{name}"} for name in (*chance.some(known, 0, 2), *unknown)]
    return body


def _bulk_change(draft: _Draft, kind: _Kind) -> dict[str, Any]:
    method = draft.chance.choice(["PUT", "PATCH", "DELETE"])
    path = f"{kind.endpoint}/{{{draft.any_of(kind)}}}"
    if method == "DELETE":
        return {"method": method, "path": path}
    return {
        "method": method,
        "path": path,
        "data": kind.patch(draft.chance) if method == "PATCH" else kind.body(draft.chance),
    }


#: Methods where they do not belong, endpoints that are none, bodies that are not JSON.
_ASTRAY = [
    Step("PUT", "/Users", {}),
    Step("PATCH", "/Users", {}),
    Step("DELETE", "/Users"),
    Step("POST", "/Users/{u1}", {}),
    Step("GET", "/Nowhere"),
    Step("POST", "/Nowhere", {}),
    Step("GET", "/Users/{u1}/name"),
    Step("DELETE", "/Schemas"),
    Step("POST", "/ResourceTypes", {}),
    Step("PUT", "/ServiceProviderConfig", {}),
    Step("GET", "/Schemas", query=(("filter", 'id eq "x"'),)),
    Step("GET", "/ResourceTypes", query=(("filter", 'id eq "x"'),)),
    Step("GET", "/ServiceProviderConfig", query=(("filter", 'id eq "x"'),)),
    Step("GET", "/Schemas/urn:example:none"),
    Step("GET", "/ResourceTypes/None"),
    Step("GET", "/Me"),
    *(
        Step(method, path, raw=text)
        for method, path in (
            ("POST", "/Users"),
            ("PUT", "/Users/{u1}"),
            ("PATCH", "/Users/{u1}"),
            ("POST", "/Users/.search"),
        )
        for text in (
            "{",
            "",
            "[]",
            "5",
            '{"userName": NaN}',
            '{"userName": "a", }',
            '{"userName": "\\ud800"}',
            "\ufeff{}",
        )
    ),
]


def _go_astray(draft: _Draft, kind: _Kind) -> None:
    draft.steps.append(draft.chance.choice(_ASTRAY))


def _search_body(query: Query) -> dict[str, Any]:
    body: dict[str, Any] = {"schemas": [SEARCH_SCHEMA]}
    for name, value in query:
        if name in _NUMBERS and value.lstrip("-").isdigit():
            body[name] = int(value)
        else:
            body[name] = value.split(",") if name.endswith("ttributes") else value
    return body


#: How often each kind of request comes, out of the sum.
_ACTIONS: dict[Callable[[_Draft, _Kind], None], int] = {
    _create: 2,
    _read: 1,
    partial(_change, "PUT"): 2,
    partial(_change, "PATCH"): 5,
    _delete: 1,
    _search: 3,
    _go_astray: 1,
    _bulk: 1,
}


def sequence(seed: int, number: int) -> list[Step]:
    """Return a sequence of three to ten requests, the same one for the same arguments every time.

    The first request makes a resource, the last ones read what there is in the end.
    """
    chance = Chance(f"{seed}/{number}")
    kinds = [_USERS, _USERS, _GROUPS]
    draft = _Draft(chance)
    _create(draft, _USERS)
    for action in chance.choices(list(_ACTIONS), list(_ACTIONS.values()), k=chance.randint(1, 5)):
        action(draft, chance.choice(kinds))
    return [*draft.steps, *(Step("GET", kind.endpoint) for kind in dict.fromkeys(kinds))]
