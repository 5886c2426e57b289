"""An installation that keeps its key ring in a file, with something sealed in every place where secrets stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app import create_app, directory
from app.access.encryption import KeyRing, unseal
from app.access.key_file import KeyFile
from app.access.tenants import Tenant
from app.clock import now
from app.config import Settings
from app.database import reading, writing
from app.directory.tables import SealedValue
from app.keeping.schema import newest_revision
from app.notices import channels
from app.provisioning import connections, targets
from app.sources import catalog, drafts, runs, staging
from app.sources.records import Page, SourceRecord
from scim.resources import HR
from tests.harness.connecting import connect
from tests.provisioning.world import person

KEY_RING = "k1:" + "7" * 64
SALARY, TOKEN, API_KEY = 98765.25, "a-target-token", "an-api-key"
HUMAN = directory.Actor("admin", "test")
MAPPING = '[record]\nkey = "ID"\n[fields]\n"name.familyName" = "Last"\n"emails[work].value" = "Email"\n'


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    """Give the file in the instance folder that holds the ring."""
    path = tmp_path / "keys" / "key_ring"
    path.parent.mkdir(mode=0o700)
    path.write_text(KEY_RING)
    return path


@pytest.fixture
def settings(settings: Settings, key_path: Path) -> Settings:
    """Give settings whose ring is the one in the file."""
    return replace(settings, key_ring=KEY_RING, call_timeout=5.0, attempt_grace=0.2, lease_seconds=10.0)


@pytest.fixture
def another(settings: Settings) -> Callable[..., Flask]:
    """Give a function that makes the application of another process of the same installation."""

    def make(**changes: Any) -> Flask:
        return create_app(replace(settings, **changes))

    return make


@pytest.fixture
def stamped(app: Flask) -> None:
    """Note the revision in the database, which test databases are made without."""
    with writing() as connection:
        connection.execute(
            text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        )
        connection.execute(
            text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": newest_revision()}
        )


def ring_in(path: Path) -> KeyRing:
    """Return the ring of a file."""
    return KeyRing.parse(KeyFile(path).read())


class Sealed:
    """Secrets in every place that seals them, put there and read back by the product's own ways."""

    def __init__(self, tenant: Tenant, folder: Path, people: int = 3) -> None:
        self.tenant, self.people = tenant, people
        with writing() as connection:
            self.ids = [self._hire(connection, number) for number in range(people)]
            targets.add(
                connection, tenant.id, "test", kind="scim", name="far", url="https://far.example.com/scim", token=TOKEN,
                paused=True,
            )  # fmt: skip
            channel, self.secret = channels.add(
                connection,
                tenant.id,
                "test",
                kind="webhook",
                name="hook",
                address="https://hook.example.com/",
            )
            self.fresh_secret = channels.rotate(connection, channel, "test", overlap_hours=24)
            connect(connection, tenant.id, drafts.drafted("jazzhr", "jazz", {}, {"api_key": API_KEY}))
        self.run = self._stage(folder / "people.csv")

    def _hire(self, connection: Any, number: int) -> str:
        secrets = {f"{HR}:salary": {"amount": SALARY + number}}
        document = person(f"P{number}", "Sealed")
        return directory.create(connection, self.tenant.id, HUMAN, document, secrets=secrets).id

    def _stage(self, path: Path) -> runs.Run:
        path.write_text("ID,Last,Email\n1,Somebody,somebody@example.com\n")
        with writing() as connection:
            draft = drafts.drafted("csv", "hr", {"path": str(path), "mapping": MAPPING}, {})
            known = catalog.add(connection, self.tenant.id, draft, "test")
        mapping = known.compiled_mapping(known.context())
        records = [SourceRecord(n, {"ID": str(n), "Last": f"Staged{n}"}) for n in range(1, self.people + 1)]
        with writing() as connection:
            run = runs.start(connection, known, dry_run=False, requested_by="test").run
            lease = runs.claim(connection, self.tenant.id, run.id, 60.0)
            assert lease is not None
            staging.stage_page(
                connection, lease, mapping, Page(records, {}, complete=False), date(2026, 1, 1), None
            )
        return run

    def check(self) -> None:
        """Open everything again; fails when a value is another one or does not open."""
        tenant_id = self.tenant.id
        with reading() as connection:
            for number, employee_id in enumerate(self.ids):
                assert f"{SALARY + number}" in opened_salary(connection, tenant_id, employee_id)
            with connections.open_session(targets.named(connection, tenant_id, "far")) as session:
                assert TOKEN in str(session.headers.values())
            known = catalog.named(connection, tenant_id, "jazz")
            assert known.secrets == {"api_key": API_KEY}
            assert len(known.print_key) == 32
            hook = channels.named(connection, tenant_id, "hook")
            assert hook.secrets(now()) == [self.fresh_secret, self.secret]
            rows = staging.next_batch(connection, tenant_id, self.run.id, 1000)
            assert [row.values["Last"] for row in rows] == [f"Staged{n}" for n in range(1, self.people + 1)]


def opened_salary(connection: Any, tenant_id: int, employee_id: str) -> str:
    """Return an employee's salary as write-back would read it."""
    table = SealedValue.__table__
    query = select(table).where(table.c.tenant_id == tenant_id, table.c.resource_id == employee_id)
    row = connection.execute(query).one()
    return unseal(tenant_id, f"employee_secret/{employee_id}/{row.path}", row.sealed).decode()


@pytest.fixture
def sealed(tenant: Tenant, tmp_path: Path) -> Sealed:
    """Give an installation with secrets everywhere."""
    return Sealed(tenant, tmp_path)
