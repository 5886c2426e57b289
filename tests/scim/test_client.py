"""The SCIM client against scim2-server, and against small servers that misbehave, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from scim2_server.utils import load_default_provider
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from scim.client import (
    AnswerUnusable,
    ClientError,
    CredentialsRefused,
    IncompleteListing,
    RateLimited,
    RequestRefused,
    ResourceConflict,
    ResourceMissing,
    ScimClient,
    ServerFailed,
    VersionConflict,
    equals,
    patch_body,
    resource_body,
)
from scim.client_errors import wait_of
from scim.resources import USER

View = Callable[[Request], Response]
Serve = Callable[[Any], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start WSGI applications on 127.0.0.1, each on a port of its own."""
    running = []

    def start(application: Any) -> str:
        server = make_server("127.0.0.1", 0, application, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def view(function: View) -> Any:
    return Request.application(function)


def as_json(
    document: Any, status: int = 200, content_type: str = "application/scim+json", **headers: str
) -> Response:
    return Response(
        json.dumps(document),
        status,
        {k.replace("_", "-"): v for k, v in headers.items()},
        content_type=content_type,
    )


def user(name: str, **more: Any) -> bytes:
    return resource_body({"schemas": [USER], "userName": name, **more})


# --- a real service provider ---


@pytest.fixture
def provider(serve: Serve, session: requests.Session) -> ScimClient:
    return ScimClient(session, serve(WSGIApplication(InMemoryStorage(), load_default_provider())) + "/v2")


def test_a_user_is_created_read_patched_and_replaced(provider: ScimClient) -> None:
    created = provider.create(user("ada", title="Countess"))
    assert created.status == 201
    assert created.resource is not None
    id = created.resource["id"]
    assert provider.get(id)["title"] == "Countess"
    patched = provider.patch(id, patch_body([{"op": "replace", "path": "active", "value": False}]))
    assert patched.status in (200, 204)
    assert provider.get(id)["active"] is False
    provider.replace(id, user("ada", title="Analyst"))
    assert provider.get(id)["title"] == "Analyst"


def test_a_filter_finds_exactly_the_user(provider: ScimClient) -> None:
    for name in ("ada", 'o"neil', "grace"):
        provider.create(user(name))
    found = provider.find(equals("userName", 'o"neil'))
    assert [each["userName"] for each in found] == ['o"neil']
    assert provider.find(equals("userName", "nobody")) == []


def test_a_listing_gives_every_user_once_whatever_the_page_size(provider: ScimClient) -> None:
    names = {f"user{number}" for number in range(23)}
    for name in names:
        provider.create(user(name))
    for page_size in (1, 5, 22, 23, 24, 100):
        listed = [each["userName"] for each in provider.list_users(page_size=page_size)]
        assert sorted(listed) == sorted(names)


def test_the_service_provider_says_what_it_can(provider: ScimClient) -> None:
    assert provider.service_provider_config()["patch"]["supported"] is True


def test_a_taken_user_name_is_a_conflict(provider: ScimClient) -> None:
    provider.create(user("ada"))
    with pytest.raises(ResourceConflict) as caught:
        provider.create(user("ada"))
    assert (caught.value.status, caught.value.scim_type) == (409, "uniqueness")


def test_an_unknown_id_is_a_missing_resource(provider: ScimClient) -> None:
    title = patch_body([{"op": "replace", "path": "title", "value": "x"}])
    calls: list[Callable[[], Any]] = [
        lambda: provider.get("nobody"),
        lambda: provider.patch("nobody", title),
        lambda: provider.replace("nobody", user("nobody")),
    ]
    for call in calls:
        with pytest.raises(ResourceMissing):
            call()


def test_bad_data_is_refused_with_the_providers_words(provider: ScimClient) -> None:
    with pytest.raises(RequestRefused) as caught:
        provider.create(resource_body({"schemas": [USER]}))
    assert caught.value.status == 400
    assert caught.value.scim_type == "invalidValue"
    assert caught.value.detail


# --- what is sent ---


def test_the_bytes_of_a_body_arrive_unchanged(serve: Serve, session: requests.Session) -> None:
    seen: list[tuple[str, str, bytes, dict[str, str]]] = []

    @view
    def record(request: Request) -> Response:
        seen.append((request.method, request.path, request.get_data(), dict(request.headers)))
        return as_json({"id": "1"})

    client = ScimClient(session, serve(record) + "/scim/", {"x-api-key": "secret"})
    body = b'{ "userName" : "Zo\xc3\xab" }'
    client.create(body)
    client.patch("a/b c", body, if_match='W/"3"')
    assert [each[:3] for each in seen] == [
        ("POST", "/scim/Users", body),
        ("PATCH", "/scim/Users/a/b c", body),
    ]
    for _, _, _, headers in seen:
        assert headers["X-Api-Key"] == "secret"
        assert headers["Content-Type"] == "application/scim+json"
        assert headers["Accept"] == "application/scim+json, application/json"
    assert seen[1][3]["If-Match"] == 'W/"3"'


def test_the_content_type_is_the_profiles(serve: Serve, session: requests.Session) -> None:
    @view
    def echo(request: Request) -> Response:
        return as_json({"id": request.headers["Content-Type"]})

    answer = ScimClient(session, serve(echo), content_type="application/json").create(b"{}")
    assert answer.resource == {"id": "application/json"}


def test_a_patch_body_is_the_same_bytes_every_time() -> None:
    operations = [{"op": "add", "path": "title", "value": "Zoë"}]
    assert patch_body(operations) == patch_body(operations)
    assert (
        patch_body(operations)
        == (
            '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],'
            '"Operations":[{"op":"add","path":"title","value":"Zoë"}]}'
        ).encode()
    )


def test_a_credential_is_not_shown_by_the_clients_repr(session: requests.Session) -> None:
    assert "hunter2" not in repr(ScimClient(session, "http://x", {"Authorization": "Bearer hunter2"}))


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_id_that_would_leave_the_endpoint_is_never_sent(id: str, session: requests.Session) -> None:
    with pytest.raises(ResourceMissing):
        ScimClient(session, "http://127.0.0.1:9").get(id)


# --- answers ---


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, RequestRefused),
        (401, CredentialsRefused),
        (403, CredentialsRefused),
        (404, ResourceMissing),
        (409, ResourceConflict),
        (410, ResourceMissing),
        (412, VersionConflict),
        (418, RequestRefused),
        (422, RequestRefused),
        (429, RateLimited),
        (500, ServerFailed),
        (503, ServerFailed),
        (301, AnswerUnusable),
        (302, AnswerUnusable),
        (304, AnswerUnusable),
    ],
)
def test_each_status_has_its_error(
    status: int, expected: type[ClientError], serve: Serve, session: requests.Session
) -> None:
    @view
    def fail(request: Request) -> Response:
        return Response("<html>no</html>", status, {"Location": "/elsewhere"}, content_type="text/html")

    client = ScimClient(session, serve(fail))
    with pytest.raises(ClientError) as caught:
        client.create(user("ada"))
    assert type(caught.value) is expected
    assert (caught.value.status, caught.value.scim_type) == (status, None)
    assert str(status) in caught.value.detail


@pytest.mark.parametrize(
    "body", ['{"detail": 7, "scimType": []}', "[]", "{", "", "\x00", '"x"', "[" * 100_000]
)
def test_a_wild_error_body_is_still_the_error_of_its_status(
    body: str, serve: Serve, session: requests.Session
) -> None:
    @view
    def fail(request: Request) -> Response:
        return Response(body, 400)

    with pytest.raises(RequestRefused) as caught:
        ScimClient(session, serve(fail)).get("1")
    assert caught.value.scim_type is None


def test_a_scim_error_is_read_whatever_its_label(serve: Serve, session: requests.Session) -> None:
    @view
    def fail(request: Request) -> Response:
        return as_json(
            {"status": "400", "scimType": "invalidFilter", "detail": "no " * 400}, 400, "text/plain"
        )

    with pytest.raises(RequestRefused) as caught:
        ScimClient(session, serve(fail)).get("1")
    assert caught.value.scim_type == "invalidFilter"
    assert len(caught.value.detail) == 500


RETRY_AFTER = [
    ("7", 7),
    (" 7 ", 7),
    ("0", 0),
    ("-5", 0),
    ("99999999", 86400),
    ("1e999", 86400),
    ("nan", None),
    ("soon", None),
    ("", None),
    ("Sun, 22 Nov 2026 10:01:00 GMT", 60),
    ("Sun, 22 Nov 2026 09:00:00 GMT", 0),
    ("Sun, 22 Nov 2026 12:00:30 +0200", 30),
    ("Sun, 99 Nov 2026 09:00:00 GMT", None),
]


@pytest.mark.parametrize(("value", "expected"), RETRY_AFTER)
def test_retry_after_is_read_in_every_form(value: str, expected: float | None) -> None:
    assert wait_of({"Retry-After": value}, datetime(2026, 11, 22, 10, tzinfo=UTC)) == expected


def test_a_retry_after_date_counts_from_the_servers_clock() -> None:
    headers = {"Retry-After": "Sun, 22 Nov 2026 10:01:00 GMT", "Date": "Sun, 22 Nov 2026 10:00:20 GMT"}
    assert wait_of(headers, datetime(2026, 11, 22, 23, tzinfo=UTC)) == 40


@pytest.mark.parametrize(("status", "expected"), [(429, RateLimited), (503, ServerFailed)])
def test_the_wait_is_part_of_the_error(
    status: int, expected: type[ClientError], serve: Serve, session: requests.Session
) -> None:
    @view
    def fail(request: Request) -> Response:
        return Response("", status, {"Retry-After": "7"})

    with pytest.raises(expected) as caught:
        ScimClient(session, serve(fail)).get("1")
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    "body", ["<html>signed out</html>", "", "[]", '"x"', "null", '{"id": "1"', '{"id": NaN}']
)
def test_a_success_that_is_no_json_object_is_unusable(
    body: str, serve: Serve, session: requests.Session
) -> None:
    @view
    def answer(request: Request) -> Response:
        return Response(body, 200, content_type="text/html")

    client = ScimClient(session, serve(answer))
    calls: list[Callable[[], Any]] = [
        lambda: client.get("1"),
        lambda: client.create(b"{}"),
        lambda: client.find("userName pr"),
        client.service_provider_config,
    ]
    for call in calls:
        with pytest.raises(AnswerUnusable) as caught:
            call()
        assert caught.value.status == 200


def test_a_created_user_without_an_id_is_unusable(serve: Serve, session: requests.Session) -> None:
    @view
    def answer(request: Request) -> Response:
        return as_json({"userName": "ada"}, 201)

    with pytest.raises(AnswerUnusable) as caught:
        ScimClient(session, serve(answer)).create(user("ada"))
    assert caught.value.status == 201


def test_a_write_may_be_answered_without_a_body(serve: Serve, session: requests.Session) -> None:
    @view
    def answer(request: Request) -> Response:
        return Response(status=204, headers={"ETag": 'W/"4"'})

    answered = ScimClient(session, serve(answer)).patch("1", patch_body([]))
    assert (answered.status, answered.resource, answered.version) == (204, None, 'W/"4"')


def test_the_version_may_stand_in_meta_alone(serve: Serve, session: requests.Session) -> None:
    @view
    def answer(request: Request) -> Response:
        return as_json({"id": "1", "meta": {"version": 'W/"5"'}}, content_type="application/json")

    assert ScimClient(session, serve(answer)).replace("1", b"{}").version == 'W/"5"'


def test_a_redirect_is_not_followed(serve: Serve, session: requests.Session) -> None:
    visited: list[str] = []

    @view
    def elsewhere(request: Request) -> Response:
        visited.append(request.path)
        return as_json({"id": "1"})

    target = serve(elsewhere)

    @view
    def redirect(request: Request) -> Response:
        return Response(status=302, headers={"Location": target + "/Users/1"})

    with pytest.raises(AnswerUnusable):
        ScimClient(session, serve(redirect)).create(user("ada"))
    assert visited == []


def test_an_error_of_the_transport_passes_through(session: requests.Session) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = ScimClient(session, f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(requests.ConnectionError):
            client.get("1")


# --- listings that do not add up ---


class Pages:
    """A list endpoint with a habit; `calls` holds the (startIndex, count) it was asked for."""

    def __init__(self, people: int, habit: Callable[[Pages, int, int], dict[str, Any]]) -> None:
        self.people = [{"id": str(number), "userName": f"user{number}"} for number in range(1, people + 1)]
        self.habit = habit
        self.calls: list[tuple[int, int]] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        arguments = Request(environ).args
        start, count = int(arguments["startIndex"]), int(arguments["count"])
        self.calls.append((start, count))
        return as_json(self.habit(self, start, count))(environ, start_response)

    def slice(self, start: int, count: int) -> list[dict[str, Any]]:
        return self.people[start - 1 : start - 1 + count]


def honest(pages: Pages, start: int, count: int) -> dict[str, Any]:
    return {"totalResults": len(pages.people), "Resources": pages.slice(start, count)}


def capped(limit: int) -> Callable[[Pages, int, int], dict[str, Any]]:
    return lambda pages, start, count: honest(pages, start, min(count, limit))


def ignores_start(pages: Pages, start: int, count: int) -> dict[str, Any]:
    return honest(pages, 1, count)


def gives_all(pages: Pages, start: int, count: int) -> dict[str, Any]:
    return honest(pages, 1, len(pages.people))


def lies_high(pages: Pages, start: int, count: int) -> dict[str, Any]:
    return {**honest(pages, start, count), "totalResults": len(pages.people) + 5}


def lies_low(pages: Pages, start: int, count: int) -> dict[str, Any]:
    resources = pages.slice(start, count)
    return {"totalResults": len(resources), "Resources": resources}


def says_nothing(pages: Pages, start: int, count: int) -> dict[str, Any]:
    return {"Resources": pages.slice(start, count)}


def leaves_out_empty_resources(pages: Pages, start: int, count: int) -> dict[str, Any]:
    resources = pages.slice(start, count)
    return {"totalResults": len(pages.people), **({"Resources": resources} if resources else {})}


def read(pages: Pages, serve: Serve, session: requests.Session, page_size: int = 10) -> list[str]:
    return [each["id"] for each in ScimClient(session, serve(pages)).list_users(page_size=page_size)]


@pytest.mark.parametrize("people", [0, 1, 9, 10, 11, 20, 25])
@pytest.mark.parametrize(
    "habit",
    [honest, capped(1), capped(4), capped(50), gives_all, lies_low, says_nothing, leaves_out_empty_resources],
)
def test_a_whole_list_is_read_through_every_habit(
    habit: Callable[[Pages, int, int], dict[str, Any]], people: int, serve: Serve, session: requests.Session
) -> None:
    pages = Pages(people, habit)
    assert read(pages, serve, session) == [str(number) for number in range(1, people + 1)]


def test_an_honest_list_costs_one_call_a_page(serve: Serve, session: requests.Session) -> None:
    for people, calls in ((0, 1), (1, 1), (9, 1), (11, 2), (20, 2), (30, 3)):
        pages = Pages(people, honest)
        read(pages, serve, session)
        assert len(pages.calls) == calls


def test_one_full_page_that_claims_to_be_everything_costs_one_more_call(
    serve: Serve, session: requests.Session
) -> None:
    pages = Pages(10, honest)
    read(pages, serve, session)
    assert pages.calls == [(1, 10), (11, 10)]


def test_a_total_that_is_never_reached_is_an_incomplete_listing(
    serve: Serve, session: requests.Session
) -> None:
    with pytest.raises(IncompleteListing) as caught:
        read(Pages(12, lies_high), serve, session)
    assert (caught.value.read, caught.value.announced) == (12, 17)


def test_a_repeated_page_is_an_incomplete_listing_after_one_repetition(
    serve: Serve, session: requests.Session
) -> None:
    pages = Pages(25, ignores_start)
    with pytest.raises(IncompleteListing):
        read(pages, serve, session)
    assert len(pages.calls) == 2


def test_without_a_total_a_repeated_page_is_an_incomplete_listing(
    serve: Serve, session: requests.Session
) -> None:
    def habit(pages: Pages, start: int, count: int) -> dict[str, Any]:
        return {"Resources": pages.slice(1, count)}

    with pytest.raises(IncompleteListing):
        read(Pages(25, habit), serve, session)


def test_someone_deleted_while_reading_is_an_incomplete_listing(
    serve: Serve, session: requests.Session
) -> None:
    def habit(pages: Pages, start: int, count: int) -> dict[str, Any]:
        if start > 1 and len(pages.people) == 25:
            del pages.people[0]
        return honest(pages, start, count)

    with pytest.raises(IncompleteListing):
        read(Pages(25, habit), serve, session)


def test_someone_added_at_the_end_while_reading_is_read_too(serve: Serve, session: requests.Session) -> None:
    def habit(pages: Pages, start: int, count: int) -> dict[str, Any]:
        if start > 1 and len(pages.people) == 25:
            pages.people.append({"id": "26"})
        return honest(pages, start, count)

    assert len(read(Pages(25, habit), serve, session)) == 26


def test_someone_added_in_front_while_reading_is_an_incomplete_listing(
    serve: Serve, session: requests.Session
) -> None:
    def habit(pages: Pages, start: int, count: int) -> dict[str, Any]:
        if start > 1 and len(pages.people) == 25:
            pages.people.insert(0, {"id": "new"})
        return honest(pages, start, count)

    with pytest.raises(IncompleteListing):
        read(Pages(25, habit), serve, session)


def test_a_list_without_an_end_stops_at_the_page_limit(serve: Serve, session: requests.Session) -> None:
    def habit(pages: Pages, start: int, count: int) -> dict[str, Any]:
        return {"totalResults": 10**9, "Resources": [{"id": str(start)}]}

    pages = Pages(0, habit)
    client = ScimClient(session, serve(pages))
    with pytest.raises(IncompleteListing):
        list(client.list_users(page_size=10, most_pages=7))
    assert len(pages.calls) == 7


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"totalResults": 1, "Resources": {"id": "1"}},
        {"totalResults": 1, "Resources": ["1"]},
        {"totalResults": 1, "Resources": [{"userName": "ada"}]},
        {"totalResults": 1, "Resources": [{"id": 1}]},
        {"totalResults": 1, "Resources": [{"id": ".."}]},
    ],
)
def test_a_page_that_is_no_list_response_is_unusable(
    page: dict[str, Any], serve: Serve, session: requests.Session
) -> None:
    with pytest.raises(AnswerUnusable):
        read(Pages(1, lambda *_: page), serve, session)


def test_users_of_the_first_pages_are_given_before_the_failure(
    serve: Serve, session: requests.Session
) -> None:
    listing = ScimClient(session, serve(Pages(25, ignores_start))).list_users(page_size=10)
    assert [next(listing)["id"] for _ in range(10)] == [str(number) for number in range(1, 11)]
    with pytest.raises(IncompleteListing):
        next(listing)
