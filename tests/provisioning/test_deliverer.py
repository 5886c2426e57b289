"""Draining: batches, leases and fencing, ticks, pauses; counted on real servers' call logs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app import clock
from app.database import reading, writing
from app.provisioning import claims, deliverer, resync, settlements, targets, ticks, turns
from app.provisioning.claims import Start
from app.provisioning.settlements import Settlement
from app.provisioning.tables import link_table
from tests.provisioning.world import World

Make = Callable[..., World]


@pytest.fixture
def world(scim_world: Make) -> World:
    return scim_world()


def faults(world: World, spec: str) -> None:
    world.far.simulator.plan_faults(spec)  # type: ignore[attr-defined]


def test_rule_11_an_idle_tick_of_10000_linked_people_sends_nothing_and_reads_one_index(world: World) -> None:
    world.tick()
    columns = {
        "tenant_id": world.tenant.id,
        "target_id": world.target.id,
        "state": "linked",
        "generation": 1,
        "due_generation": 1,
        "delivered_generation": 1,
        "priority": 2,
        "rides_along": False,
        "tries": 0,
        "lease_token": 1,
        "sent": {"active": True},
    }
    rows = [columns | {"employee_id": f"e-{n:05}", "remote_id": f"r-{n:05}"} for n in range(10_000)]
    with writing() as connection:
        connection.execute(insert(link_table), rows)
    world.far.forget_calls()

    assert world.tick() == {}

    assert world.far.calls() == []


def test_a_first_sync_of_people_who_are_there_lists_once_and_writes_only_what_differs(world: World) -> None:
    people = 250
    world.hire_many(people)
    for n in range(people):
        world.far.add(
            f"p{n}.many@example.com",
            f"p{n}",
            name={"givenName": f"P{n}", "familyName": "Many" if n % 10 else "Else"},
            displayName=f"P{n} Many",
        )

    counts = world.tick()

    reads = [
        call for call in world.far.calls() if call[0] == "GET" and "ServiceProviderConfig" not in call[1]
    ]
    assert counts["adopted"] == people
    assert len(reads) <= ceil(people / 100) + 1
    assert len(world.writes()) == people / 10


def test_rule_13_two_drains_at_once_share_the_work_and_never_a_person(world: World, app: Flask) -> None:
    people = world.hire_many(150)
    faults(world, "no-uniqueness; slow:ms=5")
    world.tick()
    for id_ in people:
        world.change(id_, title="Engineer")
    world.far.forget_calls()

    with _draining(world, app), _draining(world, app), _draining(world, app):
        pass

    assert len(world.writes()) == len(people)
    assert {account["title"] for account in world.far.accounts().values()} == {"Engineer"}


def test_rule_11_ticks_of_one_target_never_overlap_and_missed_ones_become_one(world: World) -> None:
    holder = deliverer.new_holder(world.tenant.id, world.target.id)
    with writing() as connection:
        assert turns.take_tick(connection, holder)

    assert ticks.run(world.tenant.id, world.target.id) is None

    with writing() as connection:
        turns.give_back(connection, holder)
    world.tick()
    with reading() as connection:
        assert ticks.due_targets(connection, clock.now()) == []
        later = clock.after(10 * world.target.interval_seconds)
        due = [(tenant_id, target_id) for tenant_id, target_id, _ in ticks.due_targets(connection, later)]
        assert due == [(world.tenant.id, world.target.id)]
    assert world.target.next_tick_at > clock.after(world.target.interval_seconds - 5)


def test_a_target_paused_in_the_middle_of_a_batch_gets_no_further_call(world: World, app: Flask) -> None:
    people = world.hire_many(80)
    faults(world, "slow:ms=150,method=POST")
    with _draining(world, app):
        while not world.far.accounts():
            time.sleep(0.01)
        with writing() as connection:
            targets.pause(connection, world.target, "test", "enough")

    made = len(world.far.accounts())
    assert 0 < made < 80
    with reading() as connection:
        rows = connection.execute(select(link_table)).all()
    assert sum(row.state == "linked" for row in rows) == made
    assert all(row.attempt_kind is None and row.lease_owner is None for row in rows)

    faults(world, "")
    with writing() as connection:
        targets.resume(connection, world.target, "test")
    world.settle()
    assert {world.link(id_).state for id_ in people} == {"linked"}
    assert len(world.far.accounts()) == 80


@contextmanager
def _draining(world: World, app: Flask) -> Iterator[None]:
    """A drain in a thread of its own meanwhile; ended at the end."""

    def work() -> None:
        with app.app_context():
            deliverer.drain(world.tenant.id, world.target.id)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()


def test_rule_13_a_worker_that_lost_its_lease_neither_begins_nor_settles(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    slow, quick = (deliverer.new_holder(world.tenant.id, world.target.id) for _ in range(2))
    with writing() as connection:
        link = claims.claim(connection, slow)[0]
        connection.execute(link_table.update().values(lease_until=clock.after(-1)))
        successor = claims.claim(connection, quick)[0]
        assert successor.lease_token == link.lease_token + 1

        assert claims.start(connection, slow, [Start(link, "create", {}, True)]) == set()
        columns = dict.fromkeys((*settlements.SETTLED, "frozen"))
        lost = Settlement(link, columns | {"state": "linked", "reason_code": None, "reason": None}, True)
        assert settlements.settle(connection, slow, [lost]) == (set(), set())

    assert world.link(maya).state == "new"


def test_rule_13_a_change_made_while_a_request_is_under_way_is_delivered_afterwards(
    world: World, app: Flask
) -> None:
    maya = world.hire("Maya", "Okafor", title="A")
    world.tick()
    world.change(maya, title="B")
    faults(world, "slow-answer:ms=500,method=PATCH,count=1")

    with _draining(world, app):
        while world.account("maya.okafor@example.com")["title"] != "B":
            time.sleep(0.01)
        world.change(maya, title="C")
    world.settle()

    assert world.account("maya.okafor@example.com")["title"] == "C"


def test_someone_deleted_while_the_create_is_under_way_becomes_an_orphan(world: World, app: Flask) -> None:
    maya = world.hire("Maya", "Okafor")
    faults(world, "slow-answer:ms=600,method=POST,count=1")

    with _draining(world, app):
        while not world.far.accounts():
            time.sleep(0.01)
        world.delete(maya)
    world.settle()

    link = world.link(maya)
    assert (link.state, link.due_at) == ("orphan", None)
    assert link.remote_id == world.account("maya.okafor@example.com")["id"]
    assert world.account("maya.okafor@example.com")["active"] is True


def test_rule_6_suspends_leave_before_everything_else(world: World) -> None:
    people = world.hire_many(120)
    world.tick()
    for id_ in people[:-1]:
        world.change(id_, title="Engineer")
    world.change(people[-1], active=False)
    world.far.forget_calls()

    world.tick()

    assert world.writes()[0][1].endswith(world.link(people[-1]).remote_id)


def test_rule_12_a_list_that_cannot_be_trusted_makes_a_full_resync_read_account_by_account(
    world: World,
) -> None:
    people = world.hire_many(25)
    world.tick()
    world.far.change(world.link(people[3]).remote_id, title="King")
    world.change(people[3], title="Engineer")
    faults(world, "lying-total:add=1000")

    counts = world.full()

    assert counts["updated"] == 1
    assert counts["unchanged"] == 24
    assert world.account("p3.many@example.com")["title"] == "Engineer"


def test_rule_12_a_full_resync_that_is_asked_for_twice_is_one(world: World) -> None:
    world.hire_many(3)
    with writing() as connection:
        one = resync.request_full(connection, world.target, "first")
        two = resync.request_full(connection, world.target, "second")

    assert one == two


def test_a_put_only_target_is_updated_without_losing_what_it_alone_knows(scim_world: Make) -> None:
    world = scim_world("no-patch")
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.far.change(world.link(maya).remote_id, nickName="kept")
    world.change(maya, title="Engineer")
    world.tick()
    world.change(maya, active=False, title="Alumna")
    world.tick()

    user = world.far.users()[0]  # type: ignore[attr-defined]
    assert (user["title"], user["nickName"], user["active"]) == ("Alumna", "kept", False)
    assert world.link(maya).state == "linked"


def test_a_long_list_of_which_pages_fail_now_and_then_is_read_all_the_same(
    scim_world: Callable[..., World],
) -> None:
    world = scim_world("page-cap:size=1;503:every=15,retry_after=0;500:every=22,method=GET", concurrency="1")
    world.hire_many(30)
    world.settle(60)
    with writing() as connection:
        resync.request_full(connection, world.target, "test")

    world.settle(60)

    assert len(world.far.accounts()) == 30
    assert {plan.state for plan in world.plans()} == {"applied"}


def test_a_list_that_never_comes_to_its_end_keeps_nobody_waiting(scim_world: Callable[..., World]) -> None:
    world = scim_world("page-cap:size=5;500:path=startIndex=11")
    people = world.hire_many(30)
    world.settle(60)
    with writing() as connection:
        resync.request_full(connection, world.target, "test")
    world.change(people[0], active=False)

    world.settle(60)

    assert world.account("p0.many@example.com")["active"] is False
    assert world.target.failures == 0
    assert {plan.state for plan in world.plans()} == {"applied"}
