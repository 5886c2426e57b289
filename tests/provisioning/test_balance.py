"""The balance of a healthy organisation is green whatever happened to it, and tells what became of every change."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete

from app.cli.verify import verify
from app.database import reading, writing
from app.provisioning import approvals, ledger, rehearsal, targets
from app.provisioning.tables import (
    link_table,
)
from tests.provisioning.balancing import Make, figures, wrong
from tests.provisioning.commands import answer, run
from tests.provisioning.world import World

# --- a healthy world ---------------------------------------------------------------------------------------------


def test_everything_delivered_is_green(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.hire("Noor", "Haddad", active=False)
    world.tick()
    world.change(maya, title="Engineer")
    world.change(maya, title="Manager")
    world.tick()

    assert wrong(world) == set()
    assert figures(world) == {
        "people": 2,
        "delivered": 1,
        "not_needed": 1,
        "not_needed: inactive": 1,
        "changes": 4,
        "changes delivered or coalesced": 3,
        "changes not needed": 1,
    }


def test_what_is_owed_has_its_reason(scim_world: Make) -> None:
    world = scim_world()
    without = world.hire("Ada", "Byron", None)
    for given in ("Maya", "Noor"):
        world.hire(given, "Okafor", "shared@example.com")
    riding = world.hire("Ruth", "Adler")
    world.tick()
    world.change(riding, nickName="Ru")
    pending = world.hire("Zoe", "Vance")

    assert wrong(world) == set()
    found = figures(world)
    assert {name: found[name] for name in ("waiting", "held", "rides_along", "pending")} == {
        "waiting": 1,
        "held": 2,
        "rides_along": 1,
        "pending": 1,
    }
    assert found["held: work_email_not_unique"] == 2
    assert found["waiting: no_work_email"] == 1
    assert found["pending: due"] == 1
    assert (found["changes held"], found["changes waiting"]) == (2, 1)
    assert {world.link(without).state, world.link(pending).state} == {"waiting", "new"}


def test_a_paused_target_and_one_that_was_never_synced_are_reasons(scim_world: Make) -> None:
    world = scim_world()
    world.hire("Maya", "Okafor")
    with writing() as connection:
        targets.pause(connection, world.target, "test", "for a while")

    assert wrong(world) == set()
    assert figures(world)["pending: target_paused"] == 1


def test_what_the_breaker_holds_waits(scim_world: Make) -> None:
    world = scim_world(suspend_floor="1", suspend_percent="0")
    people = world.hire_many(4)
    world.tick()
    for person in people:
        world.change(person, run=7, active=False)
    world.tick()

    assert wrong(world) == set()
    assert figures(world)["waiting"] == 4
    world.approve(world.plans(kind="held")[0].id)
    world.tick()
    assert wrong(world) == set()
    assert figures(world)["delivered"] == 4


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_world_after_random_operations_is_green(scim_world: Make, seed: int) -> None:
    world = scim_world(suspend_floor="2", suspend_percent="0", blank_floor="1", blank_percent="0")
    chance, people = random.Random(seed), world.hire_many(6)
    alive = set(people)
    acts: list[Callable[[str], Any]] = [
        lambda who: world.change(who, title=f"T{chance.randrange(9)}"),
        lambda who: world.change(who, run=chance.randrange(1, 4), title=None),
        lambda who: world.change(who, nickName=f"N{chance.randrange(9)}"),
        lambda who: world.change(who, active=chance.random() < 0.5),
        lambda who: world.change(who, run=chance.randrange(1, 4), active=False),
        lambda who: world.email(who, f"e{chance.randrange(4)}@example.com"),
        lambda who: world.email(who, None),
        lambda who: alive.add(world.hire("New", f"One{chance.randrange(99)}")),
        lambda who: (world.delete(who), alive.discard(who)),
        lambda who: world.tick(),
        lambda who: world.tick(),
        lambda who: world.full(),
    ]
    for step in range(60):
        if not alive:
            alive.add(world.hire("Last", f"One{step}"))
        chance.choice(acts)(chance.choice(sorted(alive)))
        assert wrong(world) == set(), f"seed {seed}, step {step}"
    world.full()
    assert wrong(world) == set()


def test_people_left_out_of_an_approved_first_plan_are_not_missing(scim_world: Make) -> None:
    world = scim_world()
    with writing() as connection:
        targets.pause(connection, world.target, "test", "added paused")
    maya, noor = world.hire("Maya", "Okafor"), world.hire("Noor", "Haddad")
    with writing() as connection:
        connection.execute(delete(link_table).where(link_table.c.tenant_id == world.tenant.id))
    plan_id = rehearsal.rehearse(world.target)
    with writing() as connection:
        approvals.approve(connection, world.tenant.id, plan_id, "test", employees=[maya])
        approvals.discard(connection, world.tenant.id, plan_id, "test", employees=[noor])
        targets.resume(connection, world.target, "test")
    world.tick()

    assert wrong(world) == set()
    assert figures(world)["waiting: not_approved"] == 1


# --- one person --------------------------------------------------------------------------------------------------


def outcomes(world: World, employee_id: str) -> list[tuple[int, str, int | None]]:
    """(revision, outcome, version that carried it), the oldest first."""
    with reading() as connection:
        _, entries = ledger.of(connection, world.target, employee_id)
    return [(entry.number, entry.outcome, entry.by) for entry in reversed(entries)]


def test_every_change_of_a_person_is_delivered_coalesced_or_not_needed(scim_world: Make) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, title="Engineer")
    world.change(maya, title="Manager")
    world.tick()
    world.change(maya, locale="en")
    world.change(maya, title="Owner")
    pending = world.link(maya).due_at

    assert outcomes(world, maya) == [
        (1, "delivered", 1),
        (2, "coalesced", 3),
        (3, "delivered", 3),
        (4, "not needed", None),
        (5, "pending", None),
    ]
    found = answer(verify, "--employee", maya)[0]
    assert (found["kind"], found["changes"][0]["says"].startswith(f"due since {pending}")) == (
        "pending",
        True,
    )
    assert "coalesced" in run(verify, "--employee", maya).stdout


def test_changes_that_wait_are_told_with_the_reason(scim_world: Make) -> None:
    world = scim_world(suspend_floor="0", suspend_percent="0")
    maya, noor = world.hire("Maya", "Okafor"), world.hire("Noor", "Haddad")
    world.tick()
    world.change(maya, run=7, active=False)
    world.email(noor, None)
    world.tick()
    world.delete(noor)

    assert outcomes(world, maya) == [(1, "delivered", 1), (2, "waiting", None)]
    assert outcomes(world, noor)[-1] == (3, "not needed", None)
