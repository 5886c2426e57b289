"""What a target's errors mean (rule 14): retry, pause, hold, adopt; each seen on a real server's call log."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import update

from app import clock
from app.database import writing
from app.provisioning import retries, targets
from app.provisioning.tables import link_table, target_table
from tests.provisioning.world import World

Make = Callable[..., World]


def faults(world: World, spec: str) -> None:
    world.far.simulator.plan_faults(spec)  # type: ignore[attr-defined]


def test_rule_14_401_pauses_the_target_after_one_call(scim_world: Make) -> None:
    world = scim_world()
    world.hire_many(50)
    faults(world, "401")

    world.tick()

    assert len(world.far.calls()) <= 3
    target = world.target
    assert target.state == "paused"
    assert "refused our credentials" in (target.pause_reason or "")
    world.far.forget_calls()


def test_rule_14_401_in_the_middle_of_a_push_stops_it_at_once(scim_world: Make) -> None:
    world = scim_world(concurrency="2")
    world.hire_many(50)
    faults(world, "401:after=30")

    world.tick()

    assert len(world.far.calls()) <= 30 + 3
    assert world.target.state == "paused"


def test_rule_14_400_holds_that_person_only_and_is_not_repeated(scim_world: Make) -> None:
    world = scim_world()
    maya, noor = world.hire("Maya", "Okafor"), world.hire("Noor", "Haddad")
    world.tick()
    remote_id = world.link(maya).remote_id
    faults(world, f"400:path={remote_id},method=PATCH+PUT")
    world.change(maya, title="Refused")
    world.change(noor, title="Lead")

    counts = world.tick()

    assert (counts["held"], counts["updated"]) == (1, 1)
    assert (world.link(maya).state, world.link(maya).reason_code) == ("held", "refused")
    world.far.forget_calls()
    world.tick()
    world.full()
    assert world.writes() == []

    faults(world, "")
    world.change(maya, title="Accepted")
    world.tick()
    assert world.account("maya.okafor@example.com")["title"] == "Accepted"


def test_rule_14_a_suspend_is_sent_although_the_other_fields_are_refused(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    faults(world, f"400:path={world.link(maya).remote_id},method=PATCH,after=1")

    world.change(maya, active=False, title="Refused")
    world.tick()

    assert world.account("maya.okafor@example.com")["active"] is False
    assert world.link(maya).state == "held"


def test_rule_14_a_held_person_who_leaves_is_suspended(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    faults(world, f"400:path={world.link(maya).remote_id},method=PATCH,nth=1+3")
    world.change(maya, title="Refused")
    world.tick()
    assert world.link(maya).state == "held"

    world.change(maya, active=False)
    world.tick()

    assert world.account("maya.okafor@example.com")["active"] is False


@pytest.mark.parametrize("when", ["", ",when=date"])
def test_rule_14_429_is_obeyed_and_the_push_goes_on_afterwards(scim_world: Make, when: str) -> None:
    world = scim_world()
    people = world.hire_many(6)
    faults(world, f"429:nth=3,retry_after=1{when}")

    world.tick()
    calls = len(world.far.calls())
    world.tick()
    assert len(world.far.calls()) == calls, "nothing leaves before Retry-After is over"

    world.settle()
    assert len(world.far.accounts()) == 6
    assert {world.link(id_).state for id_ in people} == {"linked"}


def test_rule_14_a_target_that_is_down_is_left_alone_after_a_few_calls_and_then_probed_by_one(
    scim_world: Make,
) -> None:
    world = scim_world()
    world.hire_many(50)
    faults(world, "503:retry_after=1")

    world.tick()
    assert len(world.far.calls()) <= 5
    time.sleep(1.1)
    world.far.forget_calls()
    world.tick()

    assert len(world.far.calls()) <= 2
    faults(world, "")
    world.settle()
    assert len(world.far.accounts()) == 50


def test_rule_14_500s_now_and_then_are_retried_until_everybody_is_there_once(scim_world: Make) -> None:
    world = scim_world()
    world.hire_many(30)
    faults(world, "seed=5; 500:rate=0.2")

    world.settle(60)

    assert len(world.far.users()) == 30  # type: ignore[attr-defined]


def test_rule_14_an_answer_lost_after_the_commit_creates_nobody_twice(scim_world: Make) -> None:
    world = scim_world()
    world.hire_many(20)
    faults(world, "seed=3; no-uniqueness; drop-after-commit:rate=0.3,method=POST")

    world.settle(60)

    assert len(world.far.users()) == 20  # type: ignore[attr-defined]


def test_rule_14_a_lost_answer_followed_by_a_rename_finds_the_account_under_its_old_address(
    scim_world: Make,
) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    faults(world, "no-uniqueness; drop-after-commit:method=POST,count=1")
    world.tick()
    assert world.link(maya).attempt_kind == "create"

    world.email(maya, "maya.lee@example.com")
    world.settle()

    assert list(world.far.accounts()) == ["maya.lee@example.com"]


def test_rule_14_an_update_whose_answer_was_lost_is_compared_before_it_is_repeated(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor", title="A")
    world.tick()
    faults(world, "drop-after-commit:method=PATCH,count=1")
    world.change(maya, title="B")
    world.tick()

    world.change(maya, title="A")
    world.settle()

    assert world.account("maya.okafor@example.com")["title"] == "A"
    assert world.link(maya).attempt_kind is None


def test_rule_14_409_on_create_without_an_account_of_that_email_holds(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    faults(world, "ignore-filters; 409:method=POST,count=1")
    world.far.add("someone.else@example.com", "else")

    counts = world.tick()

    assert counts["held"] == 1
    assert world.link(maya).reason_code == "user_name_taken"


def test_rule_14_409_on_create_adopts_the_account_that_came_into_being_meanwhile(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.far.remove(world.link(maya).remote_id)
    world.configure(vanished="recreate")
    faults(world, "slow:ms=600,method=POST")
    meanwhile = threading.Timer(0.3, world.far.add, ("maya.okafor@example.com", "maya.okafor"))
    meanwhile.start()

    world.settle()
    meanwhile.join()

    assert len(world.far.users()) == 1  # type: ignore[attr-defined]
    assert world.account("maya.okafor@example.com")["title"] == "Engineer"
    assert world.link(maya).state == "linked"


def test_rule_14_409_on_update_holds(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    faults(world, "409:method=PATCH")

    world.change(maya, title="Engineer")
    world.tick()

    assert (world.link(maya).state, world.link(maya).reason_code) == ("held", "conflict")


def test_rule_14_a_suspend_that_changed_nothing_is_an_error_and_is_repeated(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, active=False)
    faults(world, "html:method=PATCH,count=1")

    world.tick()
    assert world.account("maya.okafor@example.com")["active"] is True
    assert world.link(maya).due_at is not None

    world.settle()
    assert world.account("maya.okafor@example.com")["active"] is False


def test_rule_14_72_hours_of_failures_end_in_quarantine_and_a_leaver_is_suspended_all_the_same(
    scim_world: Make,
) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    faults(world, "500:count=1,method=PATCH")
    world.change(maya, title="Engineer")
    with writing() as connection:
        connection.execute(update(link_table).values(first_failed_at=clock.after(-73 * 3600)))

    world.tick()
    assert (world.link(maya).state, world.link(maya).reason_code) == ("held", "quarantine")
    assert world.link(maya).due_at is not None
    assert world.link(maya).next_attempt_at > clock.after(23 * 3600), "it is tried again once a day"

    with writing() as connection:
        connection.execute(update(target_table).values(failures=0, retry_at=None))
    world.change(maya, active=False)
    world.settle()
    assert world.account("maya.okafor@example.com")["active"] is False


def failing_since(hours: float) -> None:
    """Have whoever failed have failed for so long, and no request of theirs be on its way."""
    failed = link_table.c.first_failed_at.is_not(None)
    since = {"first_failed_at": clock.after(-hours * 3600), "next_attempt_at": None, "quiet_until": None}
    with writing() as connection:
        connection.execute(update(link_table).where(failed).values(since))


def test_rule_14_a_429_sends_nobody_into_quarantine_however_long_ago_they_failed(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, active=False)
    faults(world, "500:nth=1,method=PATCH")
    world.tick()
    failing_since(73)
    faults(world, "429:nth=1,retry_after=1,method=PATCH")

    world.tick()

    assert (world.link(maya).state, world.link(maya).reason_code) == ("linked", "rate_limited")
    assert world.link(maya).next_attempt_at < clock.after(2)
    world.settle()
    assert world.account("maya.okafor@example.com")["active"] is False


def test_rule_14_a_pause_is_no_time_of_failures_and_a_leaver_is_tried_at_once_when_it_ends(
    scim_world: Make,
) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, active=False)
    faults(world, "500:count=2,method=PATCH")
    world.tick()
    failing_since(73)
    with writing() as connection:
        connection.execute(update(link_table).values(next_attempt_at=clock.after(1800)))
        targets.pause(connection, world.target, "test", "the weekend")
        targets.resume(connection, world.target, "test")

    world.tick()

    assert (world.link(maya).state, world.link(maya).reason_code) == ("linked", "server_error")
    assert world.link(maya).tries == 1
    world.settle()
    assert world.account("maya.okafor@example.com")["active"] is False


def test_rule_14_accounts_that_stay_active_keep_nobody_else_waiting(scim_world: Make) -> None:
    world = scim_world(breaker="off", concurrency="1")
    stubborn, leaver = world.hire_many(6), world.hire("Noor", "Haddad")
    world.tick()
    faults(world, ";".join(f"empty:method=PATCH,path={world.link(id_).remote_id}" for id_ in stubborn))
    for id_ in (*stubborn, leaver):
        world.change(id_, active=False)
    world.hire("Maya", "Okafor")

    world.tick()

    assert {world.link(id_).reason_code for id_ in stubborn} == {"suspend_without_effect"}
    assert world.account("noor.haddad@example.com")["active"] is False
    assert "maya.okafor@example.com" in world.far.accounts()
    assert (world.target.failures, world.target.retry_at) == (0, None)
    faults(world, "")
    world.settle()
    assert {
        account["active"] for account in world.far.accounts().values() if account["givenName"] != "Maya"
    } == {False}


def test_rule_14_backoff_is_full_jitter_between_a_moment_and_thirty_minutes() -> None:
    chance = random.Random(1)

    assert max(retries.backoff(1, chance) for _ in range(200)) <= 1
    assert 1700 < max(retries.backoff(50, chance) for _ in range(500)) <= 1800
    assert min(retries.backoff(50, chance) for _ in range(500)) < 60


def test_rule_14_retry_after_is_clamped_to_thirty_minutes() -> None:
    assert retries.wait(1e9, 1, random.Random(1)) == 1800


def test_rule_14_a_short_retry_after_is_waited_for_and_the_drain_goes_on(
    scim_world: Callable[..., World],
) -> None:
    world = scim_world("503:nth=9,retry_after=1,method=GET")
    world.hire_many(20)
    world.tick()
    assert len(world.far.accounts()) >= 19


def test_rule_1_a_leaver_whose_account_only_seemed_to_have_vanished_is_suspended(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    faults(world, f"404:path={world.link(maya).remote_id}")
    world.change(maya, title="Engineer")
    world.settle()
    assert world.link(maya).state == "vanished"

    faults(world, "")
    world.change(maya, active=False)
    world.tick()

    assert world.account("maya.okafor@example.com")["active"] is False
    assert world.link(maya).state == "linked"
