"""What a crash test is made on: an installation with a CSV source, a SCIM client and a target, seen from outside.

Everything about it is read past its processes, from the database and from the target.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from sqlalchemy import func, select

from app import create_app, directory
from app.access import tenants, tokens
from app.access.tenants import Tenant
from app.config import Settings
from app.database import db, reading, writing
from app.migrations.upgrading import upgrade_database
from app.provisioning import targets
from app.provisioning.tables import LinkRow
from app.sources import catalog, drafts, runs
from tests.harness.checker import Account, Truth, flattened
from tests.harness.fault_target import TargetProcess

ROOT = Path(__file__).resolve().parents[2]
#: A call may take longer than the slowest commit of the fault target; a worker's lease lasts twice as long as a call.
SECONDS = {"call_timeout": 2.0, "attempt_grace": 1.0, "lease_seconds": 5.0, "scheduler_lease": 5.0}
LEASE = 5.0
#: Calls at the same time that the target bears.
CONCURRENCY = 16
HEADER = ("Employee ID", "First Name", "Last Name", "Work Email", "Status", "Job Title")
_link = LinkRow.__table__


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
    """An installation with one CSV source, one client of its SCIM API and one SCIM target."""

    def __init__(self, database_url: str, folder: Path, target: TargetProcess) -> None:
        self.file = folder / "people.csv"
        self.settings = Settings(
            database_url=database_url,
            instance_path=folder,
            allow_private_targets=True,
            secret_key="5" * 64,
            key_ring="k1:" + "7" * 64,
            log_level="warning",
            **SECONDS,  # type: ignore[arg-type]
        )
        self.app = create_app(self.settings)
        with self.app.app_context():
            upgrade_database()
            self.write([])
            self.tenant = self._set_up(target)

    def _set_up(self, target: TargetProcess) -> Tenant:
        given = {"path": str(self.file), "mapping": "guess"}
        draft = drafts.drafted("csv", "hr", given, {})
        with writing() as connection:
            tenant = tenants.create(connection, "acme")
            catalog.add(connection, tenant.id, draft, "system:crash")
            # The breaker would rightly stop an import of nine tenths of the people.
            options = {"rate": "0", "interval": "1", "concurrency": str(CONCURRENCY), "create_floor": "off"}
            targets.add(
                connection, tenant.id, "system:crash", kind="scim", name="faulty", url=target.url, token=target.key,
                options=options,
            )  # fmt: skip
            self.token = tokens.create(connection, tenant, "idp").text
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
            "ROLLCALL_SCIM_RATE": "0",
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

    def verified(self) -> list[str]:
        """Return what `rollcall verify` finds wrong, as a process of its own sees it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
        ran = subprocess.run(
            [sys.executable, "-m", "app.cli", "verify", "--json"],
            cwd=ROOT, env=kept | self.environ(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if ran.returncode == 0:
            return []
        return [ran.stdout[-4000:] or ran.stderr[-4000:]]

    def close(self) -> None:
        """Let go of the database."""
        with self.app.app_context():
            db.engine.dispose()
