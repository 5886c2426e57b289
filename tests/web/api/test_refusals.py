"""What the admin API refuses, and that it never answers with a page or with its own failure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app import create_app
from app.access import clients
from app.access.tenants import Tenant
from app.config import Settings
from app.database import writing
from app.web.api import vendors as vendor_views
from app.web.api.parsing import MAX_BODY_BYTES
from app.web.api.problems import CODES
from tests.conftest import make_settings
from tests.web.api.conftest import Caller, problem, token_with

VALID = {"kind": "jazzhr", "name": "jazz"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[" * 100_000,
        b'{"name": NaN, "kind": "jazzhr"}',
        b'{"name": 1e999, "kind": "jazzhr"}',
        b'{"name": "\\ud800", "kind": "jazzhr"}',
        b'{"name": "\\u0000", "kind": "jazzhr"}',
        b'{"name": "a", "name": "b", "kind": "jazzhr"}',
        b"\xff\xfe",
        b"9" * 5000,
        b" ",
    ],
)
def test_a_body_that_is_no_json_that_can_be_kept_is_refused(call: Caller, body: bytes) -> None:
    answer = call("POST", "/sources", data=body, content_type="application/json")
    assert problem(answer) == (400, "invalid_json")


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"{}",
        b"",
        b'{"kind": "jazzhr"}',
        b'{"kind": 1, "name": "jazz"}',
        b'{"kind": "jazzhr", "name": "jazz\\n"}',
        b'{"kind": "jazzhr", "name": "jazz", "settings": {"a b": "c"}}',
        b'{"kind": "jazzhr", "name": "jazz", "settings": {"a": {"b": "c"}}}',
        b'{"kind": "jazzhr", "name": "jazz", "unknown": 1}',
    ],
)
def test_a_body_that_does_not_fit_names_what_does_not(call: Caller, body: bytes) -> None:
    answer = call("POST", "/sources", data=body, content_type="application/json")
    assert problem(answer) == (422, "invalid_value")
    assert answer.json is not None
    assert all(set(each) == {"at", "detail"} for each in answer.json["errors"])
    assert answer.json["errors"]


def test_another_content_type_is_refused(call: Caller) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", None):
        answer = call("POST", "/sources", data=json.dumps(VALID), content_type=kind)
        assert problem(answer) == (415, "unsupported_media_type"), kind


def test_a_body_that_is_too_large_is_refused(call: Caller) -> None:
    body = json.dumps(VALID | {"mapping": "x" * MAX_BODY_BYTES})
    answer = call("POST", "/sources", data=body, content_type="application/json")
    assert problem(answer) == (413, "too_large")


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "9" * 40])
def test_a_length_that_is_none_is_no_failure(call: Caller, length: str) -> None:
    answer = call(
        "POST",
        "/sources",
        data=json.dumps(VALID),
        headers={"Content-Length": length, "Content-Type": "application/json"},
    )
    assert 400 <= answer.status_code < 500
    problem(answer)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=1.5",
        "limit=",
        "limit=%D9%A3",
        "limit=1_0",
        "limit=+1",
        "limit=1&limit=2",
        "before=0",
        "before=" + "9" * 40,
        "state=asleep",
        "dry_run=yes",
        "source=%00",
        "unknown=1",
    ],
)
def test_a_query_that_does_not_fit_is_refused(call: Caller, query: str) -> None:
    assert problem(call("GET", f"/runs?{query}")) == (422, "invalid_value")


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/runs/", "//runs", "/%00", "/.."])
def test_what_is_no_address_is_a_problem_and_no_page(call: Caller, path: str) -> None:
    assert problem(call("GET", path)) == (404, "not_found")


def test_below_another_address_the_console_answers(app: Flask) -> None:
    with app.test_client() as client:
        for path in ("/api", "/api/v10", "/api/v1x/runs"):
            assert client.get(path).content_type.startswith("text/html"), path


def test_another_method_names_those_that_are_known(call: Caller) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        answer = call(method, "/sources")
        assert problem(answer) == (405, "method_not_allowed")
        assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_a_form_of_answer_that_is_not_there_is_refused(call: Caller) -> None:
    for accept in ("text/html", "application/xml", "image/*"):
        assert problem(call("GET", "/runs", headers={"Accept": accept})) == (406, "not_acceptable")
    for accept in ("", "*/*", "application/*", "text/html, application/json;q=0.1"):
        assert call("GET", "/runs", headers={"Accept": accept}).status_code == 200


def test_who_asks_is_looked_at_before_what_is_asked(app: Flask, tenant: Tenant) -> None:
    anonymous, reader = Caller(app, None), Caller(app, token_with(tenant, "admin:read"))
    broken = {"data": b"{", "content_type": "application/json"}
    for path in ("/sources", "/sources/nobody/consent", "/plans/7/approve"):
        refused = anonymous("POST", path, **broken)
        assert problem(refused) == (401, "unauthenticated")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert problem(reader("POST", path, **broken)) == (403, "scope_missing")


def test_a_missing_scope_is_named(app: Flask, tenant: Tenant) -> None:
    answer = Caller(app, token_with(tenant, "scim:write"))("GET", "/runs")
    assert problem(answer) == (403, "scope_missing")
    assert "admin:read" in answer.json["detail"]  # type: ignore[index]


def test_tokens_do_not_travel_over_plain_http(call: Caller) -> None:
    options: Any = {
        "base_url": "http://rollcall.acme.example",
        "environ_base": {"REMOTE_ADDR": "203.0.113.9"},
    }
    assert problem(call("GET", "/runs", **options)) == (403, "insecure_transport")


def test_a_token_has_its_requests_a_second(
    database_url: str, tmp_path: Any, call: Caller, tenant: Tenant
) -> None:
    app = create_app(make_settings(database_url, tmp_path, scim_rate=1, scim_burst=2))
    quick = Caller(app, call.token)
    answers = [quick("GET", "/runs") for _ in range(4)]
    assert [each.status_code for each in answers[:2]] == [200, 200]
    assert problem(answers[-1]) == (429, "too_many_requests")
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_what_is_set_for_a_client_holds_here_too(call: Caller, tenant: Tenant, settings: Settings) -> None:
    with writing() as connection:
        clients.change(connection, tenant.id, "script", {"rate": "1", "burst": "1"})
    assert [call("GET", "/runs").status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("SELECT", {}, Exception("locked")), (503, "unavailable")),
        (RuntimeError("a defect"), (500, "internal_error")),
    ],
)
def test_failures_are_problems_that_say_nothing_of_their_cause(
    call: Caller, monkeypatch: pytest.MonkeyPatch, error: Exception, expected: tuple[int, str]
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(vendor_views.vendors, "enabled", fail)
    answer = call("GET", "/vendors")
    assert problem(answer) == expected
    assert "locked" not in answer.text
    assert "a defect" not in answer.text.lower().replace("a defect of rollcall", "")


def test_every_code_is_explained_in_the_documents(documents: Callable[[str], str]) -> None:
    text = documents("error-codes.md")
    assert [code for code in CODES if f"| `{code}` |" not in text] == []
