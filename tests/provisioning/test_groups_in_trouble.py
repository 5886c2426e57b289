"""Department groups when something goes wrong: who is refused, what is unanswered, who died, what must wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from sqlalchemy import update

from app import clock
from app.access.tenants import Tenant
from app.database import writing
from app.errors import WrongUse
from app.provisioning import connections, deliverer, targets
from app.provisioning.adapter import GroupAdapter, send
from app.provisioning.groups import claims, marking, wanted
from app.provisioning.tables import group_link_table
from tests.provisioning.department_groups import (
    documents,
    group_calls,
    hire,
    ids_in,
    let_time_pass,
    members,
    move,
    row,
    settle,
)
from tests.provisioning.far import Scim
from tests.provisioning.world import World

Make = Callable[..., World]


def test_a_member_whom_the_target_does_not_know_is_named_and_the_others_are_in(scim_world: Make) -> None:
    world = scim_world("known-members")
    people = world.hire_many(12, enterprise={"department": "Sales"})
    world.tick()
    gone = world.link(people[5]).remote_id
    world.far.remove(gone)
    _switch_on(world, "Sales")
    world.far.forget_calls()

    world.tick()

    held = row(world, "sales")
    assert (held.state, held.reason_code, held.due_at) == ("held", "member_refused", None)
    assert gone in held.reason and "P5 Many" in held.reason
    assert len(ids_in(documents(world)[0])) == 11
    assert len(group_calls(world)) < 12

    world.tick()
    world.far.forget_calls()
    world.tick()
    assert world.far.calls() == []


def test_an_unanswered_creation_is_looked_up_and_there_is_one_group(scim_world: Make) -> None:
    world = scim_world("drop-after-commit:method=POST,path=/Groups,count=1", groups="departments")
    hire(world, "Maya", "Sales")
    world.tick()
    assert row(world, "sales").attempt_started_at is not None

    let_time_pass(world)
    settle(world)

    assert members(world) == {"Sales": {"Maya"}}
    assert [method for method, _ in group_calls(world)] == ["POST"]


def test_an_unanswered_addition_of_somebody_who_moved_meanwhile_is_taken_back(scim_world: Make) -> None:
    world = scim_world("drop-after-commit:method=PATCH,path=/Groups,count=1", groups="departments")
    hire(world, "Maya", "Sales")
    world.tick()
    noor = hire(world, "Noor", "Sales")
    world.tick()
    assert members(world) == {"Sales": {"Maya", "Noor"}}

    move(world, noor, None)
    let_time_pass(world)
    settle(world)

    assert members(world) == {"Sales": {"Maya"}}


def test_a_worker_that_died_after_the_creation_leaves_one_group(scim_world: Make) -> None:
    world = scim_world()
    hire(world, "Maya", "Sales")
    world.tick()
    _switch_on(world, "Sales")
    _die_after_creation(world, "Sales")
    world.far.forget_calls()

    world.tick()
    assert group_calls(world) == []  # the dead one's last call may still be on its way

    let_time_pass(world)
    world.tick()

    assert members(world) == {"Sales": {"Maya"}}
    assert [method for method, _ in group_calls(world)] == ["PATCH"]


def test_a_worker_that_lost_its_lease_writes_no_result(scim_world: Make) -> None:
    world = scim_world(groups="departments")
    hire(world, "Maya", "Sales")
    world.tick()
    late = deliverer.new_holder(world.tenant.id, world.target.id)
    _switch_on(world, "Sales")
    with writing() as connection:
        link = claims.claim(connection, late)[0]
    let_time_pass(world)
    hire(world, "Noor", "Sales")
    world.tick()
    after = row(world, "sales")

    with writing() as connection:
        assert not claims.start(connection, late, link, None, ["somebody"])
        columns = {name: getattr(after, name) for name in claims.SETTLED} | {"state": "held"}
        result = claims.GroupResult(link, columns, is_done=True, members=frozenset())
        assert not claims.settle(connection, late, result)

    assert row(world, "sales") == after
    assert members(world) == {"Sales": {"Maya", "Noor"}}


def test_refused_credentials_pause_the_target_and_the_group_stays_due(scim_world: Make) -> None:
    world = scim_world("401:path=/Groups", groups="departments")
    hire(world, "Maya", "Sales")

    world.tick()

    assert world.target.state == "paused"
    assert row(world, "sales").due_at is not None
    assert len([path for _, path in world.far.calls() if "/Groups" in path]) == 1


def test_a_target_that_fails_is_tried_again_later(scim_world: Make) -> None:
    world = scim_world("503:path=/Groups,count=2,retry_after=1", groups="departments")
    hire(world, "Maya", "Sales")

    settle(world, waits=False)

    assert members(world) == {"Sales": {"Maya"}}


def test_where_there_are_no_groups_the_group_says_so(scim_world: Make) -> None:
    world = scim_world("no-groups", groups="departments")
    hire(world, "Maya", "Sales")

    world.tick()

    held = row(world, "sales")
    assert (held.state, held.reason_code) == ("held", "no_groups")


def test_a_target_without_groups_cannot_be_told_to_keep_them(tenant: Tenant) -> None:
    far = Scim()
    try:
        with pytest.raises(WrongUse, match="takes no groups"):
            World(tenant, far, groups="departments", profile="jumpcloud")
    finally:
        far.stop()


def test_groups_need_the_field_department(scim_world: Make) -> None:
    world = scim_world(groups="departments")
    fields = ["givenName", "familyName"]

    with pytest.raises(WrongUse, match="needs the field department"):
        world.configure(fields=fields)


def test_what_fails_for_more_than_72_hours_is_tried_once_a_day(scim_world: Make) -> None:
    world = scim_world("500:path=/Groups,count=2", groups="departments")
    hire(world, "Maya", "Sales")
    world.tick()
    with writing() as connection:
        long_ago = clock.after(-73 * 3600)
        connection.execute(update(group_link_table).values(first_failed_at=long_ago, next_attempt_at=None))

    world.tick()

    held = row(world, "sales")
    assert (held.state, held.reason_code) == ("held", "quarantine")
    assert held.due_at is not None and held.next_attempt_at > clock.after(23 * 3600)

    let_time_pass(world)
    world.tick()
    assert (row(world, "sales").state, members(world)) == ("linked", {"Sales": {"Maya"}})


def test_a_429_gives_no_group_up_however_long_ago_it_failed(scim_world: Make) -> None:
    faults = "500:path=/Groups,nth=1; 429:path=/Groups,nth=2,retry_after=60"
    world = scim_world(faults, groups="departments")
    hire(world, "Maya", "Sales")
    world.tick()
    with writing() as connection:
        long_ago = clock.after(-73 * 3600)
        connection.execute(update(group_link_table).values(first_failed_at=long_ago, next_attempt_at=None))

    world.tick()

    waiting = row(world, "sales")
    assert (waiting.state, waiting.reason_code) == ("new", "rate_limited")
    assert waiting.next_attempt_at < clock.after(120)


# --- helpers -----------------------------------------------------------------------------------------------------


def _switch_on(world: World, department: str) -> None:
    """Groups are on, and that of a department is due, without the full resync that saving the settings asks for."""
    with writing() as connection:
        target = targets.change(connection, world.target, "test", options={"groups": "departments"})
        key = wanted.department_of(department)
        assert key is not None
        marking.mark(connection, world.tenant.id, target.id, {key.key: key.name})


def _die_after_creation(world: World, name: str) -> None:
    """What a worker does that is killed when the group is there and nothing is written down yet."""
    target = world.target
    holder = deliverer.new_holder(world.tenant.id, target.id)
    with writing() as connection:
        link = claims.claim(connection, holder)[0]
        assert claims.start(connection, holder, link, None, [])
    with connections.open_session(target) as session:
        adapter = cast(GroupAdapter, target.adapter)
        assert send(session, adapter.create_group_request(name)).ok
