"""Backups of one moment, restored into either database: whole or not at all, and at rest."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app import create_app, directory
from app.access import audit, tenants
from app.access.tenants import Tenant
from app.config import Settings
from app.database import Model, db, reading, writing
from app.errors import RollcallError, WrongUse
from app.keeping import archive, backup, rotation, rows
from app.keeping.archive import BackupUnreadable
from app.keeping.restore import restore
from app.provisioning import targets
from app.sources import catalog, runs
from tests.harness.postgres import PostgresCluster
from tests.keeping.conftest import HUMAN, KEY_RING, Sealed, ring_in
from tests.provisioning.world import person

pytestmark = pytest.mark.usefixtures("stamped")
NoInstallation = Callable[..., Flask]


@pytest.fixture
def empty(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[NoInstallation]:
    """Give a function that makes the application of another installation, without tables, on the database asked for."""
    made = []

    def make(key_ring: str = KEY_RING, kind: str = settings.database_url) -> Flask:
        folder = tmp_path / "elsewhere"
        (folder / "keys").mkdir(parents=True)
        (folder / "keys" / "key_ring").write_text(key_ring)
        url = f"sqlite:///{folder / 'rollcall.db'}"
        if kind.startswith("postgresql"):
            cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
            url = cluster.create_database()
        app = create_app(replace(settings, database_url=url, instance_path=folder, key_ring=key_ring))
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


def _contents() -> dict[str, list[Any]]:
    """Return the lines of every table of the installation at hand."""
    with rows.snapshot() as connection:
        known = [tenant.id for tenant in tenants.listed(connection)]
        return {
            table.name: [_values(line) for id_ in known for line in rows.lines(connection, table, id_)]
            for table in rows.tables(connection)
        }


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_is_restored_is_what_was_there_on_either_database(
    sealed: Sealed, empty: NoInstallation, tmp_path: Path, kind: str
) -> None:
    made = backup.make(tmp_path / "backup.tar", with_keys=False)
    before = _contents()
    with empty(kind=kind).app_context():
        done = restore(tmp_path / "backup.tar")
        after = _contents()
        sealed_rows = {"staged_record", "import_run", "target", "source", "audit"}
        assert {name: lines for name, lines in after.items() if name not in sealed_rows} == {
            name: lines for name, lines in before.items() if name not in sealed_rows
        }
        assert sum(made.manifest.rows.values()) == sum(map(len, before.values()))
        assert (done.targets, done.sources, done.runs, done.took_keys) == (1, 2, 1, False)
        with reading() as connection:
            assert directory.total(connection, sealed.tenant.id) == 3


def _values(line: str) -> list[Any]:
    """Return the values of a line; a database may put the members of a document into another order."""
    return [
        json.loads(value) if isinstance(value, str) and value.startswith("{") else value
        for value in json.loads(line)
    ]


def test_everything_is_at_rest_after_a_restore(sealed: Sealed, empty: NoInstallation, tmp_path: Path) -> None:
    with writing() as connection:
        targets.resume(connection, targets.named(connection, sealed.tenant.id, "far"), "test")
    made_at = backup.make(tmp_path / "backup.tar", with_keys=False).manifest.made_at
    with empty().app_context():
        restore(tmp_path / "backup.tar")
        with reading() as connection:
            far = targets.named(connection, sealed.tenant.id, "far")
            assert far.state == "paused"
            assert str(far.pause_reason).startswith(f"restored from a backup of {made_at}")
            assert {source.state for source in catalog.listed(connection, sealed.tenant.id)} == {"paused"}
            run = runs.get(connection, sealed.tenant.id, sealed.run.id)
            assert (run.state, run.phase) == ("cancelled", "done")
            assert "import again" in str(run.message)
            assert runs.due(connection) == []


def test_the_audit_chain_goes_on_after_a_restore(
    tenant: Tenant, empty: NoInstallation, tmp_path: Path
) -> None:
    with writing() as connection:
        audit.seal(connection, tenant.id)
    backup.make(tmp_path / "backup.tar", with_keys=False)
    with empty().app_context():
        restore(tmp_path / "backup.tar")
        with writing() as connection:
            assert audit.seal(connection, tenant.id) == 1
            assert audit.verify(connection, tenant.id).findings == ()


def test_new_tenants_get_new_numbers_after_a_restore(
    tenant: Tenant, empty: NoInstallation, tmp_path: Path
) -> None:
    backup.make(tmp_path / "backup.tar", with_keys=False)
    with empty().app_context():
        restore(tmp_path / "backup.tar")
        with writing() as connection:
            assert tenants.create(connection, "another").id > tenant.id


def test_a_backup_sees_one_moment_however_long_it_takes(tenant: Tenant, tmp_path: Path) -> None:
    hired: list[str] = []

    def hire(*_progress: object) -> None:
        with writing() as connection:
            hired.append(directory.create(connection, tenant.id, HUMAN, person(f"P{len(hired)}", "Late")).id)

    hire()
    made = backup.make(tmp_path / "backup.tar", with_keys=False, progress=hire)
    assert len(hired) > 10
    assert {made.manifest.rows[name] for name in ("employee", "revision", "employee_email")} == {1}


def test_a_file_is_never_overwritten_and_only_its_owner_reads_it(tenant: Tenant, tmp_path: Path) -> None:
    path = tmp_path / "backup.tar"
    backup.make(path, with_keys=True)
    assert path.stat().st_mode & 0o777 == 0o600
    content = path.read_bytes()
    with pytest.raises(WrongUse, match="exists already"):
        backup.make(path, with_keys=False)
    assert path.read_bytes() == content
    assert [other.name for other in tmp_path.iterdir() if "backup" in other.name] == ["backup.tar"]


def test_a_backup_that_breaks_off_leaves_nothing(tenant: Tenant, tmp_path: Path) -> None:
    def fail(*_progress: object) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        backup.make(tmp_path / "backup.tar", with_keys=True, progress=fail)
    assert [other.name for other in tmp_path.iterdir() if "backup" in other.name] == []


def test_a_backup_names_what_needs_the_key_ring(sealed: Sealed, tmp_path: Path) -> None:
    made = backup.make(tmp_path / "backup.tar", with_keys=False)
    assert ("tokens of targets", 1) in made.needs_keys
    assert not made.manifest.has_keys
    assert KEY_RING[3:] not in (tmp_path / "backup.tar").read_bytes().decode("latin-1")


def test_a_damaged_backup_restores_nothing(sealed: Sealed, empty: NoInstallation, tmp_path: Path) -> None:
    path = tmp_path / "backup.tar"
    backup.make(path, with_keys=False)
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        places = [entry.offset_data + entry.size // 2 for entry in tar if entry.size]
    places.append(places[0] - places[0] % 512 + 3)
    with empty().app_context():
        for place in places[1:]:
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(BackupUnreadable, match=r"damaged|not a backup"):
                restore(path)
        for length in (0, 1000, places[3], len(whole) // 2):
            path.write_bytes(whole[:length])
            with pytest.raises(BackupUnreadable):
                restore(path)
        with db.engine.connect() as connection:
            assert rows.tables(connection) == []


def test_an_installation_is_not_restored_over_another_unless_that_is_said(
    sealed: Sealed, tmp_path: Path
) -> None:
    path = tmp_path / "backup.tar"
    backup.make(path, with_keys=False)
    before = _contents()
    with writing() as connection:
        tenants.create(connection, "another")
    with pytest.raises(WrongUse, match="holds the tenants acme, another already"):
        restore(path)
    restore(path, replace=True)
    after = _contents()
    assert after["tenant"] == before["tenant"]
    assert after["employee"] == before["employee"]


def test_without_its_keys_a_backup_is_not_restored(
    sealed: Sealed, empty: NoInstallation, tmp_path: Path
) -> None:
    backup.make(tmp_path / "backup.tar", with_keys=False)
    with empty("k1:" + "8" * 64).app_context():
        with pytest.raises(RollcallError, match=r"keys that this installation does not have \(k1\)"):
            restore(tmp_path / "backup.tar")
        with db.engine.connect() as connection:
            assert rows.tables(connection) == []


def test_a_backup_with_its_keys_opens_everything_elsewhere(
    sealed: Sealed, empty: NoInstallation, tmp_path: Path
) -> None:
    rotation.make_key()
    rotation.reseal()
    rotation.retire("k1")
    backup.make(tmp_path / "backup.tar", with_keys=True)
    with empty("k1:" + "8" * 64).app_context():
        assert restore(tmp_path / "backup.tar").took_keys
        with writing() as connection:
            for employee_id in sealed.ids:
                assert directory.get(connection, sealed.tenant.id, employee_id)
            assert catalog.named(connection, sealed.tenant.id, "jazz").secrets == {"api_key": "an-api-key"}
    keys = tmp_path / "elsewhere" / "keys"
    assert list(ring_in(keys / "key_ring").chain_keys) == ["k1"]
    (kept,) = keys.glob("key_ring.before-restore-*")
    assert kept.read_text() == "k1:" + "8" * 64


def test_a_backup_of_an_older_schema_is_upgraded(empty: NoInstallation, tmp_path: Path) -> None:
    path, member = tmp_path / "old.tar", "tenant"
    with archive.drafting(path) as draft:
        with draft.table(member) as handle:
            handle.write('["id","slug","token_key","public_id","created_at"]\n')
            handle.write(
                '[7,"acme","abcdefgh","11111111-2222-3333-4444-555555555555","2026-01-01T00:00:00.000000Z"]\n'
            )
        draft.close(
            archive.Manifest(
                *(
                    "2026-01-02T00:00:00.000000Z",
                    "0.1.0",
                    "0002",
                    "sqlite",
                    ["acme"],
                    {member: 1},
                    [],
                    {},
                    {},
                ),
                draft.digests,
            ),
            path,
        )
    with empty().app_context():
        restore(path)
        with reading() as connection:
            assert [tenant.slug for tenant in tenants.listed(connection)] == ["acme"]
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) != "0002"
            assert connection.scalar(select(func.count()).select_from(Model.metadata.tables["notice"])) == 0


def test_a_backup_of_an_unknown_schema_is_refused(
    tenant: Tenant, empty: NoInstallation, tmp_path: Path
) -> None:
    path = tmp_path / "new.tar"
    with archive.drafting(path) as draft:
        manifest = archive.Manifest("2027", "9.0", "0099", "sqlite", [], {}, [], {}, {}, draft.digests)
        draft.close(manifest, path)
    with empty().app_context(), pytest.raises(BackupUnreadable, match=r"schema '0099' of Rollcall 9\.0"):
        restore(path)
