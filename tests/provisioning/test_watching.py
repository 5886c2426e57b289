"""What is wrong at targets is looked for, told once, and its end too, however many people it concerns (rule 14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from app import clock
from app.database import reading, writing
from app.jobs import upkeep
from app.notices.tables import notice_table
from app.provisioning import targets
from app.provisioning.tables import attempt_table, link_table
from tests.provisioning.world import World


def told() -> list[tuple[str, Any]]:
    with reading() as connection:
        rows = connection.execute(select(notice_table).order_by(notice_table.c.id))
        return [(row.kind, row.details) for row in rows]


def _links(**columns: Any) -> None:
    with writing() as connection:
        connection.execute(update(link_table).values(**columns))


def test_a_healthy_target_is_no_news(scim_world: Callable[..., World]) -> None:
    world = scim_world()
    world.hire_many(3)
    world.tick()
    upkeep.watch()
    assert told() == []


def test_people_given_up_after_72_hours_are_one_notice(scim_world: Callable[..., World]) -> None:
    world = scim_world("500:rate=1,method=POST")
    people = world.hire_many(3)
    world.tick()
    with writing() as connection:
        targets.resume(connection, world.target, "test")
    _links(first_failed_at=clock.after(-73 * 3600), next_attempt_at=None, quiet_until=None)
    world.tick()
    assert world.link(people[0]).reason_code == "quarantine"
    given_up = sum(world.link(id_).reason_code == "quarantine" for id_ in people)
    for _ in range(2):
        upkeep.watch()
    assert told() == [("quarantine.begun", {"target": "far", "people": given_up})]
    _links(state="linked", reason_code=None)
    for _ in range(2):
        upkeep.watch()
    assert [kind for kind, _ in told()] == ["quarantine.begun", "quarantine.ended"]


def test_ten_thousand_are_one_notice_too(scim_world: Callable[..., World]) -> None:
    world = scim_world()
    world.hire_many(2)
    world.tick()
    with writing() as connection:
        row = dict(connection.execute(select(link_table)).first()._mapping)  # type: ignore[union-attr]
        many = [
            row | {"employee_id": f"e{n}", "remote_id": None, "state": "held", "reason_code": "quarantine"}
            for n in range(10_000)
        ]
        connection.execute(insert(link_table), many)
    upkeep.watch()
    assert told() == [("quarantine.begun", {"target": "far", "people": 10_000})]


def test_accounts_that_vanished_are_one_notice(scim_world: Callable[..., World]) -> None:
    world = scim_world()
    people = world.hire_many(4)
    world.tick()
    for id_ in people[:3]:
        world.far.remove(world.link(id_).remote_id)
        world.change(id_, title="Lead")
    world.settle()
    for _ in range(2):
        upkeep.watch()
    assert told() == [("vanished.found", {"target": "far", "accounts": 3})]
    _links(state="linked")
    upkeep.watch()
    assert [kind for kind, _ in told()] == ["vanished.found", "vanished.ended"]


@pytest.fixture
def silent(scim_world: Callable[..., World]) -> World:
    """A target with eight linked people that has stopped to take changes."""
    world = scim_world("503:rate=1,method=PATCH+PUT")
    people = world.hire_many(8)
    world.tick()
    for id_ in people:
        world.change(id_, title="Lead")
    world.tick()
    assert world.target.failures > 0
    return world


def _minutes_pass(minutes: float) -> None:
    at = clock.after(-minutes * 60)
    with writing() as connection:
        connection.execute(update(attempt_table).values(at=at))
        connection.execute(update(link_table).where(link_table.c.due_at.is_not(None)).values(due_at=at))


def test_a_target_that_does_not_answer_is_told_after_15_minutes_and_when_it_answers_again(
    silent: World,
) -> None:
    upkeep.watch()
    _minutes_pass(14)
    upkeep.watch()
    assert told() == []
    _minutes_pass(16)
    for _ in range(2):
        upkeep.watch()
    assert [kind for kind, _ in told()] == ["circuit.opened"]
    with writing() as connection:
        targets.note_answer(connection, silent.target, failures=0, retry_at=None)
    for _ in range(2):
        upkeep.watch()
    assert [kind for kind, _ in told()] == ["circuit.opened", "circuit.closed"]


def test_a_target_that_never_answered_is_told_by_those_who_wait(scim_world: Callable[..., World]) -> None:
    world = scim_world("503:rate=1")
    world.hire_many(2)
    world.tick()
    upkeep.watch()
    assert told() == []
    _minutes_pass(16)
    upkeep.watch()
    assert [kind for kind, _ in told()] == ["circuit.opened"]


def test_a_good_answer_starts_the_15_minutes_anew(silent: World) -> None:
    _minutes_pass(60)
    with writing() as connection:
        row = dict(connection.execute(select(attempt_table)).first()._mapping)  # type: ignore[union-attr]
        answer = {"id": "later", "status": 200, "at": clock.after(-5 * 60)}
        connection.execute(insert(attempt_table), row | answer)
    upkeep.watch()
    assert told() == []


def test_nothing_is_told_about_the_answers_of_a_paused_target(silent: World) -> None:
    _minutes_pass(16)
    with writing() as connection:
        targets.pause(connection, silent.target, "test", "maintenance")
    upkeep.watch()
    assert [kind for kind, _ in told()] == ["target.paused"]
