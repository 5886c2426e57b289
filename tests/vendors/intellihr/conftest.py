"""A simulated intelliHR account, the adapter beside it, and a source that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from app.access.tenants import Tenant
from app.database import writing
from app.outbound import AddressPolicy, OutboundSession
from app.simulation import serve
from app.sources import drafts
from app.sources.adapter import SourceContext, Watermark
from app.sources.catalog import Source
from app.sources.records import Page, SourceRecord
from app.vendors.intellihr.simulator import BASE, DEFAULT_KEY, DEFAULT_SUBDOMAIN, IntelliHRSimulator
from app.vendors.intellihr.source import IntelliHRSource
from tests.harness.connecting import connect

QUICK = {"calls_per_second": "0", "retry_seconds": "0.01"}


@dataclass
class Account:
    """A simulator that is being served."""

    simulator: IntelliHRSimulator
    url: str

    def paths(self) -> list[str]:
        """The paths that were called, in order."""
        return [call.path for call in self.simulator.log.calls()]

    def context(
        self,
        *,
        watermark: Watermark | None = None,
        secrets: dict[str, str] | None = None,
        pause: Callable[[float], None] = lambda seconds: None,
        **settings: str,
    ) -> SourceContext:
        """Return what the adapter works with; pauses are not waited for."""
        given = {"subdomain": DEFAULT_SUBDOMAIN, "base_url": self.url, **QUICK, **settings}
        return SourceContext(
            name="ihr",
            settings=IntelliHRSource().settle(given),
            secrets={"api_key": DEFAULT_KEY} if secrets is None else secrets,
            open_session=lambda url, **how: OutboundSession(
                url, policy=AddressPolicy(True, frozenset()), **how
            ),
            pause=pause,
            watermark=watermark,
        )

    def pages(self, resume: dict[str, Any] | None = None, **choice: Any) -> list[Page]:
        """Return the pages of a read."""
        return list(IntelliHRSource().read(self.context(**choice), resume))

    def records(self, **choice: Any) -> list[SourceRecord]:
        """Return the records of a read."""
        return [record for page in self.pages(**choice) for record in page.records]


@pytest.fixture
def account() -> Iterator[Callable[..., Account]]:
    """Give a function that serves an intelliHR account with so many people."""
    with ExitStack() as servers:

        def start(people: int = 0, faults: str = "", **options: Any) -> Account:
            simulator = IntelliHRSimulator(people=people, faults=faults, **options)
            return Account(simulator, servers.enter_context(serve(simulator)).url + BASE)

        yield start


@pytest.fixture
def add_intellihr(tenant: Tenant) -> Callable[..., Source]:
    """Give a function that adds an intelliHR source reading an account."""

    def add(account: Account, *, key: str = DEFAULT_KEY, **settings: str) -> Source:
        given = {"subdomain": DEFAULT_SUBDOMAIN, "base_url": account.url, **QUICK, **settings}
        draft = drafts.drafted("intellihr", "ihr", given, {"api_key": key})
        with writing() as connection:
            return connect(connection, tenant.id, draft)

    return add
