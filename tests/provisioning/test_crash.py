"""Workers killed at random instants lose nothing and create nobody twice (rule 13), whatever the target does.

Two processes drain one target, which enforces no uniqueness, commits late and cuts connections after committing.
The large run is `make crash`.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from app.access.tenants import Tenant
from app.database import db, reading
from app.provisioning.tables import link_table
from tests.harness.checker import Truth, account_of_scim, check, overlapping_writes
from tests.harness.fault_target import KEY, LocalTarget
from tests.provisioning.world import World

ROOT = Path(__file__).resolve().parents[2]
#: `make crash` asks for more.
PEOPLE, KILLS = int(os.environ.get("CRASH_PEOPLE", "250")), int(os.environ.get("CRASH_KILLS", "40"))


class FaultyFar:
    """The fault target as a far side."""

    kind, header, token = "scim", "Authorization", KEY

    def __init__(self, local: LocalTarget) -> None:
        self.local = local
        self.url = local.url


@pytest.mark.timeout(3600)
def test_rule_13_killed_workers_lose_nobody_and_create_nobody_twice(
    tenant: Tenant, database_url: str, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(2**31)
    print(f"seed {seed}")
    with LocalTarget(seed=seed) as local:
        world = World(tenant, FaultyFar(local))  # type: ignore[arg-type]
        people = world.hire_many(PEOPLE)
        run_id = [tenant.id, world.target.id, seed, KILLS]
        db.engine.dispose()
        command = [sys.executable, "-m", "tests.provisioning.draining", database_url, str(tmp_path)]
        workers = subprocess.Popen([*command, *map(str, run_id)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        _wait_for(lambda: len(local.accounts()) >= PEOPLE // 3, workers)
        for id_ in people[5::10]:
            world.change(id_, active=False, title="Alumna")
        for id_ in people[3::10]:
            world.email(id_, f"{id_}@example.com")
        _, errors = workers.communicate(timeout=3000)
        assert workers.returncode == 0, errors[-3000:]
        assert "Traceback" not in errors, errors[-3000:]

        with reading() as connection:
            links = connection.execute(select(link_table)).all()
        truths = [_truth(number, id_, links) for number, id_ in enumerate(people)]
        accounts = [account_of_scim(user) for user in local.accounts()]
        rows = [
            {"employee_id": row.employee_id, "remote_id": row.remote_id, "state": row.state} for row in links
        ]
        verdict = check(truths, accounts, local.calls(), rows)
        assert verdict.is_clean, f"seed {seed}: {verdict.report()}"
        assert overlapping_writes(local.calls()) == []


def _truth(number: int, employee_id: str, links: list[object]) -> Truth:
    """Someone who left before an account was made has none."""
    renamed = f"{employee_id}@example.com" if number % 10 == 3 else f"p{number}.many@example.com"
    active = number % 10 != 5
    state = next(row.state for row in links if row.employee_id == employee_id)  # type: ignore[attr-defined]
    return Truth(email=renamed, active=active, needs_account=active or state != "not_needed")


def _wait_for(fact: object, workers: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 120
    while not fact():  # type: ignore[operator]
        assert workers.poll() is None, workers.stderr and workers.stderr.read()[-3000:]
        assert time.monotonic() < end
        time.sleep(0.05)
