"""A trial of the sweep: an import of eight rows."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from app import directory
from app.database import reading, writing
from app.provisioning import targets
from app.provisioning.tables import link_table
from app.sources import catalog, drafts, runner, runs
from tests.harness.later import Later
from tests.harness.trials import HOURS, disagreements, organisation
from tests.sources.conftest import HEADER, MAPPING

BEFORE = [f"{n},Given{n},Family{n},p{n}@example.com,Engineer,Active" for n in range(4)]
#: Two join, one leaves, one is promoted, one is renamed and one stays; one row is wrong, one is there twice.
AFTER = [
    "0,Given0,Family0,p0@example.com,Engineer,Left",
    "1,Given1,Family1,p1@example.com,Lead,Active",
    "2,Given2,Family2,renamed2@example.com,Engineer,Active",
    "3,Given3,Family3,p3@example.com,Engineer,Active",
    "4,Given4,Family4,p4@example.com,Engineer,Active",
    "5,Given5,Family5,p5@example.com,Engineer,Active",
    "6,Given6,Family6,no address,Engineer,Active",
    "5,Given5,Family5,p5@example.com,Engineer,Active",
]
COUNTS = {"added": 2, "updated": 3, "deleted": 0, "skipped": 2, "errored": 1, "total": 8}


class Import:
    """An import of eight rows into a directory of four people, with a target that hears of the changes."""

    def __init__(self, later: Later, folder: Path) -> None:
        self._later = later
        self.tenant = organisation()
        self._file = folder / f"{self.tenant.slug}.csv"
        self._write(BEFORE)
        given = {"path": str(self._file), "mapping": MAPPING}
        with writing() as connection:
            far = targets.add(
                connection,
                self.tenant.id,
                "test",
                kind="scim",
                name="far",
                url="http://127.0.0.1:9/",
                token="t",
            )
            targets.pause(connection, far, "test", "only the marks are looked at")
            self.source = catalog.add(
                connection, self.tenant.id, drafts.drafted("csv", "hr", given, {}), "system:test"
            )
        self._import()
        self._write(AFTER)

    def _write(self, rows: list[str]) -> None:
        self._file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")

    def _import(self) -> None:
        runner.import_now(self.source, dry_run=False, requested_by="system:test")

    def act(self) -> None:
        """Import the file."""
        self._import()

    def mend(self) -> None:
        """Let the lease end and whoever comes first go on; start an import if none was begun."""
        self._later.by(HOURS)
        with reading() as connection:
            open_runs = [run for run in runs.listed(connection, self.tenant.id) if not run.has_ended]
        for run in open_runs:
            runner.work(self.tenant.id, run.id)
        with reading() as connection:
            is_done = len(runs.listed(connection, self.tenant.id)) > 1
        if not is_done:
            self._import()

    def faults(self) -> list[str]:
        """Return what is wrong: people, counters of the run, links, and whatever does not agree."""
        with reading() as connection:
            newest, *older = runs.listed(connection, self.tenant.id)
            ids = directory.iterate_ids(connection, self.tenant.id, None, 100)
            people = directory.get_many(connection, self.tenant.id, ids).values()
            due = set(connection.scalars(select(link_table.c.employee_id).where(
                link_table.c.tenant_id == self.tenant.id, link_table.c.due_at.is_not(None)
            )))  # fmt: skip
        found = sorted((directory.work_email(p.document), p.active, p.document["title"]) for p in people)
        wrong = []
        if found != PEOPLE:
            wrong.append(f"people: {found}")
        if len(older) != 1 or newest.state != "finished" or newest.counts.as_dict() != COUNTS:
            wrong.append(
                f"runs: {len(older) + 1}, {newest.state}, {newest.counts.as_dict()}, {newest.message}"
            )
        if due != set(ids):
            wrong.append(f"not marked: {set(ids) - due}")
        return wrong + disagreements(self.tenant)

    def close(self) -> None:
        """Remove the file."""
        self._file.unlink()


PEOPLE = [
    ("p0@example.com", False, "Engineer"),
    ("p1@example.com", True, "Lead"),
    ("p3@example.com", True, "Engineer"),
    ("p4@example.com", True, "Engineer"),
    ("p5@example.com", True, "Engineer"),
    ("renamed2@example.com", True, "Engineer"),
]
