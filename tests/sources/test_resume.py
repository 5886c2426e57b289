"""An import whose process is killed goes on where it stood, and counts nothing twice: real processes, SIGKILL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import directory
from app.config import Settings
from app.database import reading, writing
from app.sources import runs
from app.sources.tables import source_record, staged_record
from tests.harness.reaper import Reaper
from tests.sources.reports import counted, error_lines

ROOT = Path(__file__).resolve().parents[2]
PEOPLE, DOUBLES, BAD = 900, 40, 30
KILLS = 5


def command(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """The command line of an import, and the environment of the test's installation for it."""
    environment = {
        "ROLLCALL_DATABASE_URL": settings.database_url,
        "ROLLCALL_INSTANCE_PATH": str(settings.instance_path),
        "ROLLCALL_SECRET_KEY": settings.secret_key,
        "ROLLCALL_KEY_RING": settings.key_ring,
        "ROLLCALL_LEASE_SECONDS": "0.5",
        "ROLLCALL_SQLITE_SYNCHRONOUS": "off",
        "PYTHONPATH": str(ROOT),
    }
    words = ["-m", "app.cli", "source", "import", "hr", "--tenant", "acme", "--json"]
    return [sys.executable, *words], {**os.environ, **environment}


@pytest.mark.timeout(240)
def test_a_killed_import_loses_nobody_and_counts_everybody_once(
    write, add_source, import_from, tenant, settings, tmp_path
):
    good = [f"{n},Given{n},Family{n},p{n}@example.com,Title,Active" for n in range(PEOPLE)]
    bad = [f"b{n},Given,Family,not an address,Title,Active" for n in range(BAD)]
    write(*good[: PEOPLE // 2], *bad, *good[:DOUBLES], *good[PEOPLE // 2 :])
    source = add_source()
    with writing() as connection:
        run_id = runs.start(connection, source, dry_run=False, requested_by="system:test").run.id

    def ended() -> bool:
        with reading() as connection:
            return runs.run_has_ended(connection, tenant.id, run_id)

    words, environment = command(settings)
    reaper = Reaper({"import": words}, log_directory=tmp_path, cwd=ROOT, env=environment, between=(0.8, 3.0))
    with reaper:
        reaper.run(ended, deadline=200, at_most_kills=KILLS)

    with reading() as connection:
        run = runs.get(connection, tenant.id, run_id)
        assert (run.state, run.complete) == ("finished", True), run.message
        assert counted(run) == {
            "added": PEOPLE,
            "skipped": DOUBLES,
            "errored": BAD,
            "total": PEOPLE + DOUBLES + BAD,
        }
        assert directory.total(connection, tenant.id) == PEOPLE
        assert connection.scalar(select(func.count()).select_from(staged_record)) == 0
        assert connection.scalar(select(func.count(source_record.c.employee_id.distinct()))) == PEOPLE
    assert len(error_lines(run)) == len({row for row, _, _ in error_lines(run)}) == BAD
    assert reaper.total_kills >= 1
    assert counted(import_from(source)) == {
        "skipped": PEOPLE + DOUBLES,
        "errored": BAD,
        "total": PEOPLE + DOUBLES + BAD,
    }


def test_the_command_is_what_resumes_an_abandoned_run(write, add_source, tenant, settings):
    write("1,Ada,Lovelace,ada@example.com,Analyst,Active")
    source = add_source()
    with writing() as connection:
        run_id = runs.start(connection, source, dry_run=False, requested_by="system:test").run.id
        assert runs.claim(connection, tenant.id, run_id, 1.0) is not None
    words, environment = command(settings)
    answer = subprocess.run(
        words, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(answer.stdout.splitlines()[-1]) == {
        "added": 1, "updated": 0, "deleted": 0, "skipped": 0, "errored": 0, "total": 1, "run": run_id
    }  # fmt: skip
