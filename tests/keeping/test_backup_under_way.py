"""A backup in the middle of an import and a push, restored elsewhere: the right end state, nobody twice there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app, directory
from app.access import audit
from app.access.tenants import Tenant
from app.config import Settings
from app.database import db, reading, writing
from app.keeping import backup
from app.keeping.backup import Made
from app.keeping.restore import restore
from app.provisioning import targets
from app.provisioning.tables import link_table
from app.sources import catalog, drafts, life, runner
from app.sources.runs import Run
from tests.harness.checker import Truth, account_of_scim, check
from tests.harness.facts import wait_until
from tests.harness.fault_target import KEY, LocalTarget
from tests.harness.postgres import PostgresCluster
from tests.keeping.conftest import KEY_RING, MAPPING
from tests.provisioning.world import World

#: The second import takes three batches; the backup falls behind its first one.
FIRST, ALL = 20, 420
#: It enforces nothing, and cuts connections after committing: whoever is sent twice is there twice.
FAULTS = "no-uniqueness;slow:ms=15;commit-then-reset:rate=0.03,method=POST"


class FaultyFar:
    """The fault target as a far side."""

    kind, header, token = "scim", "Authorization", KEY

    def __init__(self, local: LocalTarget) -> None:
        self.url = local.url


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Give leases that a restored installation need not wait for long."""
    return replace(settings, call_timeout=2.0, attempt_grace=0.5, lease_seconds=3.0)


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Flask:
    """Give the application of another installation, whose database is empty."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    url = f"sqlite:///{folder / 'rollcall.db'}"
    if not settings.is_sqlite:
        cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
        url = cluster.create_database()
    return create_app(replace(settings, database_url=url, instance_path=folder, key_ring=KEY_RING))


def _write(file: Path, people: int) -> None:
    rows = (f"{number},Family{number},person{number}@example.com" for number in range(people))
    file.write_text("\n".join(["ID,Last,Email", *rows]))


def _bring(tenant: Tenant, progress: Callable[[Run], None] | None = None) -> None:
    with reading() as connection:
        known = catalog.named(connection, tenant.id, "hr")
    run = runner.import_now(known, dry_run=False, requested_by="test", progress=progress)
    assert (run.state, run.counts.errored) == ("finished", 0)


def _people(tenant: Tenant) -> int:
    with reading() as connection:
        return directory.total(connection, tenant.id)


@pytest.mark.usefixtures("stamped")
def test_a_backup_in_the_middle_of_an_import_and_a_push_ends_right_after_its_restore(
    app: Flask, tenant: Tenant, elsewhere: Flask, tmp_path: Path
) -> None:
    file, path = tmp_path / "people.csv", tmp_path / "backup.tar"
    _write(file, FIRST)
    draft = drafts.drafted("csv", "hr", {"path": str(file), "mapping": MAPPING}, {})
    with writing() as connection:
        catalog.add(connection, tenant.id, draft, "test")
    with LocalTarget(FAULTS, seed=7) as local:
        world = World(tenant, FaultyFar(local), breaker="off")  # type: ignore[arg-type]
        _bring(tenant)
        _write(file, ALL)
        made: list[Made] = []

        def back_up(run: Run) -> None:
            """Make the backup when a batch of the import is applied, and the push has begun."""
            if run.counts.total > FIRST and not run.has_ended and not made:
                wait_until(local.accounts, "the push has begun")
                made.append(backup.make(path, with_keys=False))

        with _pushing(app, world):
            _bring(tenant, back_up)
            there = len(local.accounts())
            wait_until(lambda: len(local.accounts()) > there + 20, "the push goes on after the backup")
        in_backup = made[0].manifest.rows["employee"]

        with elsewhere.app_context():
            done = restore(path)
            assert (done.targets, done.sources, done.runs) == (1, 1, 1)
            assert FIRST < _people(tenant) == in_backup < ALL
            _resume(tenant)
            _bring(tenant)
            _push_all(world)
            assert _people(tenant) == ALL
            truth = [Truth(f"person{number}@example.com", active=True) for number in range(ALL)]
            accounts = [account_of_scim(user) for user in local.accounts()]
            verdict = check(truth, accounts, (), _links(tenant))
            _check_books(tenant)
            db.engine.dispose()
    assert verdict.is_clean, verdict.report()


@contextmanager
def _pushing(app: Flask, world: World) -> Iterator[None]:
    """Push on another thread meanwhile; what it has begun is finished at the end."""
    stop = threading.Event()

    def push() -> None:
        with app.app_context():
            while not stop.is_set():
                world.tick()

    pusher = threading.Thread(target=push)
    pusher.start()
    try:
        yield
    finally:
        stop.set()
        pusher.join()


def _resume(tenant: Tenant) -> None:
    with writing() as connection:
        life.resume(connection, catalog.named(connection, tenant.id, "hr"), "test")
        targets.resume(connection, targets.named(connection, tenant.id, "far"), "test")


def _push_all(world: World) -> None:
    end = time.monotonic() + 120
    while any(link["due_at"] for link in _links(world.tenant)):
        assert time.monotonic() < end, "links are still due"
        world.tick()


def _links(tenant: Tenant) -> list[dict[str, object]]:
    with reading() as connection:
        rows = connection.execute(select(link_table).where(link_table.c.tenant_id == tenant.id))
        return [dict(row._mapping) for row in rows]


def _check_books(tenant: Tenant) -> None:
    with writing() as connection:
        assert directory.stored_totals(connection, tenant.id)["User"] == directory.total(
            connection, tenant.id
        )
        audit.seal(connection, tenant.id)
        assert audit.verify(connection, tenant.id).findings == ()
