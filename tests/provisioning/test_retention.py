"""Attempts and the plans of ticks are kept for 30 days, and go in small transactions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.database import reading, writing
from app.jobs import upkeep
from app.provisioning import plans, retention
from app.provisioning.tables import attempt_table, operation_table, plan_table
from tests.provisioning.world import World


def count(table: Any) -> int:
    with reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def age(table: Any, column: str, days: float) -> None:
    with writing() as connection:
        connection.execute(update(table).values({column: clock.after(-days * 86_400)}))


@pytest.fixture
def world(scim_world: Callable[..., World]) -> World:
    """A target with seven people, delivered."""
    world = scim_world()
    world.hire_many(7)
    world.tick()
    return world


def test_attempts_older_than_30_days_go_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 4)
    before = count(attempt_table)
    assert before >= 7
    age(attempt_table, "at", 29)
    upkeep.clear()
    assert count(attempt_table) == before
    age(attempt_table, "at", 31)
    with writing() as connection:
        assert retention.forget_some(connection, world.tenant.id, clock.now()) == 4
    upkeep.clear()
    assert count(attempt_table) == 0


def test_plans_of_ticks_go_with_their_lines_and_others_stay(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    first = world.plans(kind="full")[0]
    with writing() as connection:
        tick = plans.create(connection, world.tenant.id, world.target.id, plans.TICK, "applied", "scheduled")
        lines = update(operation_table).where(operation_table.c.plan_id == first.id)
        connection.execute(lines.values(plan_id=tick))
        kept = plans.create(connection, world.tenant.id, world.target.id, plans.DRY_RUN, "draft", "looked at")
        open_ = plans.create(
            connection, world.tenant.id, world.target.id, plans.TICK, "applying", "scheduled"
        )
    assert count(operation_table) == 7
    age(plan_table, "created_at", 29)
    upkeep.clear()
    assert count(operation_table) == 7
    age(plan_table, "created_at", 31)
    upkeep.clear()
    assert count(operation_table) == 0
    left = {plan.id for plan in world.plans()}
    assert {first.id, kept, open_} <= left
    assert tick not in left


def test_a_plan_that_was_undone_stays(world: World) -> None:
    with writing() as connection:
        tick = plans.create(connection, world.tenant.id, world.target.id, plans.TICK, "applied", "scheduled")
        undo = plans.create(connection, world.tenant.id, world.target.id, plans.UNDO, "waiting", "undo")
        connection.execute(update(plan_table).where(plan_table.c.id == undo).values(undoes=tick))
    age(plan_table, "created_at", 31)
    upkeep.clear()
    assert {tick, undo} <= {plan.id for plan in world.plans()}
