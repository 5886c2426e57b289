"""Echo (rule 17): what a paired system wrote is not pushed back; a value that two writers flip is held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app import clock, directory
from app.access import clients
from app.database import writing
from app.directory import Actor
from app.provisioning.flapping import Step, flips
from app.provisioning.tables import link_table
from tests.provisioning.world import World


@pytest.fixture
def world(scim_world: Callable[..., World]) -> World:
    return scim_world(paired_source="hr", paired_client="idp")


def write(world: World, employee_id: str, actor: Actor, **fragment: Any) -> None:
    with writing() as connection:
        directory.merge(connection, world.tenant.id, employee_id, actor, fragment)


def client_of(world: World, name: str) -> Actor:
    with writing() as connection:
        return Actor("client", str(clients.named_or_made(connection, world.tenant.id, name).id))


HR = Actor("source", "hr", 5)
OTHER = Actor("source", "other", 6)


@pytest.mark.parametrize("kind", ["source", "client"])
def test_rule_17_a_change_is_not_pushed_back_to_the_system_that_wrote_it(world: World, kind: str) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    world.far.change(world.link(maya).remote_id, title="Lead")
    world.far.forget_calls()

    write(world, maya, HR if kind == "source" else client_of(world, "idp"), title="Lead")
    world.tick()

    assert world.far.calls() == []
    link = world.link(maya)
    assert (link.due_at, link.rides_along, link.sent["title"]) == (None, False, "Lead")


def test_rule_17_a_change_by_anybody_else_is_pushed(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()

    write(world, maya, OTHER, title="Lead")
    world.tick()
    assert world.account("maya.okafor@example.com")["title"] == "Lead"

    write(world, maya, client_of(world, "payroll"), title="Chief")
    world.tick()
    assert world.account("maya.okafor@example.com")["title"] == "Chief"


def test_rule_17_what_the_paired_system_wrote_is_later_changed_and_cleared_like_anything_sent(
    world: World,
) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.far.change(world.link(maya).remote_id, title="Lead")
    write(world, maya, HR, title="Lead")

    world.change(maya, title=None)
    world.tick()

    assert "title" not in world.account("maya.okafor@example.com")


def test_rule_17_a_suspend_by_the_paired_system_counts_as_done_there(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.far.forget_calls()

    write(world, maya, HR, active=False)
    world.tick()

    link = world.link(maya)
    assert world.far.calls() == []
    assert (link.active_there, link.sent["active"], link.gate_run) == (False, False, None)


def test_rule_17_somebody_without_an_account_is_delivered_whoever_wrote(world: World) -> None:
    maya = world.hire("Maya", "Okafor", None)
    world.tick()

    write(world, maya, HR, emails=[{"type": "work", "value": "maya@example.com", "primary": True}])
    world.tick()

    assert world.account("maya@example.com")["userName"] == "maya"


def test_rule_17_while_the_link_is_worked_on_an_echo_is_an_ordinary_mark(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    with writing() as connection:
        connection.execute(
            link_table.update()
            .where(link_table.c.tenant_id == world.tenant.id)
            .values(lease_until=clock.after(60), lease_owner="somebody")
        )

    write(world, maya, HR, title="Lead")

    assert world.link(maya).due_at is not None
    assert "title" not in world.link(maya).sent


def test_rule_17_what_is_due_already_stays_due_and_only_that_is_sent(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, enterprise={"department": "Ops"})
    world.far.change(world.link(maya).remote_id, title="Lead")
    world.far.forget_calls()

    write(world, maya, HR, title="Lead")
    world.tick()

    account = world.account("maya.okafor@example.com")
    assert (account["title"], account["department"]) == ("Lead", "Ops")
    assert len(world.writes()) == 1


# --- flips ---------------------------------------------------------------------------------------------------------


def steps(*sides: str, actors: str = "ABABABAB") -> list[Step]:
    values = list(sides)
    return [
        Step(f"2026-11-22T10:0{n}:00.000000Z", f"source:{actor}", before, after)
        for n, (actor, before, after) in enumerate(zip(actors, values, values[1:], strict=False))
    ]


def test_four_changes_that_each_take_back_the_others_are_too_many() -> None:
    found = flips("title", steps("x", "y", "x", "y", "x"))

    assert found is not None
    assert "title flips between source:B and source:A" in found.reason
    assert found.until == "2026-11-22T11:03:00.000000Z"


@pytest.mark.parametrize(
    "borne",
    [
        steps("x", "y", "x", "y"),
        steps("x", "y", "x", "y", "x", actors="AAAA"),
        steps("a", "b", "c", "d", "e", "f"),
        steps("x", "y", "x", "y", "z", "y", "z"),
        [],
    ],
)
def test_three_flips_one_writer_or_new_values_are_borne(borne: list[Step]) -> None:
    assert flips("title", borne) is None


def test_rule_17_a_value_that_flips_between_two_writers_is_held_until_the_hour_is_over(world: World) -> None:
    maya = world.hire("Maya", "Okafor", title="Engineer")
    world.tick()
    payroll = Actor("source", "payroll", 8)
    for _ in range(2):
        write(world, maya, OTHER, title="Lead")
        write(world, maya, payroll, title="Engineer")
    world.far.forget_calls()

    world.tick()

    link = world.link(maya)
    assert (link.state, link.reason_code) == ("held", "flapping")
    assert "source:other" in link.reason
    assert "source:payroll" in link.reason
    assert link.next_attempt_at > clock.after(3500)
    assert link.due_at is not None
    assert world.writes() == []


def test_rule_17_somebody_whose_status_flips_is_still_suspended(world: World) -> None:
    maya = world.hire("Maya", "Okafor")
    world.tick()
    payroll = Actor("source", "payroll", 8)
    for active in (False, True, False, True, False):
        write(world, maya, payroll if active else OTHER, active=active)
    with writing() as connection:
        connection.execute(link_table.update().values(gate_run=None, due_at=clock.now()))

    world.tick()

    assert world.account("maya.okafor@example.com")["active"] is False
    assert world.link(maya).reason_code == "flapping"
