"""Managers in a second pass: an account names its manager's account as soon as that exists."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.provisioning.world import World


@pytest.fixture
def world(scim_world: Callable[..., World]) -> World:
    found = scim_world()
    found.configure(fields=["givenName", "familyName", "displayName", "title", "manager"])
    found.settle()
    return found


def manager_of(world: World, email: str) -> str | None:
    found = world.account(email).get("manager")
    return None if found is None else str(found)


def test_a_manager_with_an_account_is_named_by_its_remote_id(world: World) -> None:
    boss = world.hire("Noor", "Haddad")
    world.tick()

    maya = world.hire("Maya", "Okafor", enterprise={"manager": {"value": boss}})
    world.tick()

    assert manager_of(world, "maya.okafor@example.com") == world.link(boss).remote_id
    assert world.link(maya).waits_for is None


def test_a_manager_without_an_account_yet_is_named_once_there_is_one(world: World) -> None:
    boss = world.hire("Noor", "Haddad", None)
    maya = world.hire("Maya", "Okafor", enterprise={"manager": {"value": boss}})
    world.settle()

    assert manager_of(world, "maya.okafor@example.com") is None
    assert (world.link(maya).state, world.link(maya).waits_for) == ("linked", boss)

    world.email(boss, "noor@example.com")
    world.settle()

    assert manager_of(world, "maya.okafor@example.com") == world.link(boss).remote_id
    assert world.link(maya).waits_for is None


def test_people_hired_in_one_go_name_each_other_whatever_the_order(world: World) -> None:
    boss = world.hire("Noor", "Haddad")
    maya = world.hire("Maya", "Okafor", enterprise={"manager": {"value": boss}})
    world.change(boss, enterprise={"manager": {"value": maya}})

    world.settle()

    assert manager_of(world, "maya.okafor@example.com") == world.link(boss).remote_id
    assert manager_of(world, "noor.haddad@example.com") == world.link(maya).remote_id


def test_another_manager_replaces_the_old_one_and_the_old_one_stays_until_then(world: World) -> None:
    old, new = world.hire("Noor", "Haddad"), world.hire("Ida", "Lund", None)
    maya = world.hire("Maya", "Okafor", enterprise={"manager": {"value": old}})
    world.settle()

    world.change(maya, enterprise={"manager": {"value": new}})
    world.settle()
    assert manager_of(world, "maya.okafor@example.com") == world.link(old).remote_id

    world.email(new, "ida@example.com")
    world.settle()
    assert manager_of(world, "maya.okafor@example.com") == world.link(new).remote_id


def test_a_manager_that_is_taken_away_is_cleared(world: World) -> None:
    boss = world.hire("Noor", "Haddad")
    maya = world.hire("Maya", "Okafor", enterprise={"manager": {"value": boss}})
    world.settle()

    world.change(maya, enterprise={"manager": None})
    world.settle()

    assert manager_of(world, "maya.okafor@example.com") is None


def test_a_second_full_resync_writes_no_manager_again(world: World) -> None:
    boss = world.hire("Noor", "Haddad")
    world.hire("Maya", "Okafor", enterprise={"manager": {"value": boss}})
    world.settle()
    world.full()
    world.far.forget_calls()

    world.full()

    assert world.writes() == []


def test_rule_7_a_suspend_owed_before_the_delete_leaves_the_manager_as_it_is(world: World) -> None:
    boss = world.hire("Noor", "Haddad")
    world.tick()
    maya = world.hire("Maya", "Okafor", enterprise={"manager": {"value": boss}})
    world.settle()

    world.change(maya, active=False)
    world.delete(maya)
    world.tick()

    assert world.account("maya.okafor@example.com")["active"] is False
    assert manager_of(world, "maya.okafor@example.com") == world.link(boss).remote_id
