"""Plans over the admin API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert

from app import clock
from app.access.tenants import Tenant
from app.database import writing
from app.provisioning import plans
from app.provisioning.tables import operation_table
from tests.web.api.conftest import Caller, problem


@pytest.fixture
def plan(tenant: Tenant, target: Callable[..., Any], hired: Callable[..., str]) -> Callable[[int], Any]:
    """Give a function that stores a dry run with so many creations, and returns (its number, the employees)."""

    def store(people: int) -> tuple[int, list[str]]:
        made, employees = target(), [hired(f"person{number}") for number in range(people)]
        with writing() as connection:
            number = plans.create(connection, tenant.id, made.id, plans.DRY_RUN, "draft", "dry run")
            for place, employee in enumerate(employees, start=1):
                connection.execute(insert(operation_table), _line(tenant, number, place, employee))
        return number, employees

    return store


def _line(tenant: Tenant, plan: int, number: int, employee: str) -> dict[str, Any]:
    request = {"method": "POST", "path": "/Users", "query": [], "headers": [], "body": "{}"}
    return {
        "tenant_id": tenant.id,
        "plan_id": plan,
        "employee_id": employee,
        "number": number,
        "label": f"person {number}",
        "kind": "create",
        "before": {},
        "after": {"userName": f"person{number}"},
        "reason": "new",
        "requests": [request],
        "employee_version": 1,
        "link_generation": 1,
        "state": "planned",
    }


def test_a_plan_is_listed_shown_and_read_line_by_line(call: Caller, plan: Callable[[int], Any]) -> None:
    number, employees = plan(5)
    shown = call.get(f"/plans/{number}")
    assert (shown["target"], shown["kind"], shown["state"]) == ("far", "dry-run", "draft")
    assert call.get("/plans?target=far&state=draft")["plans"] == [shown]
    address, seen = f"/plans/{number}/operations?limit=2", []
    while address:
        page = call.get(address)
        seen += page["operations"]
        address = (page["next"] or "").removeprefix("/api/v1")
    assert [line["employee_id"] for line in seen] == employees
    assert seen[0]["requests"][0]["body"] == "{}"


def test_a_plan_is_approved_once(call: Caller, plan: Callable[[int], Any]) -> None:
    number, _ = plan(2)
    approved = call.post(f"/plans/{number}/approve")
    assert (approved["state"], approved["operations"]) == ("approved", 2)
    assert approved["decided_by"].startswith("client:")
    assert clock.parse_instant(approved["decided_at"])
    for step in ("approve", "discard"):
        assert problem(call("POST", f"/plans/{number}/{step}")) == (409, "not_possible")


def test_it_is_decided_person_by_person(call: Caller, plan: Callable[[int], Any]) -> None:
    number, (first, second) = plan(2)
    put_away = call.post(f"/plans/{number}/discard", {"employees": [first]})
    assert (put_away["state"], put_away["operations"]) == ("draft", 1)
    assert problem(call("POST", f"/plans/{number}/approve", {"employees": [first]})) == (409, "not_possible")
    assert call.post(f"/plans/{number}/approve", {"employees": [second]})["state"] == "approved"


def test_lines_behind_those_that_were_read_are_left_waiting(call: Caller, plan: Callable[[int], Any]) -> None:
    number, (_, _, last) = plan(3)
    approved = call.post(f"/plans/{number}/approve", {"upto": 2})
    assert (approved["state"], approved["operations"]) == ("draft", 2)
    unseen = call("POST", f"/plans/{number}/approve", {"upto": 2, "employees": [last]})
    assert problem(unseen) == (409, "not_possible")
    assert call.post(f"/plans/{number}/discard", {"upto": 3})["operations"] == 1


def test_plans_are_listed_in_pages(call: Caller, tenant: Tenant, target: Callable[..., Any]) -> None:
    made = target()
    with writing() as connection:
        numbers = [plans.create(connection, tenant.id, made.id, plans.TICK, "applied", "x") for _ in range(5)]
    address, seen = "/plans?limit=2", []
    while address:
        page = call.get(address)
        seen += [each["plan"] for each in page["plans"]]
        address = (page["next"] or "").removeprefix("/api/v1")
    assert seen == numbers[::-1]


def test_a_plan_that_is_not_there_is_not_found(call: Caller) -> None:
    for method, path in (("GET", ""), ("GET", "/operations"), ("POST", "/approve"), ("POST", "/discard")):
        assert problem(call(method, f"/plans/7{path}")) == (404, "not_found"), path
