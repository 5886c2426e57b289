"""A simulated BambooHR account, an adapter that reads it by itself, and a source that imports it."""

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
