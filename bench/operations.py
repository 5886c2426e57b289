"""What is measured on users: one row per operation, with the request that every server gets for it.

A new operation is a function and a row here; ``bench.bare`` needs its counterpart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bench.people import person, user_name

#: Steps through the people so that neighbours in time are no neighbours in the database; a prime.
STRIDE = 7919
PAGE_SIZE = 100
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True)
class Audience:
    """A server as requests see it: the path of its SCIM API, its bearer token, the ids of its people by number.

    ``group`` is the path of the group whose members are changed, ``cursor`` opens the last page of everybody.
    """

    base: str
    token: str
    ids: Sequence[str]
    group: str = ""
    cursor: str = ""

    def request(self, method: str, path: str, body: Any = None) -> bytes:
        """Return the bytes of one request."""
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        lines = [
            f"{method} {self.base}{path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {self.token}",
            "Accept: application/scim+json",
        ]
        if body is not None:
            lines += ["Content-Type: application/scim+json", f"Content-Length: {len(content)}"]
        return "\r\n".join([*lines, "", ""]).encode() + content

    def index(self, number: int) -> int:
        """Return the number of the person whom the ``number``-th request is about."""
        return number * STRIDE % len(self.ids)

    def id_of(self, number: int) -> str:
        """Return the id of the person whom the ``number``-th request is about."""
        return self.ids[self.index(number)]

    def lap(self, number: int) -> int:
        """Return how often everybody has had a turn before the ``number``-th request."""
        return number // len(self.ids)


@dataclass(frozen=True)
class Operation:
    """One thing that clients do: its name, the statuses that answer it, and its n-th request."""

    name: str
    statuses: frozenset[int]
    is_write: bool
    request: Callable[[Audience, int], bytes]


def _get(audience: Audience, number: int) -> bytes:
    return audience.request("GET", f"/Users/{audience.id_of(number)}")


def _filter(audience: Audience, number: int) -> bytes:
    return _filtered(audience, f'userName eq "{user_name(audience.index(number))}"')


def _filter_work_email(audience: Audience, number: int) -> bytes:
    return _filtered(audience, f'emails.value eq "{user_name(audience.index(number))}"')


def _filtered(audience: Audience, text: str) -> bytes:
    return audience.request("GET", "/Users?filter=" + quote(text))


def _list(audience: Audience, _number: int) -> bytes:
    return audience.request("GET", f"/Users?count={PAGE_SIZE}")


def _last_page(audience: Audience, _number: int) -> bytes:
    return audience.request("GET", f"/Users?count={PAGE_SIZE}&cursor={quote(audience.cursor)}")


def _create(audience: Audience, number: int) -> bytes:
    return audience.request("POST", "/Users", person(len(audience.ids) + number))


def _replace(audience: Audience, number: int) -> bytes:
    body = person(audience.index(number)) | {"nickName": f"Number {audience.lap(number)}"}
    return audience.request("PUT", f"/Users/{audience.id_of(number)}", body)


def _patch(audience: Audience, number: int) -> bytes:
    is_active = audience.lap(number) % 2 == 1  # everybody starts active: each request changes something
    return audience.request("PATCH", f"/Users/{audience.id_of(number)}", patch_body("active", is_active))


def patch_body(path: str, value: Any, op: str = "replace") -> dict[str, Any]:
    """Return the body of a PATCH with one operation; a value of None is left out."""
    operation = {"op": op, "path": path} | ({} if value is None else {"value": value})
    return {"schemas": [PATCH_SCHEMA], "Operations": [operation]}


OK = frozenset({200})
WRITTEN = frozenset({200, 204})

GET = Operation("GET by id", OK, False, _get)
FILTER = Operation("filter userName", OK, False, _filter)
FILTER_EMAIL = Operation("filter work e-mail", OK, False, _filter_work_email)
LIST = Operation(f"list of {PAGE_SIZE}", OK, False, _list)
LAST_PAGE = Operation(f"last cursor page of {PAGE_SIZE}", OK, False, _last_page)
CREATE = Operation("create", frozenset({201}), True, _create)
REPLACE = Operation("PUT", OK, True, _replace)
PATCH = Operation("PATCH active", WRITTEN, True, _patch)

#: Beside other servers, in this order: PATCH leaves behind people whom PUT would change in more than one attribute.
SIDE_BY_SIDE = (GET, FILTER, LIST, CREATE, REPLACE, PATCH)
#: With few people beside many.
BY_SIZE = (GET, FILTER, FILTER_EMAIL, LIST, LAST_PAGE)
