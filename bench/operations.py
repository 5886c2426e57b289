"""What is measured: one row per operation, with the request that every server gets for it.

A new operation is a function and a row here; ``bench.bare`` needs its counterpart.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bench.people import person, user_name

#: Steps through the people so that neighbours in time are no neighbours in the database; a prime.
_STRIDE = 7919


@dataclass(frozen=True)
class Audience:
    """A server as requests see it: the path of its SCIM API, its bearer token, the ids of its people by number."""

    base: str
    token: str
    ids: list[str]

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


@dataclass(frozen=True)
class Operation:
    """One thing that clients do: its name, the statuses that answer it, and its n-th request.

    ``aim`` is the share of bare Flask's speed that the project wants at least.
    """

    name: str
    statuses: frozenset[int]
    is_write: bool
    aim: float
    request: Callable[[Audience, int], bytes]


def _get(audience: Audience, number: int) -> bytes:
    return audience.request("GET", f"/Users/{_id_of(audience, number)}")


def _filter(audience: Audience, number: int) -> bytes:
    name = user_name(number * _STRIDE % len(audience.ids))
    return audience.request("GET", "/Users?filter=" + quote(f'userName eq "{name}"'))


def _create(audience: Audience, number: int) -> bytes:
    return audience.request("POST", "/Users", person(len(audience.ids) + number))


def _patch(audience: Audience, number: int) -> bytes:
    is_active = (
        number // len(audience.ids) % 2 == 1
    )  # everybody starts active: each request changes something
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": is_active}],
    }
    return audience.request("PATCH", f"/Users/{_id_of(audience, number)}", body)


def _id_of(audience: Audience, number: int) -> str:
    return audience.ids[number * _STRIDE % len(audience.ids)]


OPERATIONS = (
    Operation("GET by id", frozenset({200}), False, 0.7, _get),
    Operation("filter userName", frozenset({200}), False, 0.6, _filter),
    Operation("create", frozenset({201}), True, 0.4, _create),
    Operation("PATCH active", frozenset({200, 204}), True, 0.4, _patch),
)
