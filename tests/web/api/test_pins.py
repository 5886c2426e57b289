"""Pins over the admin API: a value decided on, listed, and let go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app import directory
from app.access.tenants import Tenant
from app.database import reading
from app.sources import runner
from tests.web.api.conftest import Caller, problem

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def ada(hired: Callable[..., str]) -> str:
    """Give the id of an employee with a title."""
    return hired("ada", title="Analyst")


def test_a_value_is_pinned_and_listed_and_let_go(call: Caller, ada: str) -> None:
    assert call.get(f"/employees/{ada}/pins") == {"pins": []}
    wanted = {"field": "title", "value": "Countess", "note": "asked for by the board"}
    made = call.post(f"/employees/{ada}/pins", wanted)
    assert (made["field"], made["note"], made["by"].partition(":")[0]) == ("title", wanted["note"], "client")
    assert call.get(f"/employees/{ada}/pins") == {"pins": [made]}
    assert call.get(f"/employees/{ada}")["document"]["title"] == "Countess"
    assert call("POST", f"/employees/{ada}/unpin", {"field": "title"}).status_code == 204
    assert call.get(f"/employees/{ada}/pins") == {"pins": []}
    assert call.get(f"/employees/{ada}")["document"]["title"] == "Countess"


@pytest.mark.parametrize(("body", "title"), [({}, "Analyst"), ({"value": ""}, None)])
def test_what_stands_is_pinned_or_that_there_is_none(
    call: Caller, ada: str, body: dict[str, str], title: str | None
) -> None:
    call.post(f"/employees/{ada}/pins", {"field": "title", **body})
    assert call.get(f"/employees/{ada}")["document"].get("title") == title


def test_a_field_may_be_spelt_as_in_a_mapping(call: Caller, ada: str) -> None:
    for spelling in ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "givenName"):
        call.post(f"/employees/{ada}/pins", {"field": spelling, "value": "X"})
    pinned = call.get(f"/employees/{ada}/pins")["pins"]
    assert [each["field"] for each in pinned] == ["enterprise.department", "name.givenName"]


def test_an_import_goes_by_a_pin_and_by_its_end(
    call: Caller, file_source: Callable[..., Any], imported: Callable[..., Any], tenant: Tenant
) -> None:
    imported("1,Ada,Byron,ada@acme.example")
    with reading() as connection:
        [ada] = directory.ids_by_employee_number(connection, tenant.id, "1")
    call.post(f"/employees/{ada}/pins", {"field": "name.familyName", "value": "Lovelace"})
    for step, family in ((None, "Lovelace"), ("unpin", "Byron")):
        if step is not None:
            assert call("POST", f"/employees/{ada}/unpin", {"field": "familyName"}).status_code == 204
        call.post("/sources/hr/import", status=202)
        assert runner.resume_due(call.app) == 1
        assert call.get(f"/employees/{ada}")["document"]["name"]["familyName"] == family


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"field": "nothing"}, (409, "not_possible")),
        ({"field": "hr.salary.amount", "value": "1"}, (409, "not_possible")),
        ({"field": "hr.startDate", "value": "soon"}, (409, "not_possible")),
        ({"field": "userName", "value": "BO"}, (409, "not_possible")),
        ({"field": "title", "note": "x" * 501}, (422, "invalid_value")),
        ({"field": "title", "value": 7}, (422, "invalid_value")),
        ({"value": "x"}, (422, "invalid_value")),
    ],
)
def test_what_cannot_be_pinned_is_refused_and_changes_nothing(
    call: Caller, ada: str, hired: Callable[..., str], body: dict[str, Any], expected: tuple[int, str]
) -> None:
    hired("bo")
    assert problem(call("POST", f"/employees/{ada}/pins", body)) == expected
    assert call.get(f"/employees/{ada}/pins") == {"pins": []}
    assert call.get(f"/employees/{ada}")["version"] == 1


def test_what_is_not_pinned_or_not_there_is_not_found(call: Caller, ada: str) -> None:
    assert problem(call("POST", f"/employees/{ada}/unpin", {"field": "title"})) == (404, "not_found")
    for method, path in (("GET", "pins"), ("POST", "pins"), ("POST", "unpin")):
        body = None if method == "GET" else {"field": "title"}
        assert problem(call(method, f"/employees/{NOBODY}/{path}", body)) == (404, "not_found")
