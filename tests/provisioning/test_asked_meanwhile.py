"""What is asked for, without a mark, while somebody works on a link is not lost when it is settled (rule 13)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask
from sqlalchemy import text

from app.database import reading, writing
from app.provisioning import approvals, breaker, plans, rehearsal, results, resync
from tests.harness.facts import wait_until
from tests.provisioning.world import World, in_days

Make = Callable[..., World]


def just_before_settling(deed: Callable[[Any], None]) -> AbstractContextManager[Any]:
    """Do something once, when the first batch is about to be settled; it is given the target."""
    write, done = results.write, []

    def late(target: Any, *rest: Any) -> None:
        if not done:
            done.append(True)
            deed(target)
        write(target, *rest)

    return patch.object(results, "write", late)


def test_people_whose_import_run_ends_while_a_drain_has_them_wait_are_created(
    app: Flask, scim_world: Make
) -> None:
    world, ended = scim_world(), []
    breaker.join(app, lambda *_: bool(ended))
    world.tick()
    world.hire_many(3, run=1)

    def end_of_the_run(target: Any) -> None:
        ended.append(True)
        with writing() as connection:
            breaker.review(connection, target)

    with just_before_settling(end_of_the_run):
        world.tick()
    world.settle()

    assert len(world.far.accounts()) == 3


def test_a_sync_on_demand_that_is_asked_for_while_a_drain_works_comes_to_its_end(scim_world: Make) -> None:
    world, asked = scim_world(), []
    world.tick()
    world.hire("Maya", "Okafor")

    def ask(target: Any) -> None:
        with writing() as connection:
            asked.append(resync.request_due(connection, target))

    with just_before_settling(ask):
        world.tick()
    world.tick()

    assert world.plans(id=asked[0])[0].state == "applied"


def test_a_plan_that_is_approved_while_a_drain_works_is_applied(scim_world: Make) -> None:
    world = scim_world()
    world.tick()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, title="Engineer")
    plan_id = rehearsal.rehearse(world.target)

    with just_before_settling(lambda _: world.approve(plan_id)):
        world.tick()
    world.tick()

    assert world.plans(id=plan_id)[0].state == "applied"
    assert world.account("maya.okafor@example.com")["title"] == "Engineer"


def test_rule_2_a_person_hired_again_under_an_address_still_owed_takes_over_the_account(
    scim_world: Make,
) -> None:
    world = scim_world()
    first = world.hire("Maya", "Okafor", "old@example.com")
    world.tick()
    world.email(first, "new@example.com")
    world.delete(first)
    world.hire("Maya", "Okafor", "new@example.com", title="Lead")

    world.settle()

    assert len(world.far.users()) == 1  # type: ignore[attr-defined]
    assert world.account("new@example.com")["title"] == "Lead"


@pytest.mark.parametrize("is_active", [False, True])
def test_who_leaves_or_comes_back_while_a_full_resync_writes_ends_as_the_directory_says(
    scim_world: Make, is_active: bool
) -> None:
    world = scim_world()
    people = world.hire_many(25)  # so many that the target is listed
    world.tick()
    if is_active:
        world.change(people[0], active=False)
    world.tick()
    world.far.change(world.link(people[0]).remote_id, active=is_active)

    with just_before_settling(lambda _: world.change(people[0], active=is_active)):
        world.full()
    world.settle()

    assert world.account("p0.many@example.com")["active"] is is_active


def test_a_suspend_that_comes_while_another_call_fails_waits_for_no_back_off(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.far.simulator.plan_faults("500:method=PATCH,count=1")  # type: ignore[attr-defined]
    world.change(maya, title="Engineer")

    with just_before_settling(lambda _: world.change(maya, active=False)):
        world.tick()

    link = world.link(maya)
    assert (link.due_at is not None, link.next_attempt_at, link.priority) == (True, None, 0)


def test_what_is_approved_while_an_older_call_fails_waits_for_no_back_off(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, title="Engineer")
    plan_id = rehearsal.rehearse(world.target)
    world.far.simulator.plan_faults("500:method=PATCH,count=1")  # type: ignore[attr-defined]

    with just_before_settling(lambda _: world.approve(plan_id)):
        world.tick()

    link = world.link(maya)
    assert (link.plan_id, link.next_attempt_at) == (plan_id, None)


def test_a_first_day_that_is_moved_while_the_later_one_is_settled_counts(scim_world: Make) -> None:
    world = scim_world(start_gate="0")
    maya = world.hire("Maya", "Okafor", hr={"startDate": in_days(60)})

    with just_before_settling(lambda _: world.change(maya, hr={"startDate": in_days(-1)})):
        world.tick()
    world.settle()

    assert "maya.okafor@example.com" in world.far.accounts()


def test_a_line_that_joins_a_plan_while_its_last_one_is_decided_waits_for_its_own_decision(
    app: Flask, scim_world: Make
) -> None:
    world = scim_world(protected="mokafor, nhaddad")
    world.far.add("maya.okafor@example.com", "mokafor")
    world.far.add("noor.haddad@example.com", "nhaddad")
    maya = world.hire("Maya", "Okafor")
    world.settle()
    (plan,) = world.plans(kind="approval")

    def decide() -> None:
        with app.app_context(), writing() as connection:
            approvals.approve(connection, world.tenant.id, plan.id, "test", employees=[maya])

    store, deciding = plans.store, threading.Thread(target=decide)

    def store_and_be_decided(*what: Any) -> None:
        store(*what)
        deciding.start()
        wait_until_a_lock_is_waited_for()

    noor = world.hire("Noor", "Haddad")
    with patch.object(plans, "store", store_and_be_decided):
        world.tick()
    deciding.join(20)

    states = {line["employee_id"]: line["state"] for line in world.lines(plan.id)}
    assert (world.plans(id=plan.id)[0].state, states[noor]) == ("waiting", "planned")
    assert states[maya] in ("approved", "applied")
    world.approve(plan.id)
    world.settle()
    assert [world.link(who).state for who in (maya, noor)] == ["linked", "linked"]


def test_a_line_that_is_shown_anew_while_it_is_discarded_is_discarded(app: Flask, scim_world: Make) -> None:
    world = scim_world(protected="mokafor")
    world.far.add("maya.okafor@example.com", "mokafor")
    maya = world.hire("Maya", "Okafor")
    world.settle()
    (plan,) = world.plans(kind="approval")
    discarded: list[int] = []

    def discard() -> None:
        with app.app_context(), writing() as connection:
            discarded.append(approvals.discard(connection, world.tenant.id, plan.id, "test"))

    store, deciding = plans.store, threading.Thread(target=discard)

    def be_discarded_and_store(*what: Any) -> None:
        deciding.start()
        wait_until_a_lock_is_waited_for()
        store(*what)

    world.change(maya, title="Engineer")
    with patch.object(plans, "store", be_discarded_and_store):
        world.tick()
    deciding.join(20)

    (line,) = world.lines(plan.id)
    assert discarded == [1]
    assert (line["state"], line["after"].get("title")) == ("discarded", "Engineer")


def wait_until_a_lock_is_waited_for() -> None:
    """On SQLite nobody can tell: there all writers wait for one another."""
    query = text(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with reading() as connection:
        if connection.dialect.name == "postgresql":
            wait_until(lambda: connection.execute(query).first() is not None, "somebody waits for a lock")
