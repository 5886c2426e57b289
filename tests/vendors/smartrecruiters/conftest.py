"""A simulated SmartRecruiters company, what an adapter works with that reads it, and a source that imports it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.access.tenants import Tenant
from app.database import writing
from app.outbound import AddressPolicy, OutboundSession
from app.simulation import serve
from app.sources import drafts
from app.sources.adapter import SourceContext
from app.sources.catalog import Source
from app.sources.records import Page, SourceRecord
from app.vendors.smartrecruiters.simulator import DEFAULT_KEY, Company, SmartRecruitersSimulator
from app.vendors.smartrecruiters.source import SmartRecruitersSource
from tests.harness.connecting import connect

FAST = {"calls_per_second": "0", "retry_seconds": "0.001"}
Keys = dict[str, str]


def open_session(base_url: str, **options: Any) -> OutboundSession:
    """Return a session that may call this machine."""
    return OutboundSession(base_url, policy=AddressPolicy(allow_private=True), **options)


@dataclass
class Account:
    """A simulator that is being served."""

    simulator: SmartRecruitersSimulator
    url: str
    pauses: list[float] = field(default_factory=list)

    @property
    def company(self) -> Company:
        """The data of the company."""
        return self.simulator.company

    def context(
        self, *, secrets: Keys | None = None, watermark: Any = None, **settings: str
    ) -> SourceContext:
        """Return what an adapter works with that reads this company; its pauses are only noted."""
        return SourceContext(
            "smart",
            SmartRecruitersSource().settle({"base_url": self.url, **FAST, **settings}),
            {"api_key": DEFAULT_KEY} if secrets is None else secrets,
            open_session=open_session,
            pause=self.pauses.append,
            watermark=watermark,
        )

    def pages(self, **choice: Any) -> list[Page]:
        """Return all pages of a read."""
        return list(SmartRecruitersSource().read(self.context(**choice), None))

    def read(self, **choice: Any) -> list[SourceRecord]:
        """Return all records of a read."""
        return [record for page in self.pages(**choice) for record in page.records]

    def some(self, *hints: dict[str, str], **choice: Any) -> list[SourceRecord]:
        """Return the records that hints point at."""
        pages = SmartRecruitersSource().read_some(self.context(**choice), hints)
        return [record for page in pages for record in page.records]

    def paths(self) -> list[str]:
        """The paths that were called, in order."""
        return [call.path for call in self.simulator.log.calls()]


@pytest.fixture
def company() -> Iterator[Callable[..., Account]]:
    """Give a function that serves a company with so many hires."""
    with ExitStack() as servers:

        def start(people: int = 0, faults: str = "", **options: Any) -> Account:
            spec = ";".join(filter(None, ("no-limit", faults)))
            simulator = SmartRecruitersSimulator(people=people, faults=spec, **options)
            account = Account(simulator, servers.enter_context(serve(simulator)).url)
            simulator.url = account.url
            return account

        yield start


@pytest.fixture
def add_smart(tenant: Tenant) -> Callable[..., Source]:
    """Give a function that connects a source reading a company."""

    def add(account: Account, *, secrets: Keys | None = None, **settings: str) -> Source:
        given = {"base_url": account.url, **FAST, **settings}
        draft = drafts.drafted("smartrecruiters", "smart", given, secrets or {"api_key": DEFAULT_KEY})
        with writing() as connection:
            return connect(connection, tenant.id, draft)

    return add
