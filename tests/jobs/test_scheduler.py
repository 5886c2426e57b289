"""The scheduler: who is woken for what, and how often."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flask import Flask
from sqlalchemy import update
from structlog.testing import capture_logs

from app import clock, directory
from app.access import audit
from app.access.tenants import Tenant
from app.database import reading, writing
from app.jobs import tasks
from app.jobs.queue import Queue, queue_of
from app.jobs.scheduler import Scheduler
from app.jobs.tables import lease_table
from app.provisioning import deliverer, targets, ticks, turns
from app.provisioning.tables import TargetRow
from tests.harness.fault_target import LocalTarget
from tests.harness.redis_server import RedisServer

_target = TargetRow.__table__


def _scheduler(app: Flask, folder: Path) -> tuple[Scheduler, Queue]:
    queue = queue_of(replace(app.extensions["rollcall.settings"], instance_path=folder))
    return Scheduler(queue, tasks.join(app, queue)), queue


def _add_target(tenant: Tenant, url: str, key: str) -> int:
    with writing() as connection:
        targets.add(
            connection, tenant.id, "test", kind="scim", name="far", url=url, token=key,
            options={"rate": "0", "interval": "60"},
        )  # fmt: skip
        return targets.named(connection, tenant.id, "far").id


def _set_next_tick(at: str) -> None:
    with writing() as connection:
        connection.execute(update(_target).values(next_tick_at=at))


def test_a_due_target_is_asked_for_once_and_again_when_it_is_due_anew(
    app: Flask, tenant: Tenant, tmp_path: Path
) -> None:
    _add_target(tenant, "http://127.0.0.1:9/scim/v2", "x")
    scheduler, queue = _scheduler(app, tmp_path)
    _set_next_tick(clock.after(-5))
    for _ in range(3):
        scheduler.beat()
    assert queue.pending_count() == 1
    _set_next_tick(clock.after(-4))
    scheduler.beat()
    assert queue.pending_count() == 2
    _set_next_tick(clock.after(60))
    scheduler.beat()
    assert queue.pending_count() == 2


def test_a_beat_seals_the_audit_chain(app: Flask, tenant: Tenant, tmp_path: Path) -> None:
    scheduler, _ = _scheduler(app, tmp_path)
    scheduler.beat()
    with reading() as connection:
        report = audit.verify(connection, tenant.id)
    assert report.unsealed == 0
    assert report.sealed >= 1


def test_a_target_that_asks_to_wait_is_due_when_it_may_be_asked_again(
    app: Flask, tenant: Tenant, tmp_path: Path
) -> None:
    with LocalTarget(faults="503:rate=1,retry_after=2") as far:
        target_id = _add_target(tenant, far.url, far.key)
        with writing() as connection:
            document = {"schemas": [], "userName": "a", "emails": [{"type": "work", "value": "a@x.example"}]}
            directory.create(connection, tenant.id, directory.Actor("admin", "1"), document)
        ticks.run(tenant.id, target_id)
        with reading() as connection:
            target = targets.with_id(connection, tenant.id, target_id)
    assert target is not None
    assert target.retry_at is not None
    assert target.next_tick_at == target.retry_at


def test_of_two_schedulers_one_beats_until_it_lets_the_other(
    app: Flask, tenant: Tenant, tmp_path: Path
) -> None:
    _add_target(tenant, "http://127.0.0.1:9/scim/v2", "x")
    (one, queue), (other, others_queue) = (_scheduler(app, tmp_path / name) for name in ("one", "other"))

    assert (one.beat(), other.beat()) == (True, False)
    assert (queue.pending_count() > 0, others_queue.pending_count()) == (True, 0)

    one.lease.give_back()
    assert (other.beat(), one.beat()) == (True, False)
    assert others_queue.pending_count() > 0


def test_a_scheduler_whose_lease_went_to_another_while_it_stood_still_seals_and_starts_nothing(
    app: Flask, tenant: Tenant, tmp_path: Path
) -> None:
    (slow, _), (quick, _) = (_scheduler(app, tmp_path / name) for name in ("slow", "quick"))
    assert slow.lease.hold()
    with writing() as connection:
        connection.execute(update(lease_table).values(until=clock.after(-1)))
    assert quick.lease.hold()

    slow._seal()  # in the middle of a beat, as far as it knows

    assert slow.lease.is_held, "its own clock has not told it yet"
    with reading() as connection:
        assert audit.verify(connection, tenant.id).sealed == 0
    quick.beat()
    with reading() as connection:
        assert audit.verify(connection, tenant.id).unsealed == 0


def test_a_target_whose_tick_was_killed_at_work_is_due_again_at_once(app: Flask, tenant: Tenant) -> None:
    target_id = _add_target(tenant, "http://127.0.0.1:9/scim/v2", "x")
    _set_next_tick(clock.after(60))
    with writing() as connection:
        assert turns.take_tick(connection, deliverer.new_holder(tenant.id, target_id))
    with reading() as connection:
        assert ticks.due_targets(connection, clock.now()) == []
        found = ticks.due_targets(connection, clock.after(turns.TURN_SECONDS + 0.1))
    assert [(tenant_id, id_) for tenant_id, id_, _ in found] == [(tenant.id, target_id)]


def test_a_queue_that_is_away_costs_a_wake_up_and_nothing_else(
    app: Flask, tenant: Tenant, tmp_path: Path
) -> None:
    with RedisServer() as redis:
        settings = replace(app.extensions["rollcall.settings"], queue_url=redis.url)
        queue = queue_of(settings)
        scheduler = Scheduler(queue, tasks.join(app, queue))
        redis.kill()
        _add_target(tenant, "http://127.0.0.1:9/scim/v2", "x")

        with capture_logs() as lines:
            assert [scheduler.beat() for _ in range(3)] == [True, True, True]
        assert [line["log_level"] for line in lines if "queue" in line["event"]] == ["warning"]
        with reading() as connection:
            assert audit.verify(connection, tenant.id).unsealed == 0

        redis.start()
        scheduler.beat()
        assert queue.is_reached
        assert [task.name for task in queue.pending()] == ["push"]
