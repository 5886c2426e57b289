"""A customer of iCIMS whose people are imported, and written back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from app import clock, directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import Actor
from app.exporting import write_back
from app.provisioning import resync, ticks
from app.provisioning.links import COLUMNS, Link, link_of
from app.provisioning.tables import link_table
from app.provisioning.targets import Target
from app.simulation import serve
from app.sources import catalog, drafts, runner
from app.sources.catalog import Source
from app.sources.runs import Run
from app.vendors.icims.simulator import CLIENT_ID, CUSTOMER, DEFAULT_SECRET, ICIMSSimulator
from tests.harness.connecting import connect

BY = "system:test"
PAYROLL = Actor("client", "77")
FIELDS = {"field_employee_number": "field50001", "field_job_code": "field50002"}


@dataclass
class Export:
    """A simulator, the published source that reads it, and the target that writes back to it."""

    tenant: Tenant
    icims: ICIMSSimulator

    @property
    def source(self) -> Source:
        """The source as it stands now."""
        with reading() as connection:
            return catalog.named(connection, self.tenant.id, "icims")

    @property
    def target(self) -> Target:
        """The target as it stands now."""
        with reading() as connection:
            found = write_back.target_of(connection, self.source)
        assert found is not None
        return found

    def switch_on(self) -> None:
        """Switch the export on, and send what is due."""
        with writing() as connection:
            write_back.switch_on(connection, self.source, BY)
        self.push()

    def switch_off(self) -> None:
        """Switch the export off."""
        with writing() as connection:
            write_back.switch_off(connection, self.source, BY)

    def give(self, *, secret: str = DEFAULT_SECRET, **settings: str) -> None:
        """Give the source another secret, or other settings."""
        draft = drafts.redrafted(self.source, settings, {"client_secret": secret})
        with writing() as connection:
            catalog.change(connection, self.tenant.id, draft, BY)

    def pull(self) -> Run:
        """Import."""
        run = runner.import_now(self.source, dry_run=False, requested_by=BY)
        assert run.state == "finished", run
        return run

    def push(self) -> None:
        """Send what is due, as a worker does at the target's next tick."""
        ticks.run(self.tenant.id, self.target.id)

    def push_later(self) -> None:
        """Send what is due in an hour, when every back-off is over."""
        with time_machine.travel(clock.utcnow() + timedelta(hours=1)):
            self.push()

    def compare(self) -> None:
        """Have everybody compared with iCIMS, and send what differs."""
        with writing() as connection:
            resync.request_full(connection, self.target, "test")
        self.push()

    def employee(self, person: int) -> str:
        """Return the employee whom a person at iCIMS is."""
        with reading() as connection:
            [found] = directory.ids_by_work_email(
                connection, self.tenant.id, self.icims.company.people[person]["email"]
            )
        return found

    def say(self, person: int, **fragment: Any) -> None:
        """Change somebody in the directory, as payroll does."""
        with writing() as connection:
            directory.merge(connection, self.tenant.id, self.employee(person), PAYROLL, fragment)

    def link(self, person: int) -> Link:
        """Return the link of somebody."""
        return self.links()[self.employee(person)]

    def links(self) -> dict[str, Link]:
        """Return the links by employee."""
        here = (link_table.c.tenant_id == self.tenant.id, link_table.c.target_id == self.target.id)
        query = select(*COLUMNS).where(*here)
        with reading() as connection:
            return {row.employee_id: link_of(row) for row in connection.execute(query)}

    def patches(self) -> list[tuple[int, dict[str, Any]]]:
        """Return whom iCIMS was told to change, and what."""
        calls = [call for call in self.icims.log.calls() if call.method == "PATCH"]
        return [(int(call.path.rpartition("/")[2]), json.loads(call.body)) for call in calls]

    def paths(self) -> list[str]:
        """Return the paths below the customer that were called, in order."""
        return [call.path.removeprefix(f"/customers/{CUSTOMER}") for call in self.icims.log.calls()]


@pytest.fixture
def export(tenant: Tenant) -> Iterator[Callable[..., Export]]:
    """Give a function that serves a customer with so many employees, who are all imported."""
    with ExitStack() as servers:

        def start(people: int = 4, faults: str = "", **settings: str) -> Export:
            icims = ICIMSSimulator(people=people, faults=faults)
            url = servers.enter_context(serve(icims)).url
            place = {"customer_id": CUSTOMER, "base_url": url, "token_url": f"{url}/oauth/token"}
            quick = {"calls_per_minute": "0", "retry_seconds": "0.01"}
            secrets = {"client_id": CLIENT_ID, "client_secret": DEFAULT_SECRET}
            draft = drafts.drafted("icims", "icims", {**place, **quick, **FIELDS, **settings}, secrets)
            with writing() as connection:
                connect(connection, tenant.id, draft)
            made = Export(tenant, icims)
            made.pull()
            return made

        yield start
