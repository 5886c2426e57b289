"""Department groups at targets that take them: who is in, how little is sent, and what is never done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.access.tenants import Tenant
from app.database import reading
from app.provisioning import attempts
from tests.provisioning.department_groups import (
    documents,
    group_calls,
    hire,
    ids_in,
    let_time_pass,
    members,
    move,
    row,
    rows,
    settle,
    wanted_members,
)
from tests.provisioning.far import Scim, Scim2Server
from tests.provisioning.world import World

Make = Callable[..., World]


@pytest.fixture(params=["scim2-server", "simulator"])
def grouped(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[World]:
    """An organisation whose target gets department groups: the referee's, and our own simulator."""
    far = Scim2Server() if request.param == "scim2-server" else Scim()
    yield World(tenant, far, groups="departments")
    far.stop()


# --- who is in ---------------------------------------------------------------------------------------------------


def test_every_department_has_a_group_of_its_people(grouped: World) -> None:
    hire(grouped, "Maya", "Sales")
    hire(grouped, "Noor", "Sales")
    hire(grouped, "Omar", "Research")
    hire(grouped, "Pia", None)

    grouped.tick()

    assert members(grouped) == {"Sales": {"Maya", "Noor"}, "Research": {"Omar"}}
    assert [(each.state, each.due_at) for each in rows(grouped)] == [("linked", None)] * 2


def test_a_move_takes_the_person_out_of_one_group_and_into_the_other(grouped: World) -> None:
    maya = hire(grouped, "Maya", "Sales")
    hire(grouped, "Noor", "Sales")
    grouped.tick()

    move(grouped, maya, "Research")
    grouped.tick()

    assert members(grouped) == {"Sales": {"Noor"}, "Research": {"Maya"}}


def test_a_leaver_is_taken_out_and_who_comes_back_is_put_in_again(grouped: World) -> None:
    maya = hire(grouped, "Maya", "Sales")
    grouped.tick()

    grouped.change(maya, active=False)
    grouped.tick()
    assert members(grouped) == {"Sales": set()}

    grouped.change(maya, active=True)
    grouped.tick()
    assert members(grouped) == {"Sales": {"Maya"}}


def test_a_deleted_employee_is_taken_out(grouped: World) -> None:
    maya = hire(grouped, "Maya", "Sales")
    hire(grouped, "Noor", "Sales")
    grouped.tick()
    grouped.far.forget_calls()

    grouped.delete(maya)
    grouped.tick()

    assert members(grouped) == {"Sales": {"Noor"}}
    assert len(grouped.writes()) == 1
    assert grouped.link(maya).state == "orphan"


def test_an_emptied_department_keeps_its_group_and_a_renamed_one_gets_a_new_one(grouped: World) -> None:
    people = [hire(grouped, name, "Sales") for name in ("Maya", "Noor")]
    grouped.tick()

    for id_ in people:
        move(grouped, id_, "Revenue")
    grouped.tick()

    assert members(grouped) == {"Sales": set(), "Revenue": {"Maya", "Noor"}}
    assert all(method != "DELETE" for method, _ in grouped.far.calls())


def test_spellings_that_differ_in_case_or_blanks_are_one_group_with_the_usual_name(grouped: World) -> None:
    for name, department in (("Maya", "sales"), ("Noor", "Field Sales"), ("Omar", "Field  sales "), ("Pia", "SALES"),
                             ("Quin", "Sales"), ("Rosa", "Sales"), ("Sami", "Field Sales")):  # fmt: skip
        hire(grouped, name, department)

    grouped.tick()

    assert members(grouped) == {
        "Sales": {"Maya", "Pia", "Quin", "Rosa"},
        "Field Sales": {"Noor", "Omar", "Sami"},
    }


def test_the_name_of_a_group_stays_when_another_spelling_becomes_usual(grouped: World) -> None:
    hire(grouped, "Maya", "Sales")
    grouped.tick()

    hire(grouped, "Noor", "SALES")
    hire(grouped, "Omar", "SALES")
    grouped.full()

    assert members(grouped) == {"Sales": {"Maya", "Noor", "Omar"}}


def test_a_held_person_stays_where_the_target_has_them(grouped: World) -> None:
    maya = hire(grouped, "Maya", "Sales")
    hire(grouped, "Noor", "Research")
    grouped.tick()

    grouped.email(maya, "noor.okafor@example.com")
    move(grouped, maya, "Research")
    grouped.tick()

    assert grouped.link(maya).state == "held"
    assert members(grouped) == {"Sales": {"Maya"}, "Research": {"Noor"}}


def test_the_value_that_a_mapping_makes_decides(scim_world: Make) -> None:
    world = scim_world(groups="departments", **{"map.department": "department | upper"})
    hire(world, "Maya", "Sales")

    world.tick()

    assert members(world) == {"SALES": {"Maya"}}


# --- how little is sent ------------------------------------------------------------------------------------------


def test_one_change_in_a_large_group_is_one_small_patch(scim_world: Make) -> None:
    world = scim_world(groups="departments")
    people = world.hire_many(150, enterprise={"department": "Sales"})
    world.tick()
    world.far.forget_calls()

    move(world, people[7], None)
    world.tick()

    assert [method for method, path in group_calls(world)] == ["PATCH"]
    with reading() as connection:
        kept = attempts.last(connection, world.tenant.id, world.target.id, limit=50)
    newest = next(each for each in kept if "/Groups" in each.path)
    assert newest.employee_id is None
    assert newest.request_body.count("members") == 1
    assert len(ids_in(documents(world)[0])) == 149


def test_members_leave_in_chunks_of_the_targets_size(scim_world: Make) -> None:
    world = scim_world(groups="departments", profile="aws")
    world.far.simulator.play("aws")  # type: ignore[attr-defined]
    people = world.hire_many(230, enterprise={"department": "Sales"})

    settle(world)
    assert [method for method, _ in group_calls(world)] == ["POST", "PATCH", "PATCH"]
    assert wanted_members(world)["department:sales"] == set(ids_in(documents(world)[0]))

    world.far.forget_calls()
    world.change(people[3], active=False)
    world.full()
    assert [method for method, _ in group_calls(world)] == ["PATCH"]
    assert len(ids_in(documents(world)[0])) == 229


def test_nothing_due_is_no_request_and_a_second_full_resync_writes_nothing(grouped: World) -> None:
    for name in ("Maya", "Noor"):
        hire(grouped, name, "Sales")
    grouped.full()
    grouped.far.forget_calls()

    grouped.tick()
    assert grouped.far.calls() == []

    grouped.full()
    assert grouped.writes() == []


def test_switched_off_nothing_is_asked_and_switched_on_everybody_is_put_in(grouped: World) -> None:
    grouped.configure(groups="off")
    hire(grouped, "Maya", "Sales")
    grouped.tick()
    assert rows(grouped) == []
    assert not any("/Groups" in path for _, path in grouped.far.calls())

    grouped.configure(groups="departments")
    grouped.tick()

    assert members(grouped) == {"Sales": {"Maya"}}


def test_switched_off_a_group_is_owed_nothing_any_more(scim_world: Make) -> None:
    world = scim_world("503:path=/Groups,count=1,retry_after=600", groups="departments")
    hire(world, "Maya", "Sales")
    world.tick()
    assert row(world, "sales").due_at is not None

    world.configure(groups="off")
    let_time_pass(world)
    world.tick()

    owed = row(world, "sales")
    assert (owed.due_at, owed.delivered_generation) == (None, owed.generation)


def test_the_prefix_stands_before_the_name_of_a_new_group(scim_world: Make) -> None:
    world = scim_world(groups="departments", group_prefix="Dept ")
    hire(world, "Maya", "Sales")

    world.tick()

    assert members(world) == {"Dept Sales": {"Maya"}}


# --- groups that are there already -------------------------------------------------------------------------------


def test_a_group_of_the_name_is_adopted_and_strangers_in_it_stay(scim_world: Make) -> None:
    world = scim_world(groups="departments")
    stranger = world.far.add("guest@example.com", "guest", name={"givenName": "Guest"})
    _by_hand(world, "SALES", stranger)
    maya = hire(world, "Maya", "Sales")

    world.full()
    assert members(world) == {"SALES": {"Maya", "Guest"}}

    move(world, maya, None)
    world.full()
    assert members(world) == {"SALES": {"Guest"}}


def test_exact_members_are_those_of_the_directory_alone(scim_world: Make) -> None:
    world = scim_world(groups="departments", group_members="exact")
    stranger = world.far.add("guest@example.com", "guest", name={"givenName": "Guest"})
    _by_hand(world, "Sales", stranger)
    hire(world, "Maya", "Sales")

    world.full()

    assert members(world) == {"Sales": {"Maya"}}


def test_a_full_resync_puts_back_who_was_taken_out_by_hand(scim_world: Make) -> None:
    world = scim_world(groups="departments")
    hire(world, "Maya", "Sales")
    hire(world, "Noor", "Sales")
    world.tick()
    document = documents(world)[0]
    _store(world).put(document["id"], document | {"members": document["members"][:1]}, unique=False)

    world.full()

    assert members(world) == {"Sales": {"Maya", "Noor"}}


def test_two_groups_of_the_name_are_held_and_nothing_is_written(scim_world: Make) -> None:
    world = scim_world(groups="departments")
    for _ in range(2):
        _by_hand(world, "Sales")
    hire(world, "Maya", "Sales")

    world.tick()

    held = row(world, "sales")
    assert (held.state, held.reason_code) == ("held", "ambiguous_group")
    assert all(each["id"] in held.reason for each in documents(world))
    assert group_calls(world) == []


@pytest.mark.parametrize("policy", ["hold", "recreate"])
def test_a_group_that_vanished_is_held_or_made_again(scim_world: Make, policy: str) -> None:
    world = scim_world(groups="departments", vanished=policy)
    hire(world, "Maya", "Sales")
    world.tick()
    _store(world).remove(documents(world)[0]["id"])

    hire(world, "Noor", "Sales")
    settle(world)

    if policy == "hold":
        assert (row(world, "sales").state, members(world)) == ("vanished", {})
    else:
        assert (row(world, "sales").state, members(world)) == ("linked", {"Sales": {"Maya", "Noor"}})


# --- helpers -----------------------------------------------------------------------------------------------------


def _store(world: World) -> Any:
    assert isinstance(world.far, Scim)
    return world.far.simulator._groups.store  # type: ignore[attr-defined]


def _by_hand(world: World, name: str, *remote_ids: str) -> None:
    """A group that somebody made at the target."""
    assert isinstance(world.far, Scim)
    entries = [{"value": each} for each in remote_ids]
    world.far.simulator.add_group({"displayName": name, "members": entries})  # type: ignore[attr-defined]
