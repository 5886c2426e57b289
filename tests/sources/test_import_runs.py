"""Import runs: one at a time for each source, one process at a time for each run."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.database import reading, writing
from app.sources import life, runner, runs, starting
from tests.sources.by_hand import ADA
from tests.sources.reports import counted


def test_a_second_request_gets_the_run_that_is_under_way(write, add_source, tenant):
    write(ADA)
    source = add_source()
    with writing() as connection:
        first = runs.start(connection, source, dry_run=False, requested_by="a")
        second = runs.start(connection, source, dry_run=False, requested_by="b")
    assert (first.is_new, second.is_new, first.run.id) == (True, False, second.run.id)


def test_eight_requests_at_once_make_one_run(write, add_source, app):
    write(ADA)
    source = add_source()
    together = threading.Barrier(8)

    def request(number: int) -> tuple[int, bool]:
        together.wait()
        with app.app_context(), writing() as connection:
            found = runs.start(connection, source, dry_run=False, requested_by=f"admin:{number}")
        return found.run.id, found.is_new

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(request, range(8)))
    assert {run_id for run_id, _ in answers} == {1}
    assert sum(is_new for _, is_new in answers) == 1


def test_a_worker_drives_the_runs_that_wait(write, add_source, tenant, app):
    write(ADA)
    source = add_source()
    with writing() as connection:
        run = runs.start(connection, source, dry_run=False, requested_by="a").run
    assert runner.resume_due(app) == 1
    assert runner.resume_due(app) == 0
    with reading() as connection:
        assert counted(runs.get(connection, tenant.id, run.id)) == {"added": 1, "total": 1}
        assert runs.run_has_ended(connection, tenant.id, run.id)


def test_a_run_that_somebody_holds_is_left_alone(write, add_source, tenant):
    write(ADA)
    source = add_source()
    with writing() as connection:
        run = runs.start(connection, source, dry_run=False, requested_by="a").run
        assert runs.claim(connection, tenant.id, run.id, 60) is not None
    assert runner.work(tenant.id, run.id) is None


def test_a_process_that_lost_its_lease_writes_nothing_more(write, add_source, tenant):
    write(ADA)
    source = add_source()
    with writing() as connection:
        run = runs.start(connection, source, dry_run=False, requested_by="a").run
        stale = runs.claim(connection, tenant.id, run.id, -1)
        fresh = runs.claim(connection, tenant.id, run.id, 60)
    assert stale is not None
    assert fresh is not None
    with pytest.raises(runs.LeaseLost), writing() as connection:
        stale.renew(connection, staged=99)
    with reading() as connection:
        assert runs.get(connection, tenant.id, run.id).staged == 0


def test_a_cancelled_run_ends_and_the_next_can_start(write, add_source, import_from, tenant):
    write(ADA)
    source = add_source()
    with writing() as connection:
        run = runs.start(connection, source, dry_run=False, requested_by="a").run
        assert runs.cancel(connection, tenant.id, run.id, "system:test").state == "cancelled"
    assert counted(import_from(source)) == {"added": 1, "total": 1}


def test_due_sources_are_started_once_and_get_their_next_time(write, add_source, tenant, app):
    write(ADA)
    add_source(schedule="15m")
    add_source("other", schedule="off")
    later = "2999-01-01T00:00:00.000000Z"
    with writing() as connection:
        assert len(starting.due_sources(connection, later)) == 1
        assert len(starting.start_due(connection, later)) == 1
        assert starting.start_due(connection, later) == []
    assert runner.resume_due(app) == 1


def test_a_paused_source_is_not_due(write, add_source, tenant):
    write(ADA)
    source = add_source(schedule="15m")
    with writing() as connection:
        life.pause(connection, source, "system:test")
        assert starting.due_sources(connection, "2999-01-01T00:00:00.000000Z") == []
