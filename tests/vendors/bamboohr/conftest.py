"""A simulated BambooHR account, an adapter that reads it by itself, and a source that imports it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from app import directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.outbound import AddressPolicy, OutboundSession
from app.simulation import serve
from app.sources import drafts, runner
from app.sources.adapter import SourceContext
from app.sources.catalog import Source
from app.sources.records import Page, SourceRecord
from app.sources.runs import Run
from app.vendors.bamboohr.simulator import BASE, DEFAULT_KEY, BambooHRSimulator
from app.vendors.bamboohr.simulator.company import Company
from app.vendors.bamboohr.source import BambooHRSource
from tests.harness.connecting import connect

FAST = {"calls_per_second": "0", "retry_seconds": "0.001"}


@dataclass
class Account:
    """A simulator that is being served."""

    simulator: BambooHRSimulator
    url: str
    pauses: list[float] = field(default_factory=list)

    @property
    def company(self) -> Company:
        """The data of the account."""
        return self.simulator.company

    def context(
        self, *, secrets: dict[str, str] | None = None, watermark: Any = None, **settings: str
    ) -> SourceContext:
        """Return what an adapter works with that reads this account; its pauses are only noted."""
        adapter = BambooHRSource()
        return SourceContext(
            "hr",
            adapter.settle({"base_url": self.url, **FAST, **settings}),
            {"api_key": DEFAULT_KEY} if secrets is None else secrets,
            open_session=_session,
            pause=self.pauses.append,
            watermark=watermark,
        )

    def pages(self, **choice: Any) -> list[Page]:
        """Return all pages of a read."""
        return list(BambooHRSource().read(self.context(**choice), None))

    def read(self, **choice: Any) -> list[SourceRecord]:
        """Return all records of a read."""
        return [record for page in self.pages(**choice) for record in page.records]

    def paths(self) -> list[str]:
        """The paths that were called, in order."""
        return [call.path.removeprefix(BASE) for call in self.simulator.log.calls()]


def _session(base_url: str, **options: Any) -> OutboundSession:
    return OutboundSession(base_url, policy=AddressPolicy(True, frozenset()), **options)


@pytest.fixture
def account() -> Iterator[Callable[..., Account]]:
    """Give a function that serves a BambooHR account with so many employees."""
    with ExitStack() as servers:

        def start(people: int = 0, faults: str = "", **options: Any) -> Account:
            simulator = BambooHRSimulator(people=people, faults=faults, **options)
            return Account(simulator, servers.enter_context(serve(simulator)).url + BASE)

        yield start


@pytest.fixture
def add_bamboohr(tenant: Tenant) -> Callable[..., Source]:
    """Give a function that adds a published BambooHR source reading an account."""

    def add(account: Account, *, key: str = DEFAULT_KEY, **settings: str) -> Source:
        draft = drafts.drafted(
            "bamboohr", "bamboo", {"base_url": account.url, **FAST, **settings}, {"api_key": key}
        )
        with writing() as connection:
            return connect(connection, tenant.id, draft)

    return add


@pytest.fixture
def pull() -> Callable[[Source], Run]:
    """Give a function that imports a source and returns the ended run."""

    def run(source: Source) -> Run:
        return runner.import_now(source, dry_run=False, requested_by="system:test")

    return run


@pytest.fixture
def people(tenant: Tenant) -> Callable[[], dict[str, dict[str, Any]]]:
    """Give a function that returns every document of the tenant by userName."""

    def documents() -> dict[str, dict[str, Any]]:
        with reading() as connection:
            ids = directory.iterate_ids(connection, tenant.id, None, 1000)
            found = directory.get_many(connection, tenant.id, ids).values()
        return {employee.document["userName"]: employee.document for employee in found}

    return documents
