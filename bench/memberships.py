"""One member in and out of a large group: what identity providers send all day, in groups of two sizes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from bench.client import body_of
from bench.contestants import OURS, Running
from bench.operations import WRITTEN, Audience, Operation, patch_body

_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
CREATED = frozenset({201})
#: Query of the PATCH → how operations on it are called.
_ANSWERS = {"?excludedAttributes=members": "", "": ", members not excluded"}


def _adding(query: str) -> Operation:
    def request(audience: Audience, number: int) -> bytes:
        body = patch_body("members", [{"value": audience.id_of(number)}], "add")
        return audience.request("PATCH", audience.group + query, body)

    return Operation(f"add one member{_ANSWERS[query]}", WRITTEN, True, request)


def _removing(query: str) -> Operation:
    def request(audience: Audience, number: int) -> bytes:
        body = patch_body(f'members[value eq "{audience.id_of(number)}"]', None, "remove")
        return audience.request("PATCH", audience.group + query, body)

    return Operation(f"remove one member{_ANSWERS[query]}", WRITTEN, True, request)


#: Each pair takes somebody out and puts the same person back, so that the groups keep their sizes.
PAIRS = tuple((_removing(query), _adding(query)) for query in _ANSWERS)
OPERATIONS = tuple(operation for pair in PAIRS for operation in pair)


def sizes(users: int) -> tuple[int, int]:
    """Return the sizes of the groups, the large one first: everybody, and a tenth.

    >>> sizes(10_000)
    (10000, 1000)
    """
    return users, users // 10


def server_name(size: int) -> str:
    """Return how the figures name Rollcall with a group of this size.

    >>> server_name(1000)
    'Rollcall, group of 1,000'
    """
    return f"{OURS}, group of {size:,}"


def grouped(server: Running) -> list[Running]:
    """Return the server once for each size, with a group that is made through its API; raises ``BenchError``."""
    return [_with_group(server, server.audience.ids[:size]) for size in sizes(len(server.audience.ids))]


def _with_group(server: Running, members: Sequence[str]) -> Running:
    audience, name = server.audience, server_name(len(members))
    body = {"schemas": [_GROUP], "displayName": name, "members": [{"value": member} for member in members]}
    request = audience.request("POST", "/Groups?excludedAttributes=members", body)
    made = json.loads(body_of(server.process.ask(request, CREATED, f"making a group of {len(members):,}")))
    return replace(server, name=name, audience=replace(audience, ids=members, group=f"/Groups/{made['id']}"))
