"""The scheduler: who is woken for what, and how often."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from huey import SqliteHuey
from sqlalchemy import update

from app import clock
from app.access import audit
from app.access.tenants import Tenant
from app.database import reading, writing
from app.jobs import tasks
from app.jobs.scheduler import Scheduler
from app.provisioning import targets, ticks
from app.provisioning.tables import TargetRow
from tests.harness.fault_target import LocalTarget

_target = TargetRow.__table__


def _scheduler(app: Flask, folder: Path) -> tuple[Scheduler, SqliteHuey]:
    queue = SqliteHuey("test", filename=str(folder / "queue.db"), results=False)
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
    from app import directory

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
