"""The breaker: suspends that one import run asks for wait for its end, and too many for an admin (rule 16)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app.database import writing
from app.provisioning import approvals, breaker, rehearsal
from tests.provisioning.world import World

RUN = 7


@pytest.fixture
def ended(app: Flask) -> set[int]:
    """The import runs that have ended."""
    runs: set[int] = set()
    breaker.join(app, lambda connection, tenant_id, run_id: run_id in runs)
    return runs


@pytest.fixture
def world(scim_world: Callable[..., World]) -> World:
    return scim_world()


def suspended(world: World) -> int:
    return sum(account["active"] is False for account in world.far.accounts().values())


def test_rule_16_suspends_of_a_run_wait_until_it_has_ended_and_everything_else_goes_on(
    world: World, ended: set[int]
) -> None:
    maya, noor = world.hire("Maya", "Okafor"), world.hire("Noor", "Haddad")
    world.tick()
    world.change(maya, run=RUN, active=False, title="Alumna")
    world.change(noor, run=RUN, title="Lead")

    world.tick()

    assert suspended(world) == 0
    assert world.account("noor.haddad@example.com")["title"] == "Lead"
    assert world.account("maya.okafor@example.com")["title"] == "Alumna"
    assert world.link(maya).reason_code == "suspend_waits"

    ended.add(RUN)
    assert world.tick()["suspended"] == 1
    assert suspended(world) == 1


def test_rule_16_up_to_five_suspends_of_a_run_pass(world: World, ended: set[int]) -> None:
    people = world.hire_many(6)
    world.tick()
    ended.add(RUN)
    for id_ in people[:5]:
        world.change(id_, run=RUN, active=False)

    world.tick()

    assert suspended(world) == 5
    assert world.plans(kind="held") == []


def test_rule_16_more_than_five_and_twenty_percent_wait_for_approval(world: World, ended: set[int]) -> None:
    people = world.hire_many(10)
    world.tick()
    ended.add(RUN)
    for id_ in people[:6]:
        world.change(id_, run=RUN, active=False)
    world.change(people[9], title="Lead")

    world.tick()
    world.full()

    assert suspended(world) == 0
    assert world.account("p9.many@example.com")["title"] == "Lead"
    plan = world.plans(kind="held")[0]
    assert (plan.state, plan.run_id) == ("waiting", RUN)
    assert plan.reason == f"import run {RUN} asks for the suspend of 6 people; up to 5 of 10 pass unasked"
    assert len(world.lines(plan.id)) == 6

    world.approve(plan.id)
    world.tick()

    assert suspended(world) == 6
    assert world.plans(id=plan.id)[0].state == "applied"
    assert {line["state"] for line in world.lines(plan.id)} == {"applied"}


def test_rule_16_twenty_percent_of_many_pass(world: World, ended: set[int]) -> None:
    people = world.hire_many(40)
    world.tick()
    ended.add(RUN)
    for id_ in people[:8]:
        world.change(id_, run=RUN, active=False)

    world.tick()

    assert suspended(world) == 8


def test_rule_16_someone_active_again_is_not_suspended_by_a_late_approval(
    world: World, ended: set[int]
) -> None:
    people = world.hire_many(10)
    world.tick()
    ended.add(RUN)
    for id_ in people[:6]:
        world.change(id_, run=RUN, active=False)
    world.tick()
    plan = world.plans(kind="held")[0]
    world.change(people[0], active=True)

    world.approve(plan.id)
    world.tick()

    assert suspended(world) == 5
    refused = [line for line in world.lines(plan.id) if line["state"] == "refused"]
    assert [line["employee_id"] for line in refused] == [people[0]]


def test_rule_16_discarded_suspends_stay_unsent_until_the_status_changes_again(
    world: World, ended: set[int]
) -> None:
    people = world.hire_many(10)
    world.tick()
    ended.add(RUN)
    for id_ in people[:6]:
        world.change(id_, run=RUN, active=False)
    world.tick()
    with writing() as connection:
        approvals.discard(connection, world.tenant.id, world.plans(kind="held")[0].id, "test")

    world.tick()
    world.full()
    assert suspended(world) == 0

    world.change(people[0], active=True)
    world.change(people[0], active=False)
    world.tick()
    assert suspended(world) == 1


def test_rule_16_changes_by_a_person_do_not_count(world: World, ended: set[int]) -> None:
    people = world.hire_many(10)
    world.tick()
    for id_ in people:
        world.change(id_, active=False)

    world.tick()

    assert suspended(world) == 10


def test_rule_16_the_breaker_can_be_switched_off(world: World, ended: set[int]) -> None:
    people = world.hire_many(10)
    world.tick()
    world.configure(breaker="off")
    ended.add(RUN)
    for id_ in people:
        world.change(id_, run=RUN, active=False)

    world.settle()

    assert suspended(world) == 10


def test_rule_16_a_suspend_held_back_is_still_owed_after_the_employee_was_deleted(
    world: World, ended: set[int]
) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, run=RUN, active=False)
    world.tick()
    world.delete(maya)
    world.tick()
    assert suspended(world) == 0

    ended.add(RUN)
    world.tick()
    assert suspended(world) == 1
    assert world.link(maya).state == "orphan"


# --- the other classes --------------------------------------------------------------------------------------------


def test_rule_16_too_many_creations_of_a_run_wait_and_nobody_else_does(world: World, ended: set[int]) -> None:
    world.hire("Maya", "Okafor")
    world.tick()
    world.configure(create_floor="2", create_percent="10")
    ended.add(RUN)
    world.hire_many(3, run=RUN)
    world.hire("Noor", "Haddad")

    world.settle()

    assert sorted(world.far.accounts()) == ["maya.okafor@example.com", "noor.haddad@example.com"]
    plan = world.plans(kind="held")[0]
    assert plan.reason == f"import run {RUN} asks for the creation of 3 people; up to 2 of 1 pass unasked"

    world.approve(plan.id)
    world.settle()
    assert len(world.far.accounts()) == 5


def test_rule_16_the_first_people_of_a_target_are_what_it_is_there_for(world: World, ended: set[int]) -> None:
    world.configure(create_floor="2", create_percent="10")
    ended.add(RUN)
    world.hire_many(3, run=RUN)

    world.settle()

    assert len(world.far.accounts()) == 3


def test_rule_16_too_many_new_addresses_of_a_run_wait_and_other_fields_go_on(
    world: World, ended: set[int]
) -> None:
    people = world.hire_many(3)
    world.tick()
    world.configure(email_floor="2", email_percent="10")
    world.settle()
    ended.add(RUN)
    for n, id_ in enumerate(people):
        entry = {"type": "work", "value": f"new{n}@example.com", "primary": True}
        world.change(id_, run=RUN, emails=[entry], title="Lead")

    world.settle()

    assert sorted(world.far.accounts()) == [f"p{n}.many@example.com" for n in range(3)]
    assert {account["title"] for account in world.far.accounts().values()} == {"Lead"}
    assert world.link(people[0]).reason_code == "change_waits"

    world.approve(world.plans(kind="held")[0].id)
    world.settle()
    assert sorted(world.far.accounts()) == [f"new{n}@example.com" for n in range(3)]


def test_rule_16_blankings_are_judged_field_by_field_and_some_may_be_approved(
    world: World, ended: set[int]
) -> None:
    people = world.hire_many(3, title="Engineer", nickName="Nick")
    world.tick()
    world.configure(blank_floor="2", blank_percent="10")
    world.settle()
    ended.add(RUN)
    for id_ in people:
        world.change(id_, run=RUN, title=None)

    world.settle()

    assert {account.get("title") for account in world.far.accounts().values()} == {"Engineer"}
    plan = world.plans(kind="held")[0]
    assert {tuple(line["after"].items()) for line in world.lines(plan.id)} == {(("title", None),)}

    with writing() as connection:
        assert approvals.approve(connection, world.tenant.id, plan.id, "test", employees=people[:1]) == 1
        assert approvals.discard(connection, world.tenant.id, plan.id, "test", employees=people[1:2]) == 1
    world.settle()
    assert [world.plans(id=plan.id)[0].state] == ["waiting"]
    titles = [world.account(f"p{n}.many@example.com").get("title") for n in range(3)]
    assert titles == [None, "Engineer", "Engineer"]

    with writing() as connection:
        approvals.discard(connection, world.tenant.id, plan.id, "test")
    world.full()
    titles = [world.account(f"p{n}.many@example.com").get("title") for n in range(3)]
    assert titles == [None, "Engineer", "Engineer"]
    world.change(people[1], title="Lead")
    world.change(people[1], title=None)
    world.settle()
    assert world.account("p1.many@example.com").get("title") is None


def test_rule_16_small_runs_add_up_over_a_day(world: World, ended: set[int]) -> None:
    people = world.hire_many(10)
    world.tick()
    ended.update((RUN, RUN + 1, RUN + 2))
    for n, id_ in enumerate(people[:4]):
        world.change(id_, run=RUN + n // 2, active=False)
    world.tick()
    assert suspended(world) == 4

    for id_ in people[4:6]:
        world.change(id_, run=RUN + 2, active=False)
    world.tick()

    assert suspended(world) == 4
    assert "after 4 in the 24 hours before" in world.plans(kind="held")[0].reason


def test_rule_16_someone_who_comes_back_by_a_run_is_re_activated_at_once(
    world: World, ended: set[int]
) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, active=False)
    world.tick()
    world.change(maya, run=RUN, active=True)

    world.tick()

    assert suspended(world) == 0


def test_rule_16_a_change_of_something_else_lets_no_waiting_suspend_past_the_breaker(
    world: World, ended: set[int]
) -> None:
    people = world.hire_many(10)
    world.tick()
    for id_ in people[:6]:
        world.change(id_, run=RUN, active=False)
    for id_ in people[:3]:
        world.change(id_, title="Lead")
    for id_ in people[3:6]:
        world.change(id_, run=RUN + 1, title="Lead")

    world.tick()
    ended |= {RUN, RUN + 1}
    world.tick()

    assert suspended(world) == 0
    assert len(world.lines(world.plans(kind="held")[0].id)) == 6


def test_rule_16_the_approval_of_an_older_dry_run_lets_no_waiting_suspend_past_the_breaker(
    world: World, ended: set[int]
) -> None:
    people = world.hire_many(10)
    world.tick()
    for id_ in people[:6]:
        world.change(id_, title="Lead")
    plan_id = rehearsal.rehearse(world.target)
    for id_ in people[:6]:
        world.change(id_, run=RUN, active=False)

    world.approve(plan_id)
    world.tick()
    world.tick()
    assert suspended(world) == 0

    ended.add(RUN)
    world.tick()
    assert suspended(world) == 0
    assert len(world.lines(world.plans(kind="held")[0].id)) == 6


def test_rule_16_who_approves_many_creations_has_not_approved_a_protected_account(
    world: World, ended: set[int]
) -> None:
    world.hire("Noor", "Haddad")
    world.tick()
    world.configure(protected="p0.many")
    world.far.add("p0.many@example.com", "p0.many", title="Owner of the API key")
    ended.add(RUN)
    people = world.hire_many(60, run=RUN, title="Engineer")
    world.tick()

    world.approve(world.plans(kind="held")[0].id)
    world.settle()

    assert world.account("p0.many@example.com")["title"] == "Owner of the API key"
    assert world.account("p1.many@example.com")["title"] == "Engineer"
    assert world.link(people[0]).reason_code == "protected_account"
    (waiting,) = world.plans(kind="approval")
    assert [line["employee_id"] for line in world.lines(waiting.id)] == [people[0]]


def test_rule_16_a_leaver_with_a_protected_account_waits_for_a_second_approval_and_is_not_forgotten(
    world: World, ended: set[int]
) -> None:
    people = world.hire_many(10)
    world.tick()
    world.configure(protected="p0.many")
    world.settle()
    ended.add(RUN)
    for id_ in people[:6]:
        world.change(id_, run=RUN, active=False)
    world.tick()

    world.approve(world.plans(kind="held")[0].id)
    world.settle()
    assert suspended(world) == 5
    (waiting,) = world.plans(kind="approval", state="waiting")
    assert [line["employee_id"] for line in world.lines(waiting.id)] == [people[0]]

    world.approve(waiting.id)
    world.settle()
    assert suspended(world) == 6


def test_rule_1_suspends_of_a_run_go_first_again_when_it_has_ended(world: World, ended: set[int]) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, run=RUN, active=False)
    world.tick()
    ended.add(RUN)
    with writing() as connection:
        breaker.review(connection, world.target)
    assert world.link(maya).priority == 0
