"""Marks: what a change of the directory does to links, in its own transaction (rules 9, 11 and 13)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app import directory
from app.database import reading, writing
from app.provisioning.tables import link_table
from tests.provisioning.world import HUMAN, World, person


@pytest.fixture
def world(scim_world: Callable[..., World]) -> World:
    return scim_world()


def test_rule_13_a_new_employee_is_due_at_once(world: World) -> None:
    link = world.link(world.hire("Maya", "Okafor"))

    assert (link.state, link.generation, link.due_generation) == ("new", 1, 1)
    assert link.due_at is not None


def test_rule_13_a_change_that_is_rolled_back_leaves_no_mark(world: World) -> None:
    with pytest.raises(RuntimeError), writing() as connection:
        directory.create(connection, world.tenant.id, HUMAN, person("Maya", "Okafor"))
        raise RuntimeError

    with reading() as connection:
        assert connection.execute(select(link_table)).first() is None


def test_rule_13_a_change_that_concerns_no_selected_field_marks_nothing(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    before = world.link(maya).generation

    world.change(maya, hr={"startDate": "2026-04-01"}, timezone="Europe/Berlin")

    assert (world.link(maya).generation, world.link(maya).due_at) == (before, None)


def test_rule_13_a_change_that_only_rides_along_counts_but_is_not_due(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    before = world.link(maya)

    world.change(maya, nickName="May")

    link = world.link(maya)
    assert (link.rides_along, link.due_at) == (True, None)
    assert (link.generation, link.due_generation) == (before.generation + 1, before.due_generation)


def test_rule_13_an_earlier_mark_keeps_its_place(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    first = world.link(maya).due_at

    world.change(maya, title="Engineer")

    assert (world.link(maya).due_at, world.link(maya).generation) == (first, 2)


def test_rule_13_a_suspend_goes_first_and_waits_for_no_backoff(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    with writing() as connection:
        connection.execute(link_table.update().values(next_attempt_at="2999-01-01T00:00:00.000000Z"))

    world.change(maya, active=False)

    link = world.link(maya)
    assert (link.priority, link.next_attempt_at) == (0, None)


def test_rule_13_an_import_run_leaves_its_number_and_a_person_does_not(world: World) -> None:
    maya, noor = world.hire("Maya", "Okafor"), world.hire("Noor", "Haddad")

    world.change(maya, run=7, active=False)
    world.change(noor, active=False)

    assert world.link(maya).gate_run == 7
    assert world.link(noor).gate_run is None

    world.change(maya, active=True)
    assert world.link(maya).gate_run is None


def test_rule_13_who_shares_the_old_or_the_new_address_is_marked_too(world: World) -> None:
    old, new, moving = (
        world.hire("Old", "Sharer", "old@example.com"),
        world.hire("New", "Sharer", "new@example.com"),
        world.hire("Moving", "On", "old@example.com"),
    )
    world.tick()
    assert world.link(old).due_at is None

    world.email(moving, "new@example.com")

    assert world.link(old).due_at is not None
    assert world.link(new).due_at is not None


def test_rule_13_a_clean_link_of_a_deleted_employee_owes_nothing(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()

    world.delete(maya)

    link = world.link(maya)
    assert (link.state, link.due_at, link.frozen, link.label) == (
        "orphan",
        None,
        None,
        "Maya Okafor (maya.okafor@example.com)",
    )
