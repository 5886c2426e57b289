"""The requests of the benchmark: each is about somebody else, and each write changes something."""

from __future__ import annotations

import json
from typing import Any

from bench.client import body_of
from bench.memberships import PAIRS
from bench.operations import BY_SIZE, PATCH, REPLACE, SIDE_BY_SIDE, Audience

AUDIENCE = Audience(
    "/scim/v2", "rc_word", [f"id-{number}" for number in range(40)], group="/Groups/7", cursor="abc="
)


def _body(request: bytes) -> Any:
    return json.loads(body_of(request))


def _path(request: bytes) -> str:
    return request.split(b" ", 2)[1].decode()


def test_a_request_says_how_long_it_is() -> None:
    for operation in (*SIDE_BY_SIDE, *BY_SIZE):
        head, _, body = operation.request(AUDIENCE, 5).partition(b"\r\n\r\n")
        assert (f"Content-Length: {len(body)}".encode() in head) == bool(body)
        assert b"Authorization: Bearer rc_word" in head


def test_everybody_has_a_turn_before_anybody_has_a_second_one() -> None:
    for operation in (PATCH, REPLACE):
        assert len({_path(operation.request(AUDIENCE, number)) for number in range(40)}) == 40


def test_a_second_turn_changes_the_same_person_again() -> None:
    for operation in (PATCH, REPLACE):
        first, second = operation.request(AUDIENCE, 3), operation.request(AUDIENCE, 43)
        assert _path(first) == _path(second)
        assert _body(first) != _body(second)


def test_who_is_taken_out_of_a_group_is_put_back_by_the_next_request() -> None:
    for removing, adding in PAIRS:
        out, back = removing.request(AUDIENCE, 3), adding.request(AUDIENCE, 3)
        member = AUDIENCE.id_of(3)
        assert _path(out) == _path(back)
        assert _body(out)["Operations"] == [{"op": "remove", "path": f'members[value eq "{member}"]'}]
        assert _body(back)["Operations"] == [{"op": "add", "path": "members", "value": [{"value": member}]}]


def test_a_cursor_is_quoted() -> None:
    assert _path(BY_SIZE[-1].request(AUDIENCE, 0)) == "/scim/v2/Users?count=100&cursor=abc%3D"
