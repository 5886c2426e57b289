"""Hostile requests of a fixed seed and of a random one: no defect shows, and the directory stays whole.

``make fuzz`` sends a hundred thousand to a server process; the seed that a failing test prints replays it there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import pytest

from tests.harness.installation import Installation
from tests.harness.wire import Answer
from tests.security.fuzz import documents, values
from tests.security.fuzz.checking import CONTENT_TYPE, ERROR, complaints
from tests.security.fuzz.generator import Generator, Tokens
from tests.security.fuzz.hostile import Request, from_line
from tests.security.fuzz.known import Known
from tests.security.fuzz.senders import to_application, to_port
from tests.security.fuzz.world import World, world_of

FIXED_SEED = 20_260_401
REQUESTS, REQUESTS_BY_SOCKET = 2_500, 1_000
RECIPES = {"create_user", "replace_user", "patch_user", "read", "delete", "list", "search"}


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    installation = Installation(database_url, tmp_path)
    yield world_of(installation)
    installation.close()


@pytest.mark.parametrize("seed", [FIXED_SEED, None], ids=["fixed", "random"])
def test_no_request_finds_a_defect(world: World, seed: int | None) -> None:
    seed = SystemRandom().randrange(2**32) if seed is None else seed
    print(f"python -m tests.security.fuzz --in-process --requests {REQUESTS} --seed {seed}")
    outcome = world.fuzz(to_application(world.installation.app), seed, REQUESTS)
    assert outcome.is_clean, outcome.report()
    assert outcome.requests == REQUESTS
    taken = {recipe for recipe, is_granted in outcome.recipes if is_granted}
    assert taken >= RECIPES, f"nothing of {RECIPES - taken} was granted: the requests do not get far"


def test_no_request_finds_a_defect_of_the_web_server(world: World) -> None:
    with world.installation.web(workers=1) as server:
        before = server.workers()
        outcome = world.fuzz(
            to_port(server.port), FIXED_SEED, REQUESTS_BY_SOCKET, memory=server.resident_bytes
        )
        assert outcome.is_clean, f"{outcome.report()}\n{server.last_words()}"
        assert server.workers() == before, f"a worker has died:\n{server.last_words()}"
    assert outcome.requests == REQUESTS_BY_SOCKET
    assert outcome.memory, "the server's memory was not looked at"


def test_a_seed_gives_the_same_requests_again() -> None:
    def first(seed: int) -> list[Request]:
        generator = Generator(seed, Tokens("rc_a_b", ("rc_c_d",)))
        return [generator.next() for _ in range(300)]

    assert first(7) == first(7) != first(8)


def test_a_request_survives_being_written_down() -> None:
    generator = Generator(9, Tokens("rc_a_b"))
    for _ in range(300):
        request = generator.next()
        assert from_line(request.as_line()) == request


def test_a_generated_document_has_slips_that_no_serialiser_would_write() -> None:
    chance = Random(3)
    assert (
        values.dumped({"a": "@raw:1e999@", values.twice("a"): 1}, chance).replace(b" ", b"")
        == b'{"a":1e999,"a":1}'
    )
    written = b"".join(
        values.dumped(documents.slipped(chance, documents.user(chance, Known("x"))), chance)
        for _ in range(2000)
    )
    for found in (
        b"NaN",
        b"\\ud800",
        b"\xed\xa0\x80",
        b"\\u0000",
        b"1e999",
        b"-0",
        "é".encode(),
        b"e\xcc\x81",
    ):
        assert found in written, found


ASKED = Request("test", "GET", b"/scim/v2/Users?filter=" + b"a" * 400)


def _answer(status: int, document: Any, content_type: str = CONTENT_TYPE) -> Answer:
    return Answer(status, {"content-type": content_type}, json.dumps(document).encode())


def _error(status: int = 400, **changes: Any) -> Answer:
    document = {"schemas": [ERROR], "status": str(status), "scimType": "invalidFilter", "detail": "No."}
    return _answer(status, {name: value for name, value in (document | changes).items() if value is not None})


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (_error(500), "status 500"),
        (_error(503), "status 503"),
        (_error(501), "status 501"),
        (_error(status=404), "scimType 'invalidFilter' with status 404"),
        (_error(scimType="noSuchType"), "scimType 'noSuchType' with status 400"),
        (_answer(400, {"schemas": [ERROR], "status": 400, "detail": "No."}), "status in the error: 400 of 400"),
        (_error(detail=None), "detail None"),
        (_error(detail="a" * 230), "detail repeats over 200 characters of the request"),
        (_error(detail="b" * 2000), "detail has 2000 characters"),
        (_answer(400, ["No."]), "no SCIM Error"),
        (_answer(200, {}, "application/json"), "content type 'application/json'"),
        (_answer(200, {"x": float("nan")}), "the body is not JSON: NaN is no JSON"),
        (_answer(200, {"title": "Canary-Passw0rd-4711"}), "the password comes back"),
        (_answer(400, {"schemas": [ERROR], "status": "400", "detail": "871234.56?"}), "the salary comes back"),
        (_answer(200, {"Operations": [{"status": "500"}]}), "operation 0: status '500'"),
        (_answer(200, {"Operations": [{"status": "404", "response": {}}]}), "operation 0: detail None"),
        (Answer(302, {"content-type": CONTENT_TYPE}, b"{}"), "status 302"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_noticed(answer: Answer, complaint: str) -> None:
    assert complaint in complaints(ASKED, answer)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (ASKED, _error(detail="a" * 199)),
        (ASKED, _error(409, scimType="uniqueness")),
        (ASKED, _answer(200, {"Resources": []})),
        (Request("test", "DELETE", b"/scim/v2/Users/1"), Answer(204, {}, b"")),
        (Request("test", "GET", b"/scim/v2/Me"), _error(501, scimType=None)),
        (Request("test", "GET", b"/elsewhere"), _answer(404, "<html>", "text/html")),
        (Request("test", "GET", b"/scim/v2/Users", (("Host", b"\xff"),)), Answer(400, {}, b"")),
    ],
)
def test_a_right_answer_is_left_alone(request_: Request, answer: Answer) -> None:
    assert complaints(request_, answer) == []
