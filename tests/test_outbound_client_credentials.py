"""Bearer tokens of client credentials against a real token server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from app.outbound import AddressPolicy, BadStatus, Exchange, NotJson, OutboundSession
from app.outbound.client_credentials import (
    BearerSession,
    ClientCredentials,
    CredentialsRefused,
    TokenCache,
)
from app.simulation import serve

SECRET = "canary-client-secret"


@dataclass
class TokenServer:
    """A token address at /token and an API at /api that takes the latest tokens."""

    life: Any = 86_400
    answer: Callable[[], Response] | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    valid: set[str] = field(default_factory=set)
    api_calls: int = 0
    gate: threading.Event | None = None
    url: str = ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        return (self._api(request) if request.path == "/api" else self._token(request))(
            environ, start_response
        )

    def _token(self, request: Request) -> Response:
        self.asked.append(request.form.to_dict())
        if self.gate is not None:
            self.gate.wait(10)
        if self.answer is not None:
            return self.answer()
        token = f"canary-token-{len(self.asked)}"
        self.valid.add(token)
        return _json({"access_token": token, "token_type": "Bearer", "expires_in": self.life})

    def _api(self, request: Request) -> Response:
        self.api_calls += 1
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return _json({"echo": token}, 200 if token in self.valid else 401)


def _json(content: Any, status: int = 200, **headers: str) -> Response:
    return Response(json.dumps(content), status, content_type="application/json", headers=headers)


@pytest.fixture
def server() -> Iterator[TokenServer]:
    application = TokenServer()
    with serve(application) as running:
        application.url = running.url
        yield application


def open_session(base_url: str, **options: Any) -> OutboundSession:
    return OutboundSession(base_url, policy=AddressPolicy(allow_private=True), **options)


def credentials_for(
    server: TokenServer, cache: TokenCache | None = None, **changed: str
) -> ClientCredentials:
    given = {"client_id": "us", "client_secret": SECRET, "audience": "https://api.example/", **changed}
    return ClientCredentials(f"{server.url}/token?x=1", cache=cache or TokenCache(), **given)


def test_a_token_is_asked_for_with_the_secret_in_the_form(server: TokenServer) -> None:
    assert credentials_for(server).token(open_session) == "canary-token-1"
    assert server.asked == [
        {
            "grant_type": "client_credentials",
            "client_id": "us",
            "client_secret": SECRET,
            "audience": "https://api.example/",
        }
    ]


def test_a_token_serves_until_shortly_before_its_end(server: TokenServer) -> None:
    moment = [0.0]
    credentials = credentials_for(server, TokenCache(lambda: moment[0]))
    for moment[0] in (0.0, 86_099.0):
        assert credentials.token(open_session) == "canary-token-1"
    moment[0] = 86_101.0
    assert credentials.token(open_session) == "canary-token-2"


def test_a_short_life_is_used_for_nine_tenths(server: TokenServer) -> None:
    server.life, moment = "60", [0.0]
    credentials = credentials_for(server, TokenCache(lambda: moment[0]))
    credentials.token(open_session)
    moment[0] = 53.9
    assert credentials.token(open_session) == "canary-token-1"
    moment[0] = 54.1
    assert credentials.token(open_session) == "canary-token-2"


def test_equal_credentials_share_a_token_and_others_do_not(server: TokenServer) -> None:
    cache = TokenCache()
    first, again = credentials_for(server, cache), credentials_for(server, cache)
    assert first.token(open_session) == again.token(open_session)
    others = [
        credentials_for(server, cache, client_secret="another"),
        credentials_for(server, cache, client_id="them"),
        credentials_for(server, cache, audience="https://other.example/"),
    ]
    assert len({each.token(open_session) for each in (first, *others)}) == 4


def test_a_cleared_cache_knows_no_token(server: TokenServer) -> None:
    cache = TokenCache()
    first = credentials_for(server, cache).token(open_session)
    cache.clear()
    assert credentials_for(server, cache).token(open_session) != first


def test_the_whole_process_shares_one_cache(server: TokenServer) -> None:
    given = (f"{server.url}/token", "us", SECRET)
    assert ClientCredentials(*given).token(open_session) == ClientCredentials(*given).token(open_session)
    assert len(server.asked) == 1


def test_many_threads_that_need_a_token_at_once_fetch_one(server: TokenServer) -> None:
    server.gate, cache, tokens = threading.Event(), TokenCache(), []
    threads = [
        threading.Thread(target=lambda: tokens.append(credentials_for(server, cache).token(open_session)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    server.gate.set()
    for thread in threads:
        thread.join(10)
    assert tokens == ["canary-token-1"] * 12


def test_a_forgotten_token_is_fetched_anew_unless_that_was_done_already(server: TokenServer) -> None:
    credentials = credentials_for(server)
    old = credentials.token(open_session)
    credentials.forget(old)
    new = credentials.token(open_session)
    credentials.forget(old)
    assert credentials.token(open_session) == new != old


@pytest.mark.parametrize("status", [400, 401, 403])
def test_refused_credentials_are_told_with_the_servers_code(server: TokenServer, status: int) -> None:
    server.answer = lambda: _json({"error": "access_denied", "error_description": SECRET}, status)
    with pytest.raises(CredentialsRefused, match=f"status {status}, access_denied") as caught:
        credentials_for(server).token(open_session)
    assert not caught.value.retryable
    assert SECRET not in caught.value.message


def test_a_throttled_token_address_may_be_asked_again(server: TokenServer) -> None:
    server.answer = lambda: _json({"error": "<script>"}, 429, **{"Retry-After": "7"})
    with pytest.raises(BadStatus) as caught:
        credentials_for(server).token(open_session)
    assert (caught.value.retryable, caught.value.retry_after) == (True, 7.0)
    assert "script" not in caught.value.message


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        *({"access_token": token} for token in ("", 7, "a b", "a\nb")),
        {"access_token": "a", "token_type": "mac"},
    ],
)
def test_an_answer_without_a_bearer_token_is_none(server: TokenServer, content: Any) -> None:
    server.answer = lambda: _json(content)
    with pytest.raises(NotJson):
        credentials_for(server).token(open_session)


def test_a_failed_fetch_leaves_nothing_behind(server: TokenServer) -> None:
    credentials = credentials_for(server)
    server.answer = lambda: _json({}, 500)
    with pytest.raises(BadStatus):
        credentials.token(open_session)
    server.answer = None
    assert credentials.token(open_session) == "canary-token-2"


def test_a_session_calls_with_the_token_and_renews_a_refused_one_once(server: TokenServer) -> None:
    session = BearerSession(credentials_for(server), server.url, open_session)
    assert session.call("GET", "/api").status == 200
    server.valid.clear()
    assert session.call("GET", "/api").status == 200
    assert (len(server.asked), server.api_calls) == (2, 3)


def test_a_fresh_token_that_is_refused_is_not_tried_again(server: TokenServer) -> None:
    server.answer = lambda: _json({"access_token": "never-valid", "expires_in": 60})
    session = BearerSession(credentials_for(server), server.url, open_session)
    assert session.call("GET", "/api").status == 401
    assert (len(server.asked), server.api_calls) == (1, 1)


def test_neither_secret_nor_token_stands_in_a_record_or_a_repr(server: TokenServer) -> None:
    seen: list[Exchange] = []

    def observed(base_url: str, **options: Any) -> OutboundSession:
        return open_session(base_url, observe=seen.append, **options)

    credentials = credentials_for(server)
    BearerSession(credentials, server.url, observed).call("GET", "/api")
    assert len(seen) == 2
    assert "canary" not in repr(seen) + repr(credentials)
