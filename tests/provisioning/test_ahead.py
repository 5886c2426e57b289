"""A clock that was ahead for a moment: what it put off comes when it is due; what waits on purpose goes on waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app import clock
from app.database import reading, writing
from app.jobs import upkeep
from app.provisioning import ahead, claims, deliverer, ticks, turns
from app.provisioning.tables import group_link_table, link_table
from tests.harness.later import Later, clock_ahead
from tests.provisioning.world import World

Make = Callable[..., World]
DAY = 86_400.0


@pytest.fixture
def later() -> Iterator[Later]:
    """Give the clock, to be put forward and back."""
    with clock_ahead() as found:
        yield found


def faults(world: World, spec: str) -> None:
    world.far.simulator.plan_faults(spec)  # type: ignore[attr-defined]


def is_due(world: World) -> bool:
    """Whether the scheduler would wake a worker for the target."""
    with reading() as connection:
        due = ticks.due_targets(connection, clock.now())
    return world.target.id in [target_id for _, target_id, _ in due]


@pytest.mark.parametrize("fault", ["500:count=1,method=PATCH", "503:count=1,method=PATCH,retry_after=600"])
def test_a_leaver_of_the_wrong_day_is_suspended_once_the_clock_is_right(
    scim_world: Make, later: Later, fault: str
) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    faults(world, fault)
    later.by(DAY)
    world.change(maya, active=False)
    world.tick()
    later.by(-DAY)
    assert not is_due(world)

    upkeep.watch()
    assert is_due(world)
    later.by(60)
    world.tick()

    assert world.account("maya.okafor@example.com")["active"] is False


def test_somebody_who_was_changed_under_the_wrong_clock_is_due_now(scim_world: Make, later: Later) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    world.tick()
    later.by(DAY)
    world.change(maya, active=False)
    later.by(-DAY)
    world.tick()
    assert world.account("maya.okafor@example.com")["active"] is True

    upkeep.watch()
    world.tick()

    assert world.account("maya.okafor@example.com")["active"] is False


def test_a_worker_killed_under_the_wrong_clock_keeps_nobody_longer_than_a_lease(
    scim_world: Make, later: Later
) -> None:
    world = scim_world()
    maya = world.hire("Maya", "Okafor")
    holder = deliverer.new_holder(world.tenant.id, world.target.id)
    later.by(DAY)
    with writing() as connection:
        assert turns.take_tick(connection, holder)
        links = claims.claim(connection, holder)
        claims.start(connection, holder, [claims.Start(links[0], "create", {}, sends=True)])
    later.by(-DAY)
    upkeep.watch()
    assert world.link(maya).lease_until > clock.now(), "it may still be at work"
    assert ticks.run(world.tenant.id, world.target.id) is None

    later.by(holder.lease_seconds + holder.grace_seconds + 1)
    world.tick()

    assert "maya.okafor@example.com" in world.far.accounts()


def test_a_full_resync_asked_for_under_the_wrong_clock_reads_the_target_once(
    scim_world: Make, later: Later
) -> None:
    world = scim_world()
    world.hire_many(30)
    world.tick()
    faults(world, "503:retry_after=600")
    later.by(DAY)
    world.full()
    later.by(-DAY)
    faults(world, "")
    world.far.forget_calls()

    upkeep.watch()
    later.by(1)
    world.tick()

    assert len(world.far.calls()) == 1
    with reading() as connection:
        assert connection.scalar(select(link_table.c.due_at).where(link_table.c.due_at.is_not(None))) is None


def test_a_group_that_the_wrong_clock_has_put_off_is_due_now(scim_world: Make, later: Later) -> None:
    world = scim_world(groups="departments")
    world.hire("Maya", "Okafor", enterprise={"department": "Sales"})
    world.tick()
    times = ("due_at", "next_attempt_at", "lease_until", "compare_since")
    with writing() as connection:
        connection.execute(update(group_link_table).values(dict.fromkeys(times, clock.after(2 * DAY))))

    upkeep.watch()

    with reading() as connection:
        row = connection.execute(select(*(group_link_table.c[name] for name in times))).one()
        assert max(row) < clock.after(600)


def test_what_waits_on_purpose_is_left_as_it_is(scim_world: Make) -> None:
    world = scim_world()
    world.configure(start_gate="7")
    world.settle()
    starts_on = (datetime.now(UTC).date() + timedelta(days=90)).isoformat()
    later_hire = world.hire("Maya", "Okafor", hr={"startDate": starts_on})
    given_up = world.hire("Noor", "Haddad")
    world.tick()
    with writing() as connection:
        values = {"due_at": clock.now(), "reason_code": "quarantine", "next_attempt_at": clock.after(DAY)}
        connection.execute(update(link_table).where(link_table.c.employee_id == given_up).values(values))
    before = (world.link(later_hire), world.link(given_up), world.target)

    with reading() as connection:
        assert not ahead.has_any(connection, world.tenant.id, clock.now())
    with writing() as connection:
        ahead.pull_in(connection, world.tenant.id, clock.now())

    assert (world.link(later_hire), world.link(given_up), world.target) == before
