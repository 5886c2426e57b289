"""Rotation of the key ring beside running processes: nothing stops opening, nothing is lost, a kill costs nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app import directory
from app.access import audit
from app.access.encryption import key_ring
from app.access.tenants import Tenant
from app.database import db, reading, writing
from app.directory.tables import SealedValue
from app.errors import RollcallError, WrongUse
from app.keeping import rotation
from app.keeping.sealed import usage
from app.provisioning import targets
from scim.resources import HR
from tests.keeping.conftest import HUMAN, Sealed, ring_in


def _keys_in_use() -> set[str | None]:
    with reading() as connection:
        return {use.key_id for use in usage(connection)}


def test_a_new_key_seals_everything_anew_and_the_old_one_stays(sealed: Sealed, key_path: Path) -> None:
    assert rotation.make_key() == "k2"
    done = rotation.reseal()
    assert (done.key_id, done.values, done.unopened) == ("k2", 12, [])
    assert _keys_in_use() == {"k2"}
    assert list(ring_in(key_path).keys) == ["k2", "k1"]
    assert key_path.stat().st_mode & 0o777 == 0o600
    sealed.check()


def test_a_process_that_runs_opens_and_seals_with_a_key_that_it_did_not_know(
    sealed: Sealed, another: Callable[..., Flask]
) -> None:
    running = another()
    with running.app_context():
        sealed.check()
    rotation.make_key()
    rotation.reseal()
    with running.app_context():
        sealed.check()
        with writing() as connection:
            targets.change(
                connection, targets.named(connection, sealed.tenant.id, "far"), "test", token="another"
            )
        db.engine.dispose()
    assert _keys_in_use() == {"k2"}


def test_a_rotation_that_was_killed_goes_on_where_it_stopped(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 1)
    rotation.make_key()
    batches = iter(range(2))

    def killed(*_progress: object) -> None:
        if next(batches, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.reseal(killed)
    assert _keys_in_use() == {"k1", "k2"}
    assert rotation.is_unfinished()
    sealed.check()
    assert rotation.reseal().values == 12 - 3
    assert not rotation.is_unfinished()
    sealed.check()


def test_writers_beside_a_rotation_lose_nothing(
    sealed: Sealed, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 1)
    stop, rounds = threading.Event(), 0

    def write() -> None:
        nonlocal rounds
        with app.app_context():
            while not stop.is_set():
                rounds += 1
                with writing() as connection:
                    secrets = {f"{HR}:nationalId": {"value": f"N{rounds}"}}
                    directory.merge(connection, sealed.tenant.id, sealed.ids[0], HUMAN, {}, secrets=secrets)

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(3):
        rotation.make_key()
        rotation.reseal()
    stop.set()
    writer.join()
    rotation.reseal()
    assert _keys_in_use() == {"k4"}
    table = SealedValue.__table__
    with reading() as connection:
        where = (table.c.tenant_id == sealed.tenant.id, table.c.path == f"{HR}:nationalId")
        row = connection.execute(select(table).where(*where)).one()
        place = f"employee_secret/{row.resource_id}/{row.path}"
        assert f"N{rounds}".encode() in key_ring().unseal(sealed.tenant.id, place, row.sealed)


def test_an_unchanged_secret_is_no_change_after_a_rotation(sealed: Sealed) -> None:
    rotation.make_key()
    rotation.reseal()
    with writing() as connection:
        secrets = {f"{HR}:salary": {"amount": 98765.25}}
        written = directory.merge(connection, sealed.tenant.id, sealed.ids[0], HUMAN, {}, secrets=secrets)
    assert not written.changed


def test_the_audit_chain_verifies_through_rotations_and_retirements(tenant: Tenant, app: Flask) -> None:
    for _ in range(3):
        with writing() as connection:
            audit.record(connection, tenant.id, "admin:1", "token.created", "token:1", {})
            audit.seal(connection, tenant.id)
        rotation.make_key()
    rotation.retire("k1")
    rotation.retire("k2")
    with writing() as connection:
        audit.seal(connection, tenant.id)
        report = audit.verify(connection, tenant.id)
    assert report.findings == ()
    assert report.sealed > 5


def test_cursors_of_a_process_open_in_one_that_started_after_a_rotation(
    app: Flask, another: Callable[..., Flask], key_path: Path
) -> None:
    before = key_ring().cursor_key()
    rotation.make_key()
    assert another(key_ring=key_path.read_text()).extensions["rollcall.key_ring"].cursor_key() == before


def test_a_key_that_seals_something_is_not_retired(sealed: Sealed, key_path: Path) -> None:
    rotation.make_key()
    with pytest.raises(RollcallError, match=r"3 in sealed_value\.sealed.*keys rotate"):
        rotation.retire("k1")
    assert list(ring_in(key_path).keys) == ["k2", "k1"]
    rotation.reseal()
    rotation.retire("k1")
    assert (list(ring_in(key_path).keys), list(ring_in(key_path).chain_keys)) == (["k2"], ["k1"])
    sealed.check()


@pytest.mark.parametrize(("key_id", "why"), [("k1", "is the key that seals"), ("k9", "holds no key 'k9'")])
def test_the_key_that_seals_and_an_unknown_one_are_not_retired(tenant: Tenant, key_id: str, why: str) -> None:
    with pytest.raises(WrongUse, match=why):
        rotation.retire(key_id)


def test_a_retired_id_is_never_given_again(tenant: Tenant, key_path: Path) -> None:
    rotation.make_key()
    rotation.retire("k1")
    assert rotation.make_key() == "k3"


def test_a_file_with_another_ring_is_not_taken_for_the_next_state_of_this_one(
    sealed: Sealed, key_path: Path
) -> None:
    key_path.write_text("k1:" + "8" * 64)
    sealed.check()


def test_a_ring_from_the_environment_is_not_written(
    sealed: Sealed, key_path: Path, another: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLCALL_KEY_RING", key_path.read_text())
    with another().app_context():
        with pytest.raises(WrongUse, match="given from outside"):
            rotation.make_key()
        ring = key_ring().with_new_key().text()
        db.engine.dispose()
    monkeypatch.setenv("ROLLCALL_KEY_RING", ring)
    with another(key_ring=ring).app_context():
        assert rotation.is_unfinished()
        assert rotation.reseal().values == 12
        sealed.check()
        db.engine.dispose()
    assert key_path.read_text() == "k1:" + "7" * 64
