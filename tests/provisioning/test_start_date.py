"""The start-date gate (rule 19): off by default; held until so many days before the first day, and then sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from app.database import reading
from app.provisioning import ticks
from app.provisioning.people import days_until
from tests.provisioning.world import World, in_days


@pytest.fixture
def world(scim_world: Callable[..., World]) -> World:
    return scim_world()


def test_rule_19_without_a_gate_a_future_hire_gets_an_account_at_once(world: World) -> None:
    world.hire("Maya", "Okafor", hr={"startDate": in_days(90)})

    assert world.tick()["created"] == 1


def test_rule_19_with_a_gate_a_future_hire_waits_and_no_request_leaves(world: World) -> None:
    world.configure(start_gate="7")
    world.settle()
    world.far.forget_calls()
    starts_on, opens_on = in_days(30), in_days(23)

    maya = world.hire("Maya", "Okafor", hr={"startDate": starts_on})
    counts = world.tick()

    link = world.link(maya)
    assert counts["waiting"] == 1
    assert (link.state, link.reason_code) == ("waiting", "starts_later")
    assert link.reason == f"waiting: starts on {starts_on}; the account is due from {opens_on} on"
    assert link.next_attempt_at == f"{opens_on}T00:00:00.000000Z"
    assert link.due_at is not None
    assert world.far.calls() == []
    target = world.target
    with reading() as connection:
        assert not ticks.has_work(connection, target)


def test_rule_19_on_the_day_the_account_is_created_without_another_mark(world: World) -> None:
    world.configure(start_gate="7")
    world.settle()
    maya = world.hire("Maya", "Okafor", hr={"startDate": in_days(30)})
    world.tick()

    with time_machine.travel(datetime.now(UTC) + timedelta(days=24)):
        counts = world.tick()

    assert counts["created"] == 1
    assert (world.link(maya).state, world.link(maya).due_at) == ("linked", None)


def test_rule_19_a_start_date_that_is_brought_forward_is_seen_at_once(world: World) -> None:
    world.configure(start_gate="7")
    world.settle()
    maya = world.hire("Maya", "Okafor", hr={"startDate": in_days(30)})
    world.tick()

    world.change(maya, hr={"startDate": in_days(3)})

    assert world.tick()["created"] == 1


def test_rule_19_the_gate_concerns_new_accounts_only_and_people_without_a_date_pass(world: World) -> None:
    world.configure(start_gate="7")
    maya = world.hire("Maya", "Okafor")
    world.settle()

    world.change(maya, hr={"startDate": in_days(60)}, title="Engineer")
    world.tick()

    assert world.account("maya.okafor@example.com")["title"] == "Engineer"


def test_rule_19_a_full_resync_ends_although_somebody_waits_for_a_day(world: World) -> None:
    world.configure(start_gate="0")
    world.hire("Maya", "Okafor", hr={"startDate": in_days(2)})

    counts = world.full()

    assert counts["waiting"] == 1
    assert {plan.state for plan in world.plans(kind="full")} == {"applied"}


def test_rule_19_taking_the_gate_away_lets_everybody_through(world: World) -> None:
    world.configure(start_gate="7")
    world.hire("Maya", "Okafor", hr={"startDate": in_days(30)})
    world.tick()

    world.configure(start_gate="off")

    assert world.tick()["created"] == 1


def test_what_is_no_date_counts_as_none() -> None:
    assert days_until("soon", date(2026, 1, 1)) is None
    assert days_until(None, date(2026, 1, 1)) is None
