"""What admins hear of targets and of the breaker: one notice per change of state, not per person (rules 14 and 16)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.database import reading, writing
from app.notices.tables import notice_table
from app.provisioning import approvals, breaker, targets
from tests.provisioning.world import World

RUN = 7


def notices() -> list[Any]:
    with reading() as connection:
        return list(connection.execute(select(notice_table).order_by(notice_table.c.id)))


@pytest.fixture
def ended(app: Flask) -> None:
    """Every import run has ended."""
    breaker.join(app, lambda connection, tenant_id, run_id: True)


def test_credentials_that_are_refused_pause_the_target_with_one_notice(
    scim_world: Callable[..., World],
) -> None:
    world = scim_world("401:rate=1")
    world.hire_many(5)
    world.tick()
    assert not world.target.is_active
    assert [(each.kind, each.state) for each in notices()] == [("target.paused", "paused")]
    assert "refused our credentials" in notices()[0].text
    with writing() as connection:
        targets.pause(connection, world.target, "test", "again")
    assert len(notices()) == 1


def test_a_resume_is_told_when_the_pause_was(scim_world: Callable[..., World]) -> None:
    world = scim_world()
    with writing() as connection:
        targets.resume(connection, world.target, "test")
        targets.pause(connection, world.target, "test", "maintenance")
        targets.resume(connection, world.target, "test")
        targets.resume(connection, world.target, "test")
    assert [each.kind for each in notices()] == ["target.paused", "target.resumed"]


def test_a_target_of_the_same_name_begins_anew(scim_world: Callable[..., World]) -> None:
    world = scim_world()
    with writing() as connection:
        targets.pause(connection, world.target, "test", "maintenance")
        targets.remove(connection, world.target, "test")
    world = scim_world()
    with writing() as connection:
        targets.pause(connection, world.target, "test", "maintenance")
    assert [each.about for each in notices()] == ["target:far (removed)", "target:far"]


@pytest.mark.usefixtures("ended")
def test_a_storm_of_suspends_is_one_notice_with_a_number(scim_world: Callable[..., World]) -> None:
    world = scim_world()
    people = world.hire_many(60)
    world.tick()
    for id_ in people[:50]:
        world.change(id_, run=RUN, active=False)
    world.tick()
    world.tick()
    told = notices()
    assert len(told) == 1
    plan = world.plans(kind="held")[0]
    assert (told[0].kind, told[0].about, told[0].state) == ("breaker.tripped", f"plan:{plan.id}", "waiting")
    assert told[0].details == {
        "target": "far",
        "plan": plan.id,
        "import_run": RUN,
        "class": "suspend",
        "people": 50,
    }
    assert told[0].remind_at is not None
    assert not any("@" in word or "Many" in word for word in (told[0].title, told[0].text))


@pytest.mark.usefixtures("ended")
def test_the_decision_is_told_once_nothing_of_the_plan_is_left(scim_world: Callable[..., World]) -> None:
    world = scim_world()
    people = world.hire_many(20)
    world.tick()
    for id_ in people[:10]:
        world.change(id_, run=RUN, active=False)
    world.tick()
    plan = world.plans(kind="held")[0]
    with writing() as connection:
        approvals.approve(connection, world.tenant.id, plan.id, "admin:1", employees=people[:3])
    assert len(notices()) == 1
    with writing() as connection:
        approvals.discard(connection, world.tenant.id, plan.id, "admin:1")
    assert [(each.kind, each.state) for each in notices()] == [
        ("breaker.tripped", "waiting"),
        ("breaker.decided", "discarded"),
    ]


def test_a_decision_about_a_dry_run_is_nobodys_news(scim_world: Callable[..., World]) -> None:
    from app.provisioning import rehearsal

    world = scim_world()
    world.hire_many(2)
    world.approve(rehearsal.rehearse(world.target))
    assert notices() == []
