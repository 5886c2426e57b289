"""The whole way with each vendor's profile against the simulator playing that vendor (Build 5; rules 2, 6, 12, 21)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.vendors.scim.personas import VENDORS
from tests.provisioning.world import World

MakeWorld = Callable[..., World]


def stored(world: World, email: str) -> dict[str, Any]:
    """The document at the target."""
    found = [user for user in world.far.users() if user["emails"][0]["value"] == email]  # type: ignore[attr-defined]
    assert len(found) == 1
    return found[0]


@pytest.fixture(params=list(VENDORS))
def world(request: pytest.FixtureRequest, scim_world: MakeWorld) -> World:
    """An organisation with a target of this vendor."""
    return scim_world(VENDORS[request.param], profile=request.param, rate="0")


def test_people_are_created_changed_suspended_and_found_equal_again(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    noor = world.hire("Noor", "Haddad")
    assert world.settle()["created"] == 2

    world.change(maya, name={"familyName": "Ito"}, title="Lead")
    world.change(noor, active=False)
    world.settle()
    assert stored(world, "maya.okafor@example.com")["name"]["familyName"] == "Ito"
    assert stored(world, "noor.haddad@example.com")["active"] is False

    world.far.forget_calls()
    counts = world.full()
    assert (counts["failed"], counts["held"], world.writes()) == (0, 0, [])


def test_somebody_who_came_back_is_active_with_the_new_values(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.settle()
    world.change(maya, active=False)
    world.settle()
    world.change(maya, active=True, name={"familyName": "Ito"})
    world.settle()
    account = stored(world, "maya.okafor@example.com")
    assert (account["active"], account["name"]["familyName"]) == (True, "Ito")


def test_an_account_that_is_there_already_is_adopted_by_its_work_email(world: World) -> None:
    user_name = "maya.okafor@example.com" if world.target.policy.selection.mappings else "mo"
    world.far.add("maya.okafor@example.com", user_name)
    world.hire("Maya", "Okafor")
    counts = world.settle()
    assert (counts["created"], counts["adopted"]) == (0, 1)
    assert stored(world, "maya.okafor@example.com")["name"]["givenName"] == "Maya"


def test_changes_of_a_suspended_account_that_is_frozen_wait_until_it_is_active_again(
    scim_world: MakeWorld,
) -> None:
    world = scim_world(VENDORS["launchdarkly"], profile="launchdarkly", rate="0")
    maya = world.hire("Maya", "Okafor")
    world.settle()
    world.change(maya, active=False, name={"familyName": "Ito"})
    counts = world.settle()
    assert (counts["suspended"], counts["held"], counts["failed"]) == (1, 0, 0)
    account = stored(world, "maya.okafor@example.com")
    assert (account["active"], account["name"]["familyName"]) == (False, "Okafor")
    assert world.full()["held"] == 0
    world.change(maya, active=True)
    world.settle()
    account = stored(world, "maya.okafor@example.com")
    assert (account["active"], account["name"]["familyName"]) == (True, "Ito")
