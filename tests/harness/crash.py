"""The crash test: an import and a push of real processes that are killed at random instants, and the judgement after.

    python -m tests.harness.crash --people 1000 --kills 60 --database both

Scheduler and workers are ``rollcall`` processes; the target enforces nothing, commits late and cuts connections after
committing. Three imports follow each other while the reaper strikes: everybody joins; some leave, move and are renamed;
some come back. Afterwards the checker compares source, directory and target.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from sqlalchemy import func, select

from app import create_app, directory
from app.access import tenants
from app.access.tenants import Tenant
from app.config import Settings
from app.database import db, reading, writing
from app.migrations.upgrading import upgrade_database
from app.provisioning import targets
from app.provisioning.tables import LinkRow, TargetRow
from app.sources import catalog, runs
from tests.harness.checker import Account, Truth, Verdict, account_of_scim, check, flattened
from tests.harness.fault_target import TargetProcess
from tests.harness.postgres import PostgresCluster
from tests.harness.reaper import Reaper

ROOT = Path(__file__).resolve().parents[2]
SECONDS = {"call_timeout": 2.0, "attempt_grace": 1.0, "lease_seconds": 5.0}
HEADER = ("Employee ID", "First Name", "Last Name", "Work Email", "Status", "Job Title")
_link, _target = LinkRow.__table__, TargetRow.__table__


@dataclass(frozen=True)
class Person:
    """A row of the source."""

    number: int
    email: str
    active: bool = True
    title: str = "Engineer"

    def row(self) -> tuple[str, ...]:
        """Return the cells under :data:`HEADER`."""
        status = "Active" if self.active else "Terminated"
        return (
            f"{self.number:06}",
            f"Given{self.number}",
            f"Family{self.number}",
            self.email,
            status,
            self.title,
        )

    def truth(self) -> Truth:
        """Return what must be true of this person everywhere."""
        fields = {"name.familyName": f"Family{self.number}", "title": self.title}
        return Truth(self.email, self.active, fields)


def stages(people: int, chance: Random) -> Iterator[list[Person]]:
    """Yield what the source says, three times: all join; some leave, change and are renamed; some leavers return."""
    staff = [Person(number, f"person{number}@example.com") for number in range(people)]
    yield staff
    leavers = set(chance.sample(range(people), max(2, people // 20)))
    renamed = set(chance.sample(range(people), people // 20)) - leavers
    staff = [
        replace(
            person,
            active=person.number not in leavers,
            email=f"renamed{person.number}@example.com" if person.number in renamed else person.email,
            title="Senior Engineer" if person.number % 7 == 0 else person.title,
        )
        for person in staff
    ]
    yield staff
    returned = set(chance.sample(sorted(leavers), len(leavers) // 2))
    yield [replace(person, active=person.active or person.number in returned) for person in staff]


class Stage:
    """An installation with one CSV source and one SCIM target, looked at from outside its processes."""

    def __init__(self, database_url: str, folder: Path, target: TargetProcess) -> None:
        self.file = folder / "people.csv"
        self.settings = Settings(
            database_url=database_url,
            instance_path=folder,
            allow_private_targets=True,
            secret_key="5" * 64,
            key_ring="k1:" + "7" * 64,
            log_level="warning",
            call_timeout=SECONDS["call_timeout"],
            attempt_grace=SECONDS["attempt_grace"],
            lease_seconds=SECONDS["lease_seconds"],
        )
        self.app = create_app(self.settings)
        with self.app.app_context():
            upgrade_database()
            self.write([])
            self.tenant = self._set_up(target)

    def _set_up(self, target: TargetProcess) -> Tenant:
        given = {"path": str(self.file), "mapping": "guess"}
        draft = catalog.drafted("csv", "hr", given, {})
        with writing() as connection:
            tenant = tenants.create(connection, "acme")
            catalog.add(connection, tenant.id, draft, "system:crash")
            options = {"rate": "0", "interval": "1"}
            targets.add(
                connection, tenant.id, "system:crash", kind="scim", name="faulty", url=target.url, token=target.key,
                options=options,
            )  # fmt: skip
        return tenant

    def environ(self) -> dict[str, str]:
        """Return the environment of the installation's processes."""
        return {
            "ROLLCALL_INSTANCE_PATH": str(self.settings.instance_path),
            "ROLLCALL_DATABASE_URL": self.settings.database_url,
            "ROLLCALL_ALLOW_PRIVATE_TARGETS": "1",
            "ROLLCALL_SECRET_KEY": self.settings.secret_key,
            "ROLLCALL_KEY_RING": self.settings.key_ring,
            "ROLLCALL_LOG_LEVEL": "info",
            **{f"ROLLCALL_{name.upper()}": str(value) for name, value in SECONDS.items()},
        }

    def write(self, staff: list[Person]) -> None:
        """Put the source's file in place, whole."""
        draft = self.file.with_suffix(".draft")
        with draft.open("w", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(HEADER)
            writer.writerows(person.row() for person in staff or [Person(0, "person0@example.com")])
        draft.replace(self.file)

    def start_import(self) -> int:
        """Ask for an import, as the schedule does; a worker will drive it."""
        with self.app.app_context(), writing() as connection:
            source = catalog.named(connection, self.tenant.id, "hr")
            return runs.start(connection, source, dry_run=False, requested_by="system:crash").run.id

    def has_arrived(self, run_id: int) -> bool:
        """True when the import has ended and no link owes anything."""
        with self.app.app_context(), reading() as connection:
            run = runs.get(connection, self.tenant.id, run_id)
            if run.state != "finished":
                return False
            owing = select(func.count()).where(
                _link.c.tenant_id == self.tenant.id, _link.c.due_at.is_not(None)
            )
            return connection.scalar(owing) == 0

    def run_counters(self, run_id: int) -> dict[str, int]:
        """Return the six counters of a run."""
        with self.app.app_context(), reading() as connection:
            return runs.get(connection, self.tenant.id, run_id).counts.as_dict()

    def employees(self) -> list[Account]:
        """Return the directory's people in the checker's form."""
        with self.app.app_context(), reading() as connection:
            ids = directory.iterate_ids(connection, self.tenant.id, None, 1_000_000)
            found = directory.get_many(connection, self.tenant.id, ids)
        return [
            Account(e.id, directory.work_email(e.document), e.active, flattened(e.document))
            for e in found.values()
        ]

    def links(self) -> list[dict[str, object]]:
        """Return the links in the checker's form."""
        columns = (_link.c.employee_id, _link.c.remote_id, _link.c.state)
        with self.app.app_context(), reading() as connection:
            emails = {account.id: account.email for account in self.employees()}
            rows = connection.execute(select(*columns).where(_link.c.tenant_id == self.tenant.id))
            return [dict(row._mapping) | {"email": emails.get(row.employee_id)} for row in rows]

    def close(self) -> None:
        """Let go of the database."""
        with self.app.app_context():
            db.engine.dispose()


@dataclass(frozen=True)
class Outcome:
    """What the test found: both verdicts, and each run's counters."""

    at_target: Verdict
    in_directory: Verdict
    counters: list[dict[str, int]]
    kills: int
    seconds: float

    @property
    def is_clean(self) -> bool:
        """True when nothing was lost, made twice or left in a wrong state, and every run counted every row once."""
        return self.at_target.is_clean and self.in_directory.is_clean

    def report(self) -> str:
        """Return what was found as lines for a person."""
        return (
            f"{self.kills} kills in {self.seconds:.0f} s\nat the target: {self.at_target.report()}\n"
            f"in the directory: {self.in_directory.report()}\nruns: {self.counters}"
        )


def crash(
    database_url: str, folder: Path, *, people: int, kills: int, workers: int = 2, seed: int | None = None,
    say: Callable[[str], None] = print, deadline: float = 3600.0,
) -> Outcome:  # fmt: skip
    """Import and push ``people`` three times while at least ``kills`` SIGKILLs fall; return what came of it."""
    chance = Random(seed or 0)
    started = time.monotonic()
    with TargetProcess(seed=seed or 0) as target:
        stage = Stage(database_url, folder, target)
        commands = {
            f"worker-{n}": [sys.executable, "-m", "app.cli", "worker", "--workers", "2"]
            for n in range(workers)
        }
        commands["scheduler"] = [sys.executable, "-m", "app.cli", "scheduler"]
        reaper = Reaper(
            commands, log_directory=folder, seed=seed, cwd=ROOT, env=stage.environ(), between=(0.2, 3.0)
        )
        counters = []
        with reaper:
            for number, staff in enumerate(stages(people, chance), start=1):
                stage.write(staff)
                run_id = stage.start_import()
                share = kills * number // 3
                reaper.run(
                    lambda run_id=run_id: stage.has_arrived(run_id),  # type: ignore[misc]
                    at_least_kills=share,
                    at_most_kills=share + kills,
                    deadline=deadline,
                )
                reaper.settle(lambda run_id=run_id: stage.has_arrived(run_id), deadline=deadline)  # type: ignore[misc]
                counters.append(stage.run_counters(run_id))
                say(f"  import {number}: {counters[-1]}, {reaper.total_kills} kills")
        truth = [person.truth() for person in staff]
        accounts = [account_of_scim(document) for document in target.accounts()]
        at_target = check(truth, accounts, target.calls(), stage.links())
        in_directory = check([replace(t, needs_account=True) for t in truth], stage.employees())
        stage.close()
        return Outcome(at_target, in_directory, counters, reaper.total_kills, time.monotonic() - started)


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database that commits durably."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'rollcall.db'}"
        return
    with PostgresCluster() as cluster:
        yield cluster.create_database()


def main() -> int:
    """Run the crash test at the size asked for, on each database; 0 when everything is clean."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    chosen = parser.parse_args()
    kinds = ["sqlite", "postgresql"] if chosen.database == "both" else [chosen.database]
    is_clean = True
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="rollcall-crash-") as name, database(kind, Path(name)) as url:
            print(f"{kind}: {chosen.people} people, at least {chosen.kills} kills", flush=True)
            outcome = crash(
                url,
                Path(name),
                people=chosen.people,
                kills=chosen.kills,
                workers=chosen.workers,
                seed=chosen.seed,
            )
            print(outcome.report(), flush=True)
            is_clean = is_clean and outcome.is_clean
    print("clean" if is_clean else "NOT clean")
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
