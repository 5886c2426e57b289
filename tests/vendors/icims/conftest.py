"""A simulated customer of iCIMS, contexts that read it, and a source that imports it."""

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
from app.sources.adapter import SourceContext
from app.sources.catalog import Source
from app.sources.drafts import drafted
from app.sources.records import SourceRecord
from app.vendors.icims.simulator import CLIENT_ID, CUSTOMER, DEFAULT_SECRET, ICIMSSimulator
from app.vendors.icims.source import ICIMSSource
from tests.harness.connecting import connect

#: Where the simulated customer keeps what is kept elsewhere at each customer.
OWN_FIELDS = {
    "field_employee_number": "field50001",
    "field_job_code": "field50002",
    "field_home_department": "field50003",
    "field_location_code": "field50004",
}


@dataclass
class Account:
    """A simulator that is being served."""

    simulator: ICIMSSimulator
    url: str

    def settings(self, **changed: str) -> dict[str, str]:
        """The settings of a source that reads it."""
        given = {
            "customer_id": CUSTOMER,
            "base_url": self.url,
            "token_url": f"{self.url}/oauth/token",
            "calls_per_minute": "0",
            "retry_seconds": "0.01",
            **OWN_FIELDS,
        }
        return ICIMSSource().settle({**given, **changed})

    def context(
        self, *, watermark: Any = None, secret: str = DEFAULT_SECRET, **changed: str
    ) -> SourceContext:
        """A context of a source that reads it, without a database."""
        return SourceContext(
            "icims",
            self.settings(**changed),
            {"client_id": CLIENT_ID, "client_secret": secret},
            open_session=open_session,
            watermark=watermark,
        )

    def read(self, context: SourceContext, resume: Any = None) -> list[SourceRecord]:
        """The records of a read."""
        return [record for page in ICIMSSource().read(context, resume) for record in page.records]

    def paths(self, part: str = "") -> list[str]:
        """The paths that were called, in order."""
        return [call.path for call in self.simulator.log.calls() if part in call.path]


def open_session(base_url: str, **options: Any) -> OutboundSession:
    """Return a guarded session that may call loopback."""
    return OutboundSession(base_url, policy=AddressPolicy(allow_private=True), **options)


@pytest.fixture
def account() -> Iterator[Callable[..., Account]]:
    """Give a function that serves a customer of iCIMS with so many employees."""
    with ExitStack() as servers:

        def start(people: int = 0, faults: str = "", **options: Any) -> Account:
            simulator = ICIMSSimulator(people=people, faults=faults, **options)
            return Account(simulator, servers.enter_context(serve(simulator)).url)

        yield start


@pytest.fixture
def add_icims(tenant: Tenant) -> Callable[..., Source]:
    """Give a function that adds a source reading a customer."""

    def add(
        account: Account, *, secret: str = DEFAULT_SECRET, mapping: str | None = None, **settings: str
    ) -> Source:
        given = account.settings(**settings)
        if mapping is not None:
            given["mapping"] = mapping
        draft = drafted("icims", "icims", given, {"client_id": CLIENT_ID, "client_secret": secret})
        with writing() as connection:
            return connect(connection, tenant.id, draft)

    return add
