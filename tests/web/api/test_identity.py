"""Suggestions, precedence and the welcome mail over the admin API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.access.tenants import Tenant
from app.database import writing
from app.sources import suggestions
from tests.web.api.conftest import Caller, problem


@pytest.fixture
def suggested(tenant: Tenant, file_source: Callable[..., Any], hired: Callable[..., str]) -> str:
    """Give the employee whom record 7 of the source ``hr`` may be."""
    source, employee = file_source("7,Ada,Byron,ada@acme.example"), hired("ada")
    with writing() as connection:
        suggestions.suggest(connection, tenant.id, source.id, "7", employee, {"title": "Analyst"})
    return employee


def test_a_suggestion_waits_until_somebody_decides(call: Caller, suggested: str) -> None:
    (waiting,) = call.get("/sources/hr/suggestions")["suggestions"]
    assert (waiting["record_id"], waiting["employee_id"], waiting["state"]) == ("7", suggested, "waiting")
    assert waiting["facts"] == {"title": "Analyst"}
    decided = call.post("/sources/hr/suggestions/confirm", {"record_id": "7", "same": True})
    assert (decided["state"], decided["decided_by"].partition(":")[0]) == ("same", "client")
    assert call.get("/sources/hr/suggestions")["suggestions"] == []
    assert call.get("/sources/hr/suggestions?decided=true")["suggestions"] == [decided]


def test_a_record_can_be_another_employee_than_was_suggested(
    call: Caller, suggested: str, hired: Callable[..., str]
) -> None:
    other = hired("bo")
    body = {"record_id": "7", "same": True, "employee_id": other}
    assert call.post("/sources/hr/suggestions/confirm", body)["employee_id"] == other
    stranger = body | {"employee_id": "00000000-0000-0000-0000-000000000000"}
    assert problem(call("POST", "/sources/hr/suggestions/confirm", stranger)) == (404, "not_found")
    nobody = body | {"same": False}
    assert problem(call("POST", "/sources/hr/suggestions/confirm", nobody)) == (409, "not_possible")
    unknown = {"record_id": "8", "same": True}
    assert problem(call("POST", "/sources/hr/suggestions/confirm", unknown)) == (404, "not_found")


def test_a_list_of_writers_is_set_and_taken_away(call: Caller, file_source: Callable[..., Any]) -> None:
    file_source("7,Ada,Byron,ada@acme.example")
    wanted = {"field": "title", "writers": ["source:hr", "client:script"]}
    assert call("PUT", "/precedence", wanted).json == {"precedence": {"title": wanted["writers"]}}
    assert call.get("/precedence") == {"precedence": {"title": wanted["writers"]}}
    assert call("PUT", "/precedence", {"field": "title", "writers": []}).json == {"precedence": {}}
    assert problem(call("PUT", "/precedence", {"field": "title", "writers": []})) == (404, "not_found")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"field": "nothing", "writers": ["client:script"]}, (409, "not_possible")),
        ({"field": "title", "writers": ["source:nobody"]}, (404, "not_found")),
        ({"field": "title", "writers": ["client:script"] * 2}, (409, "not_possible")),
        ({"field": "title", "writers": ["script"]}, (422, "invalid_value")),
        ({"field": "title"}, (422, "invalid_value")),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(
    call: Caller, wanted: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert problem(call("PUT", "/precedence", wanted)) == expected


def test_the_welcome_mail_is_set_shown_and_forgotten(call: Caller) -> None:
    assert problem(call("GET", "/welcome")) == (404, "not_found")
    shown = call("PUT", "/welcome", {"link": "https://acme.example/begin"}).json
    assert shown is not None
    assert ("{first_name}" in shown["subject"], "{link}" in shown["text"]) == (True, True)
    assert call.get("/welcome") == shown
    wrong = {"link": "https://acme.example/begin", "text": "Hello {nobody}"}
    assert problem(call("PUT", "/welcome", wrong)) == (409, "not_possible")
    assert call("DELETE", "/welcome").status_code == 204
    assert problem(call("DELETE", "/welcome")) == (404, "not_found")
