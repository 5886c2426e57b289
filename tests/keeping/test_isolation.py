"""Keeping an installation goes through it tenant by tenant, like everything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.cli import checks
from app.keeping import backup, erasing, rotation
from app.keeping.restore import restore
from tests.harness.isolation import watched
from tests.keeping.conftest import HUMAN, Sealed


@pytest.mark.usefixtures("stamped")
def test_keys_backups_erasures_and_doctor_confine_every_statement_to_a_tenant(
    app: Flask, sealed: Sealed, tmp_path: Path
) -> None:
    with watched() as watch:
        rotation.make_key()
        rotation.reseal()
        rotation.retire("k1")
        assert {row["state"] for row in checks.run()} <= {checks.OK, checks.WARN}
        backup.make(tmp_path / "backup.tar", with_keys=True)
        erasing.erase(sealed.tenant.id, sealed.ids[0], HUMAN)
        restore(tmp_path / "backup.tar", replace=True)
    assert [str(offence) for offence in watch.taken()] == []
