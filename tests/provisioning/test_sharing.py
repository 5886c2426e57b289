"""Drains that share a target: its limits hold over all of them, and one that dies keeps nobody waiting for long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from app import clock, directory
from app.database import db, reading, writing
from app.provisioning import claims, deliverer, sharing, ticks, turns
from app.provisioning.claims import Holder
from app.provisioning.fields import Selection
from app.provisioning.hand import Bench
from app.provisioning.policies import Policy
from app.provisioning.pulse import STOPPING
from app.provisioning.sharing import share_of
from app.provisioning.tables import drain_table, link_table, target_table
from app.provisioning.turns import TURN_SECONDS
from app.provisioning.wire import Gate, Stopped
from tests.harness.checker import overlapping_writes, peak_concurrency, peak_rate
from tests.harness.facts import wait_until
from tests.provisioning.world import HUMAN, World

Make = Callable[..., World]
ROOT = Path(__file__).resolve().parents[2]


def _policy(concurrency: int = 4, rate: float = 0.0) -> Policy:
    return Policy(Selection.of(None), concurrency=concurrency, rate=rate)


# --- what one drain claims at once ---


@dataclass
class _Crew:
    """What a crew has seen of its target."""

    answered: int
    answers_in_a_second: float


@pytest.mark.parametrize(
    ("answered", "a_second", "drains", "rate", "batch"),
    [
        pytest.param(0, inf, 1, 0.0, 100, id="the first batch is a small one"),
        pytest.param(100, 800.0, 1, 0.0, 600, id="alone and fast: so many rounds of all calls"),
        pytest.param(100, 800.0, 3, 0.0, 200, id="one of three: so many rounds of its share"),
        pytest.param(100, 60.0, 1, 0.0, 120, id="slow: what goes in two seconds"),
        pytest.param(100, 800.0, 1, 80.0, 160, id="a limit of the target"),
        pytest.param(100, 800.0, 2, 120.0, 120, id="half of a limit"),
        pytest.param(100, 0.5, 6, 0.0, 8, id="never less than two rounds of its share"),
        pytest.param(0, inf, 1, 1.0, 48, id="the first batch of a slow target"),
    ],
)
def test_a_drain_claims_what_it_can_do_soon_and_leaves_the_rest_to_others(
    answered: int, a_second: float, drains: int, rate: float, batch: int
) -> None:
    policy, gate = _policy(24, rate), Gate(rate, 1.0)
    share = share_of(0, drains, policy)
    gate.open(share.calls, share.rate, inf)
    target: Any = SimpleNamespace(policy=policy)
    session: Any = SimpleNamespace(gate=gate)
    crew: Any = _Crew(answered, a_second)
    settings: Any = None
    holder = Holder(1, 1, "me", 30.0, 5.0)
    assert Bench(target, session, crew, holder, settings, inf).batch == batch


# --- the shares ---


@given(st.integers(1, 64), st.floats(0.1, 1000), st.data())
def test_shares_add_up_to_the_limits_of_the_target(
    concurrency: int, rate: float, data: st.DataObject
) -> None:
    drains = data.draw(st.integers(1, concurrency))
    shares = [share_of(n, drains, _policy(concurrency, rate)) for n in range(drains)]
    assert sum(share.calls for share in shares) == concurrency
    assert sum(share.rate for share in shares) == pytest.approx(rate)
    assert max(share.calls for share in shares) - min(share.calls for share in shares) <= 1


@given(st.integers(1, 64), st.floats(0, 1000))
def test_no_more_drains_help_than_calls_may_be_under_way(concurrency: int, rate: float) -> None:
    assert 1 <= sharing.useful(_policy(concurrency, rate)) <= concurrency


def test_a_slow_rate_is_reached_by_one_drain_alone() -> None:
    assert sharing.useful(_policy(16, 25.0)) == 1
    assert sharing.useful(_policy(16, 0.0)) == 16


# --- the gate ---


def _peak(gate: Gate, callers: int, seconds: float) -> list[tuple[float, float]]:
    """(start, end) of the calls that pass a gate meanwhile, each 10 ms long."""
    calls: list[tuple[float, float]] = []
    end = time.monotonic() + seconds

    def call() -> None:
        while time.monotonic() < end:
            with gate.passage():
                started = time.monotonic()
                time.sleep(0.01)
            calls.append((started, time.monotonic()))

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return calls


def test_a_gate_lets_no_more_calls_pass_at_a_time_than_it_was_opened_for() -> None:
    gate = Gate(0, 1, calls=8)
    gate.open(2, 0, float("inf"))
    calls = [{"started": start, "ended": end} for start, end in _peak(gate, 8, 0.3)]
    assert peak_concurrency(calls) == 2


def test_calls_leave_evenly_even_after_a_pause() -> None:
    gate = Gate(50, 1)
    time.sleep(0.2)
    starts = sorted(start for start, _ in _peak(gate, 8, 0.5))
    assert peak_rate([{"started": start} for start in starts], window=0.2) <= 12


def test_a_closed_gate_opens_for_those_who_wait() -> None:
    gate = Gate(0, 1)
    gate.close()
    passed = threading.Event()

    def call() -> None:
        with gate.passage():
            passed.set()

    thread = threading.Thread(target=call)
    thread.start()
    assert not passed.is_set()
    gate.open(1, 0, float("inf"))
    thread.join(10)
    assert passed.is_set()


def test_a_share_that_was_not_renewed_lets_nothing_pass() -> None:
    gate = Gate(0, 1)
    gate.open(1, 0, time.monotonic() - 0.001)
    gate.hold("batch", time.monotonic() + 1.3)  # nor does it wait for ever
    with pytest.raises(Stopped), gate.passage():
        pytest.fail("a call left without a share")


# --- the rows ---


@pytest.fixture
def world(scim_world: Make) -> World:
    return scim_world("no-uniqueness; slow:ms=20", concurrency="4", interval="3600")


def _holder(world: World) -> Holder:
    return deliverer.new_holder(world.tenant.id, world.target.id)


def _join(holder: Holder, most: int = 4) -> bool:
    with writing() as connection:
        return sharing.join(connection, holder, most)


def _let_run_out(holder: Holder) -> None:
    with writing() as connection:
        mine = drain_table.c.owner == holder.owner
        connection.execute(update(drain_table).where(mine).values(until=clock.after(-1)))


def test_there_is_room_for_as_many_drains_as_the_target_bears(world: World) -> None:
    holders = [_holder(world) for _ in range(3)]
    assert [_join(holder, most=2) for holder in holders] == [True, True, False]

    with writing() as connection:
        sharing.leave(connection, holders[0])

    assert _join(holders[2], most=2)


def test_a_drain_that_was_killed_leaves_its_place_when_its_row_runs_out(world: World) -> None:
    killed, next_one = _holder(world), _holder(world)
    assert _join(killed, most=1)
    assert not _join(next_one, most=1)

    _let_run_out(killed)

    assert _join(next_one, most=1)
    with writing() as connection:
        assert not sharing.keep(connection, killed), "it has to ask again"
        assert sharing.keep(connection, next_one)


def test_a_tick_waits_for_the_place_of_a_drain_that_was_killed(world: World) -> None:
    world.configure(concurrency="1")
    maya = world.hire("Maya", "Okafor")
    assert _join(_holder(world), most=1)

    world.tick()

    assert world.link(maya).state == "linked"


def test_nothing_of_a_drain_is_left_when_it_is_over(world: World) -> None:
    world.hire("Maya", "Okafor")
    world.tick()
    with reading() as connection:
        assert connection.execute(select(drain_table)).all() == []
        row = connection.execute(select(target_table)).one()
    assert (row.tick_owner, row.listing_owner) == (None, None)


# --- drains together ---


def _linked(world: World, count: int) -> list[str]:
    """People who have accounts already and are all due."""
    people = world.hire_many(count)
    world.tick()
    with writing() as connection:
        for id_ in people:
            directory.merge(connection, world.tenant.id, id_, HUMAN, {"title": "Engineer"})
    world.far.forget_calls()
    return people


def _owe(world: World, count: int) -> None:
    """So many links that are due."""
    columns = {
        "tenant_id": world.tenant.id,
        "target_id": world.target.id,
        "state": "linked",
        "due_at": clock.now(),
        "priority": 2,
        "generation": 2,
        "due_generation": 2,
        "delivered_generation": 1,
        "rides_along": False,
        "tries": 0,
        "lease_token": 1,
    }
    with writing() as connection:
        connection.execute(insert(link_table), [columns | {"employee_id": f"e-{n:05}"} for n in range(count)])


def _assisted(world: World, app: Flask, helpers: int) -> None:
    """One tick, with so many others that help it."""

    def help_it() -> None:
        with app.app_context():
            deliverer.assist(world.tenant.id, world.target.id, deadline=time.monotonic() + 60)

    threads = [threading.Thread(target=help_it) for _ in range(helpers)]
    for thread in threads:
        thread.start()
    world.tick()
    for thread in threads:
        thread.join()


def test_helpers_and_their_tick_together_keep_to_the_limits_and_work_nobody_twice(
    scim_world: Make, app: Flask
) -> None:
    world = scim_world("no-uniqueness; slow:ms=20", concurrency="4", rate="120")
    people = _linked(world, 220)

    _assisted(world, app, helpers=3)

    calls = [call.as_dict() for call in world.far.simulator.log]  # type: ignore[attr-defined]
    assert len(world.writes()) == len(people)
    assert {account["title"] for account in world.far.accounts().values()} == {"Engineer"}
    assert overlapping_writes(calls) == []
    assert peak_concurrency(calls) <= 4
    assert peak_rate(calls) <= 120 * 1.1


def test_a_helper_leaves_the_reading_of_the_whole_target_to_the_tick(world: World) -> None:
    tick, helper = _holder(world), _holder(world)
    with writing() as connection:
        assert turns.take_tick(connection, tick)
        assert not turns.take_listing(connection, helper)
        assert turns.take_listing(connection, tick)


def test_a_crowd_at_a_target_asks_for_one_more_drain_until_the_target_bears_no_more(world: World) -> None:
    _owe(world, ticks.MUCH + 5)
    tick = _holder(world)
    expected = (world.tenant.id, world.target.id)
    with writing() as connection:
        assert turns.take_tick(connection, tick)
    for drains in range(1, 4):
        assert _join(tick if drains == 1 else _holder(world))
        with reading() as connection:
            assert ticks.crowded(connection, clock.now()) == [(*expected, drains)]
    assert _join(_holder(world))
    with reading() as connection:
        assert ticks.crowded(connection, clock.now()) == []


def test_a_tick_with_little_to_do_is_left_alone(world: World) -> None:
    _owe(world, ticks.MUCH - 5)
    tick = _holder(world)
    with writing() as connection:
        assert turns.take_tick(connection, tick)
    assert _join(tick)
    with reading() as connection:
        assert ticks.crowded(connection, clock.now()) == []


def test_the_next_tick_comes_when_a_killed_workers_people_become_free(world: World) -> None:
    people = _linked(world, 3)
    killed = _holder(world)
    with writing() as connection:
        links = claims.claim(connection, killed, limit=1)
        free_at = connection.scalar(
            select(link_table.c.lease_until).where(link_table.c.lease_owner == killed.owner)
        )

    world.tick()

    assert len(world.writes()) == len(people) - len(links)
    assert world.target.next_tick_at == free_at
    assert free_at <= clock.after(killed.lease_seconds)


def test_a_worker_that_is_stopped_in_order_frees_its_people_itself(scim_world: Make, app: Flask) -> None:
    world = scim_world("slow:ms=200,method=POST", concurrency="2")
    world.tick()
    world.hire_many(60)
    stopping = threading.Event()
    app.extensions[STOPPING] = stopping

    def push() -> None:
        with app.app_context():
            ticks.run(world.tenant.id, world.target.id)

    thread = threading.Thread(target=push)
    thread.start()
    wait_until(world.far.accounts, "it is at work")
    stopping.set()
    thread.join(60)

    assert 0 < len(world.far.accounts()) < 60
    with reading() as connection:
        rows = connection.execute(select(link_table)).all()
    assert {(row.lease_owner, row.attempt_kind) for row in rows} == {(None, None)}


# --- processes ---

_TICK = """
import sys
from pathlib import Path
from app import create_app
from app.provisioning import ticks
from tests.conftest import make_settings
url, folder, tenant, target = sys.argv[1:]
with create_app(make_settings(url, Path(folder), call_timeout=5.0)).app_context():
    print("at work", flush=True)
    ticks.run(int(tenant), int(target))
"""


@pytest.fixture
def tick_process(world: World, database_url: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    """A process in the middle of a tick of slow calls."""
    world.hire_many(15)
    world.far.simulator.plan_faults("slow:ms=500,method=POST")  # type: ignore[attr-defined]
    db.engine.dispose()
    words = [database_url, str(tmp_path), str(world.tenant.id), str(world.target.id)]
    process = subprocess.Popen([sys.executable, "-c", _TICK, *words], cwd=ROOT)
    wait_until(lambda: any(call[0] == "POST" for call in world.far.calls()), "it is at work", 60)
    yield process
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait()


def test_a_tick_that_stood_still_finds_another_one_begun_and_makes_no_further_call(
    world: World, tick_process: subprocess.Popen[bytes]
) -> None:
    os.kill(tick_process.pid, signal.SIGSTOP)
    successor = _holder(world)

    def has_begun() -> bool:
        with writing() as connection:
            return turns.take_tick(connection, successor)

    wait_until(has_begun, "its turn has run out", 3 * TURN_SECONDS)
    assert _join(successor)
    time.sleep(0.5)  # what it had sent before has arrived
    sent = len(world.writes())

    os.kill(tick_process.pid, signal.SIGCONT)
    assert tick_process.wait(60) == 0

    # Calls that were past the gate when it was stopped may still leave; there are four threads.
    assert len(world.writes()) <= sent + 4
    with reading() as connection:
        assert connection.scalar(select(target_table.c.tick_owner)) == successor.owner
