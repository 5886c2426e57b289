"""What is asked for, without a mark, while somebody works on a link is not lost when it is settled (rule 13)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from flask import Flask

from app.database import writing
from app.provisioning import breaker, rehearsal, results, resync
from tests.provisioning.world import World

Make = Callable[..., World]


def just_before_settling(deed: Callable[[Any], None]) -> AbstractContextManager[Any]:
    """Do something once, when the first batch is about to be settled; it is given the target."""
    write, done = results.write, []

    def late(target: Any, *rest: Any) -> None:
        if not done:
            done.append(True)
            deed(target)
        write(target, *rest)

    return patch.object(results, "write", late)


def test_people_whose_import_run_ends_while_a_drain_has_them_wait_are_created(
    app: Flask, scim_world: Make
) -> None:
    world, ended = scim_world(), []
    breaker.join(app, lambda *_: bool(ended))
    world.tick()
    world.hire_many(3, run=1)

    def end_of_the_run(target: Any) -> None:
        ended.append(True)
        with writing() as connection:
            breaker.review(connection, target)

    with just_before_settling(end_of_the_run):
        world.tick()
    world.settle()

    assert len(world.far.accounts()) == 3


def test_a_sync_on_demand_that_is_asked_for_while_a_drain_works_comes_to_its_end(scim_world: Make) -> None:
    world, asked = scim_world(), []
    world.tick()
    world.hire("Maya", "Okafor")

    def ask(target: Any) -> None:
        with writing() as connection:
            asked.append(resync.request_due(connection, target))

    with just_before_settling(ask):
        world.tick()
    world.tick()

    assert world.plans(id=asked[0])[0].state == "applied"


def test_a_plan_that_is_approved_while_a_drain_works_is_applied(scim_world: Make) -> None:
    world = scim_world()
    world.tick()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    world.change(maya, title="Engineer")
    plan_id = rehearsal.rehearse(world.target)

    with just_before_settling(lambda _: world.approve(plan_id)):
        world.tick()
    world.tick()

    assert world.plans(id=plan_id)[0].state == "applied"
    assert world.account("maya.okafor@example.com")["title"] == "Engineer"


def test_rule_2_a_person_hired_again_under_an_address_still_owed_takes_over_the_account(
    scim_world: Make,
) -> None:
    world = scim_world()
    first = world.hire("Maya", "Okafor", "old@example.com")
    world.tick()
    world.email(first, "new@example.com")
    world.delete(first)
    world.hire("Maya", "Okafor", "new@example.com", title="Lead")

    world.settle()

    assert len(world.far.users()) == 1  # type: ignore[attr-defined]
    assert world.account("new@example.com")["title"] == "Lead"
