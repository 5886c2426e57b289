"""Employees over the admin API: found, shown, explained."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.directory import listing
from scim.resources import ENTERPRISE, HR
from tests.web.api.conftest import Caller, problem


@pytest.fixture
def people(hired: Callable[..., str]) -> dict[str, str]:
    """Give first name → id of four employees."""
    return {
        "ada": hired(
            "ada.byron",
            name={"givenName": "Ada", "familyName": "Byron"},
            emails=[{"type": "work", "value": "Ada@acme.example"}],
            **{ENTERPRISE: {"employeeNumber": "E-1"}},
        ),
        "bo": hired("bo", displayName="Bo Li", active=False),
        "cyd": hired("cyd", name={"givenName": "Cyd", "familyName": "Ada-Lin"}),
        "quote": hired('d"); drop', displayName='D"quote'),
    }


def found(call: Caller, people: dict[str, str], query: str) -> set[str]:
    """Return the first names of those whom a query finds."""
    names = {id_: name for name, id_ in people.items()}
    return {names[each["id"]] for each in call.get(f"/employees?{query}")["employees"]}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=ADA", {"ada", "cyd"}),
        ("q=byr", {"ada"}),
        ("q=ada@acme", {"ada"}),
        ("q=e-1", {"ada"}),
        ("q=E-", set()),
        ("q=bo", {"bo"}),
        ("q=bo&active=true", set()),
        ("active=false", {"bo"}),
        ("active=true", {"ada", "cyd", "quote"}),
        ("q=d%22", {"quote"}),
        ("q=%5C%22)%20or%20id%20pr", set()),
        ("q=%25", set()),
    ],
)
def test_people_are_found_by_how_a_name_or_an_address_begins(
    call: Caller, people: dict[str, str], query: str, names: set[str]
) -> None:
    assert found(call, people, query) == names


def test_an_id_finds_its_employee(call: Caller, people: dict[str, str]) -> None:
    assert found(call, people, f"q={people['cyd']}") == {"cyd"}


def test_a_line_has_what_people_are_known_by(call: Caller, people: dict[str, str]) -> None:
    (line,) = call.get("/employees?q=byron")["employees"]
    assert {
        name: line[name] for name in ("user_name", "name", "work_email", "employee_number", "active")
    } == {
        "user_name": "ada.byron",
        "name": "Ada Byron",
        "work_email": "Ada@acme.example",
        "employee_number": "E-1",
        "active": True,
    }


def test_every_employee_stands_on_one_page(call: Caller, people: dict[str, str]) -> None:
    address, seen = "/employees?limit=3", []
    while address:
        page = call.get(address)
        assert page["total"] == 4
        seen += [each["id"] for each in page["employees"]]
        address = (page["next"] or "").removeprefix("/api/v1")
    assert seen == sorted(people.values())


def test_a_large_directory_is_searched_only_by_what_an_index_knows(
    call: Caller, people: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LOOK_THROUGH", 3)
    assert found(call, people, "q=ada") == {"ada"}
    assert found(call, people, "q=byron") == set()


def test_what_is_sensitive_is_not_shown(call: Caller, hired: Callable[..., str]) -> None:
    someone = hired("ada", **{HR: {"dateOfBirth": "1990-02-03", "startDate": "2026-01-05"}})
    shown = call.get(f"/employees/{someone}")
    assert shown["document"][HR] == {"startDate": "2026-01-05"}
    everything = json.dumps([shown, call.get("/employees"), call.get(f"/employees/{someone}/explain")])
    assert "1990-02-03" not in everything


def test_an_explanation_says_who_wrote_what_and_what_became_of_it(
    call: Caller, imported: Callable[..., Any], target: Callable[..., Any]
) -> None:
    target()
    run = imported("1,Ada,Byron,ada@acme.example")
    (someone,) = call.get("/employees")["employees"]
    explained = call.get(f"/employees/{someone['id']}/explain")
    assert explained["origins"]["name.givenName"]["writer"] == "source hr"
    assert explained["origins"]["name.givenName"]["run"] == run.id
    (link,) = explained["targets"]
    assert (link["target"], link["fields"]["givenName"]["directory"]) == ("far", "Ada")


def test_who_is_not_there_is_not_found(call: Caller) -> None:
    for path in ("00000000-0000-0000-0000-000000000000", "x", "A" * 36, "%00"):
        assert problem(call("GET", f"/employees/{path}")) == (404, "not_found")
    assert problem(call("GET", "/employees/00000000-0000-0000-0000-000000000000/explain"))[0] == 404
