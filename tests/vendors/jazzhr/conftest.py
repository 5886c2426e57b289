"""A simulated JazzHR account and a source that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from app.access.tenants import Tenant
from app.database import writing
from app.simulation import serve
from app.sources import catalog, runner
from app.sources.catalog import Source
from app.sources.runs import Run
from app.vendors.jazzhr.simulator import BASE, DEFAULT_KEY, JazzHRSimulator


@dataclass
class Account:
    """A simulator that is being served."""

    simulator: JazzHRSimulator
    url: str

    def paths(self) -> list[str]:
        """The paths that were called, in order."""
        return [call.path for call in self.simulator.log.calls()]


@pytest.fixture
def account() -> Iterator[Callable[..., Account]]:
    """Give a function that serves a JazzHR account with so many hires."""
    with ExitStack() as servers:

        def start(people: int = 0, faults: str = "no-limit", **options: object) -> Account:
            simulator = JazzHRSimulator(people=people, faults=faults, **options)  # type: ignore[arg-type]
            return Account(simulator, servers.enter_context(serve(simulator)).url + BASE)

        yield start


@pytest.fixture
def add_jazzhr(tenant: Tenant) -> Callable[..., Source]:
    """Give a function that adds a JazzHR source reading an account."""

    def add(account: Account, *, key: str = DEFAULT_KEY, **settings: str) -> Source:
        given = {"base_url": account.url, "calls_per_minute": "0", "retry_seconds": "0.01", **settings}
        draft = catalog.drafted("jazzhr", "jazz", given, {"api_key": key})
        with writing() as connection:
            return catalog.add(connection, tenant.id, draft, "system:test")

    return add


@pytest.fixture
def pull() -> Callable[[Source], Run]:
    """Give a function that imports a source and returns the ended run."""
    return lambda source: runner.import_now(source, dry_run=False, requested_by="system:test")
