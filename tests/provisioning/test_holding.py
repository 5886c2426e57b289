"""Holding by hand: nothing is sent for one person to one target until somebody lets go; a leaver is suspended still."""

from __future__ import annotations

import pytest

from app.access import tenants
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse
from app.provisioning import explain, holding, targets
from app.provisioning.targets import Target
from tests.provisioning.world import World

BY = "admin:hr@acme.example"


def target_of(world: World) -> Target:
    """The target of the world."""
    with reading() as connection:
        return targets.named(connection, world.tenant.id, world.name)


def hold(world: World, employee_id: str) -> None:
    """Hold somebody there."""
    with writing() as connection:
        holding.hold(connection, target_of(world), employee_id, BY)


def let_go(world: World, employee_id: str) -> None:
    """Let somebody go on."""
    with writing() as connection:
        holding.let_go(connection, target_of(world), employee_id, BY)


def test_somebody_new_who_is_held_gets_no_account_before_they_are_let_go(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    hold(world, maya)
    world.tick()
    assert world.far.accounts() == {} and world.writes() == []
    assert (world.link(maya).state, world.link(maya).reason_code) == ("held", "held_by_hand")

    let_go(world, maya)
    world.tick()
    assert world.account("maya.okafor@example.com")["active"] is True
    assert world.link(maya).state == "linked"


def test_what_changes_meanwhile_is_sent_once_they_are_let_go_and_others_are_not_held(world: World) -> None:
    maya, noor = (
        world.hire("Maya", "Okafor", title="Engineer"),
        world.hire("Noor", "Haddad", title="Engineer"),
    )
    world.tick()
    hold(world, maya)
    for employee_id in (maya, noor):
        world.change(employee_id, title="Director")
    world.tick()
    assert world.account("maya.okafor@example.com")["title"] == "Engineer"
    assert world.account("noor.haddad@example.com")["title"] == "Director"

    let_go(world, maya)
    world.tick()
    assert world.account("maya.okafor@example.com")["title"] == "Director"
    assert world.link(maya).state == "linked"


def test_who_leaves_while_held_is_suspended_all_the_same(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    hold(world, maya)
    world.change(maya, active=False)
    world.tick()
    assert world.account("maya.okafor@example.com")["active"] is False


def test_a_hold_is_explained_and_no_damage(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    hold(world, maya)
    world.tick()
    with reading() as connection:
        report = explain.link_report(connection, target_of(world), maya)
    assert (report["standing"], report["code"], report["is_held"]) == ("held", "held_by_hand", True)
    assert report["gates"] == {}
    assert "an admin holds this person" in report["why_not_sent"]


def test_a_full_resync_does_not_end_a_hold(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    hold(world, maya)
    world.change(maya, title="Director")
    world.full()
    assert world.account("maya.okafor@example.com")["title"] == "Engineer"
    assert world.link(maya).reason_code == "held_by_hand"


def test_holding_twice_letting_go_of_nobody_and_strangers_are_refused(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    with pytest.raises(WrongUse, match="Nobody holds this person"):
        let_go(world, maya)
    hold(world, maya)
    with pytest.raises(WrongUse, match="held at far already"):
        hold(world, maya)
    with pytest.raises(NotFoundError):
        hold(world, "01a20474-91fb-7813-b384-df6ea9662eac")
    with reading() as connection:
        assert holding.held_at(connection, world.tenant.id, maya) == {target_of(world).id}
    with writing() as connection:
        other = tenants.create(connection, "other")
        assert holding.held_at(connection, other.id, maya) == set()
