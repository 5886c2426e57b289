"""A source that reads a file of people, which tests write anew between imports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app import clock
from app.access.tenants import Tenant
from app.database import reading, writing
from app.sources import catalog, drafts, runner, runs
from app.sources.catalog import Source
from app.sources.runs import Lease, Run
from app.sources.staging import stage_page

MAPPING = """
[record]
key = "ID"
[fields]
"enterprise.employeeNumber" = "ID"
"name.givenName" = "First"
"name.familyName" = "Last"
"emails[work].value" = "Email"
"enterprise.department" = { from = "Dept", map = { "Sales" = "Sales", "R&D" = "Research" } }
"active" = { from = "Dept", map = { "Left*" = false }, otherwise = true }
"hr.startDate" = { from = "Start", date = "M/D/YYYY", on_error = "warn" }
"""
HEAD = "ID,First,Last,Email,Dept,Start"
GOOD = "1,Maya,Okafor,maya@acme.example,Sales,3/4/2024"
BAD_MAIL = "2,Noah,Becker,nonsense,Sales,3/4/2024"
BAD_WORD = "3,Ines,Duarte,ines@acme.example,Legal,3/4/2024"
BAD_DATE = "4,Omar,Haddad,omar@acme.example,R&D,soon"


class PeopleFile:
    """A file in a folder, and the source of a tenant that reads it."""

    def __init__(self, tenant: Tenant, folder: Path, name: str = "hr", **settings: str) -> None:
        self.path = folder / f"{name}.csv"
        self.write(GOOD)
        given = {"path": str(self.path), "mapping": MAPPING, **settings}
        with writing() as connection:
            draft = drafts.drafted("csv", name, given, {})
            self._first = catalog.add(connection, tenant.id, draft, "admin:hr@acme.example")

    @property
    def source(self) -> Source:
        """The source as it is now."""
        with reading() as connection:
            found = catalog.with_id(connection, self._first.tenant_id, self._first.id)
        assert found is not None
        return found

    @property
    def address(self) -> str:
        """The address of its page."""
        return f"/sources/{self._first.id}"

    def write(self, *rows: str) -> None:
        """Put these rows in the file."""
        self.path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")

    def run(self, *rows: str, **choice: Any) -> Run:
        """The ended run of an import; of these rows, if any are given."""
        if rows:
            self.write(*rows)
        asked: dict[str, Any] = {"dry_run": False, "requested_by": "system:test", **choice}
        return runner.import_now(self.source, **asked)

    def begun(self, **choice: Any) -> Run:
        """A run that no worker has taken yet."""
        asked: dict[str, Any] = {"dry_run": False, "requested_by": "system:test", **choice}
        with writing() as connection:
            return runs.start(connection, self.source, **asked).run

    def read_and_held(self, *rows: str) -> Run:
        """A run that has read these rows, and waits for an approval before it applies any."""
        self.write(*rows)
        run, source = self.begun(), self.source
        context = source.context()
        mapping = source.compiled_mapping(context)
        with writing() as connection:
            lease = self.lease(connection, run)
            for page in source.adapter().read(context, None):
                stage_page(connection, lease, mapping, page, mapping.today(clock.utcnow()), None)
            runs.hold(connection, lease, source, "Many would become inactive.")
            return runs.get(connection, run.tenant_id, run.id)

    def held(self, why: str = "The file had 90 records, and has 3 now.") -> Run:
        """A run that waits for an approval."""
        run = self.begun()
        with writing() as connection:
            runs.hold(connection, self.lease(connection, run), self.source, why)
            return runs.get(connection, run.tenant_id, run.id)

    def lease(self, connection: Any, run: Run, seconds: float = 30.0) -> Lease:
        """The right to work on a run."""
        lease = runs.claim(connection, run.tenant_id, run.id, seconds)
        assert lease is not None
        return lease


def run_now(run: Run) -> Run:
    """The run as the database has it."""
    with reading() as connection:
        return runs.get(connection, run.tenant_id, run.id)
