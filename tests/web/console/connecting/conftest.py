"""Simulated vendors to connect, and admins who connect them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import select

from app.access.tenants import Tenant
from app.cli.simulate import simulator_class
from app.database import reading
from app.simulation import serve as serve_simulator
from app.sources import catalog
from app.sources.catalog import Source
from app.sources.tables import source
from tests.web.console.browser import Browser
from tests.web.console.connecting.person import Person

KEY = "simulator-key"


@pytest.fixture
def vendor() -> Iterator[Callable[..., str]]:
    """Give a function that serves the simulator of a vendor and returns the address of its API."""
    with ExitStack() as servers:

        def start(kind: str, people: int = 3, **options: Any) -> str:
            simulator = simulator_class(kind)(people=people, **options)
            # The customer's part of an iCIMS address comes from the Customer ID.
            base = "" if kind == "icims" else simulator.base
            return servers.enter_context(serve_simulator(simulator)).url + base

        yield start


@pytest.fixture
def admin(as_role: Callable[[str], Browser]) -> Person:
    """Give an admin at the page of sources."""
    return Person(as_role("admin"), "/sources")


@pytest.fixture
def jazz_draft(admin: Person, vendor: Callable[..., str]) -> Callable[..., Person]:
    """Give a function that brings a JazzHR account of so many hires to the step behind its credentials."""

    def begin(people: int = 3, **options: Any) -> Person:
        url = vendor("jazzhr", people, **options)
        admin.follow("Connect JazzHR").press("Continue").tick("agreed").press("Agree and continue")
        admin.fill(set_base_url=url, set_calls_per_minute="0", secret_api_key=KEY).press("Connect")
        return admin

    return begin


@pytest.fixture
def send_file(admin: Person) -> Callable[..., Person]:
    """Give a function that sends a file of these lines and ends where the console leads."""

    def send(*lines: str, name: str = "hr") -> Person:
        admin.go("/sources").follow("Connect CSV file").fill(name=name)
        return admin.press("Send and continue", file=("people.csv", "\n".join([*lines, ""]).encode()))

    return send


@pytest.fixture
def the_source(tenant: Tenant) -> Callable[[], Source]:
    """Give a function that returns the only source of the tenant as it is kept now."""

    def read() -> Source:
        with reading() as connection:
            name = connection.scalars(select(source.c.name).where(source.c.tenant_id == tenant.id)).one()
            return catalog.named(connection, tenant.id, name)

    return read
