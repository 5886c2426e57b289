"""The life of a connection over the admin API, walked on the JazzHR simulator."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask

from app.access.tenants import Tenant
from app.config import Settings
from app.database import reading
from app.sources import catalog, patience, runner
from app.vendors.jazzhr.simulator import DEFAULT_KEY
from tests.web.api.conftest import Caller, jazz_settings, problem


@pytest.fixture
def draft(call: Caller, jazz: Callable[..., str]) -> Caller:
    """Give the caller, with a draft of a JazzHR source of three hires."""
    call.post("/vendors/jazzhr/enable")
    new = {"kind": "jazzhr", "name": "jazz", "secrets": {"api_key": DEFAULT_KEY}}
    call.post("/sources", new | {"settings": jazz_settings(jazz(3))}, 201)
    return call


def test_the_whole_way_from_draft_to_the_first_import(
    draft: Caller, app: Flask, tenant: Tenant, settings: Settings
) -> None:
    policy = draft.get("/sources/jazz/consent")
    assert policy["text_hash"] == sha256(policy["text"].encode()).hexdigest()
    given = draft.post("/sources/jazz/consent", {"by": "hr@acme.example", "text_hash": policy["text_hash"]})
    assert given["by"].endswith(" for hr@acme.example")
    assert draft.post("/sources/jazz/check")["ok"] is True
    assert len(draft.get("/sources/jazz/preview?rows=2")["rows"]) == 2
    dry = draft.post("/sources/jazz/import", {"dry_run": True}, 202)
    runner.resume_due(app)
    assert draft.get(f"/runs/{dry['run']}")["added"] == 3
    assert draft.get("/employees")["total"] == 0
    assert draft.post("/sources/jazz/publish")["state"] == "active"
    run = draft.post("/sources/jazz/import", status=202)
    assert (run["state"], run["dry_run"], run["requested_by"]) == ("running", False, given["by"].split()[0])
    runner.resume_due(app)
    ended = draft.get(f"/runs/{run['run']}")
    assert (ended["state"], ended["added"], ended["total"]) == ("finished", 3, 3)
    assert draft.get("/employees")["total"] == 3


def test_nothing_of_the_vendor_is_called_before_consent(draft: Caller) -> None:
    for method, step in (("POST", "check"), ("GET", "preview"), ("POST", "publish"), ("POST", "import")):
        answer = draft(method, f"/sources/jazz/{step}")
        assert problem(answer) == (409, "not_possible"), step
        assert "consent" in answer.json["detail"]  # type: ignore[index]


def test_consent_names_somebody_and_the_text_that_was_shown(draft: Caller) -> None:
    assert problem(draft("POST", "/sources/jazz/consent")) == (422, "invalid_value")
    assert problem(draft("POST", "/sources/jazz/consent", {"by": ""})) == (422, "invalid_value")
    other = {"by": "hr@acme.example", "text_hash": "0" * 64}
    assert problem(draft("POST", "/sources/jazz/consent", other)) == (409, "policy_changed")
    assert draft.get("/sources/jazz/consent")["consent"] is None


def test_a_file_needs_no_consent(call: Caller, file_source: Callable[..., Any]) -> None:
    file_source("1,Ada,Byron,ada@acme.example")
    assert problem(call("GET", "/sources/hr/consent")) == (409, "not_possible")
    assert problem(call("POST", "/sources/hr/consent", {"by": "hr@acme.example"})) == (409, "not_possible")


def test_a_draft_with_a_wrong_key_says_so_and_is_not_published(draft: Caller) -> None:
    draft.post("/sources/jazz/consent", {"by": "hr@acme.example"})
    draft("PATCH", "/sources/jazz", {"secrets": {"api_key": "wrong"}})
    found = draft.post("/sources/jazz/check")
    assert found["ok"] is False
    assert problem(draft("POST", "/sources/jazz/publish")) == (409, "not_possible")
    assert draft.get("/sources/jazz")["state"] == "draft"


def test_a_source_is_paused_resumed_disconnected_and_linked_again(
    call: Caller, published: Callable[..., Any]
) -> None:
    published()
    assert call.post("/sources/jazz/pause")["next_run_at"] is None
    assert call.post("/sources/jazz/resume")["next_run_at"] is not None
    gone = call.post("/sources/jazz/disconnect")
    assert (gone["state"], gone["secrets"], gone["consent"]) == ("disconnected", [], None)
    assert problem(call("POST", "/sources/jazz/resume")) == (409, "not_possible")
    linked = call("PATCH", "/sources/jazz", {"secrets": {"api_key": DEFAULT_KEY}}).json
    assert linked is not None
    assert linked["state"] == "draft"


def test_a_second_import_is_the_first_one(call: Caller, published: Callable[..., Any]) -> None:
    published()
    first = call("POST", "/sources/jazz/import")
    second = call("POST", "/sources/jazz/import", {"full": True})
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json["run"] == second.json["run"]  # type: ignore[index]
    assert first.headers["Location"] == second.headers["Location"] == f"/api/v1/runs/{first.json['run']}"  # type: ignore[index]


def test_a_source_whose_import_is_under_way_is_not_removed(
    call: Caller, published: Callable[..., Any]
) -> None:
    published()
    call.post("/sources/jazz/import", status=202)
    assert problem(call("DELETE", "/sources/jazz")) == (409, "not_possible")


def test_a_preview_hides_what_is_not_to_be_repeated(
    call: Caller, published: Callable[..., Any], tenant: Tenant
) -> None:
    published()
    with reading() as connection:
        mapping = catalog.named(connection, tenant.id, "jazz").mapping
    assert "desired_salary" in mapping
    call("PATCH", "/sources/jazz", {"settings": {"include_salary": "yes"}})
    rows = call.get("/sources/jazz/preview")["rows"]
    salaries = [value for row in rows for field, value in row["fields"].items() if "salary" in field]
    assert salaries
    assert set(salaries) <= {"•••", None}


def test_a_vendor_that_asks_for_patience_is_given_up(
    call: Caller, published: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    published()
    monkeypatch.setattr(patience, "REQUEST_SECONDS", -1.0)
    assert problem(call("GET", "/sources/jazz/preview")) == (409, "source_unavailable")


def test_an_account_that_cannot_be_reached_is_a_finding_and_a_problem(
    call: Caller, published: Callable[..., Any]
) -> None:
    published()
    moved = {"settings": jazz_settings("http://127.0.0.1:9/v1"), "secrets": {"api_key": DEFAULT_KEY}}
    call("PATCH", "/sources/jazz", moved)
    assert call.post("/sources/jazz/check")["ok"] is False
    assert problem(call("GET", "/sources/jazz/preview")) == (409, "source_unavailable")
