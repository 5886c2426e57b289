"""A simulated JazzHR account and a source that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from app import clock
from app.access.tenants import Tenant
from app.database import writing
from app.outbound import AddressPolicy, OutboundSession
from app.simulation import serve as serve_simulator
from app.sources import drafts, inbox, runner
from app.sources.adapter import SourceContext
from app.sources.catalog import Source
from app.sources.runs import Run
from app.vendors.jazzhr.simulator import BASE, DEFAULT_KEY, JazzHRSimulator
from app.vendors.jazzhr.source import JazzHRSource
from tests.harness.connecting import connect


@dataclass
class Account:
    """A simulator that is being served."""

    simulator: JazzHRSimulator
    url: str

    def context(self, *, key: str = DEFAULT_KEY, **settings: str) -> SourceContext:
        """Return what an adapter works with that reads this account; it waits for nothing."""
        given = {"base_url": self.url, "calls_per_minute": "0", "retry_seconds": "0.001", **settings}
        return SourceContext("jazz", JazzHRSource().settle(given), {"api_key": key}, open_session=_session)

    def paths(self) -> list[str]:
        """The paths that were called, in order."""
        return [call.path for call in self.simulator.log.calls()]


def _session(base_url: str, **options: Any) -> OutboundSession:
    return OutboundSession(base_url, policy=AddressPolicy(True, frozenset()), **options)


@pytest.fixture
def account() -> Iterator[Callable[..., Account]]:
    """Give a function that serves a JazzHR account with so many hires."""
    with ExitStack() as servers:

        def start(people: int = 0, faults: str = "no-limit", **options: object) -> Account:
            simulator = JazzHRSimulator(people=people, faults=faults, **options)  # type: ignore[arg-type]
            return Account(simulator, servers.enter_context(serve_simulator(simulator)).url + BASE)

        yield start


@pytest.fixture
def add_jazzhr(tenant: Tenant) -> Callable[..., Source]:
    """Give a function that adds a JazzHR source reading an account."""

    def add(
        account: Account, *, key: str = DEFAULT_KEY, secret: str | None = None, **settings: str
    ) -> Source:
        given = {"base_url": account.url, "calls_per_minute": "0", "retry_seconds": "0.01", **settings}
        secrets = {"api_key": key} | ({"webhook_secret": secret} if secret else {})
        draft = drafts.drafted("jazzhr", "jazz", given, secrets)
        with writing() as connection:
            return connect(connection, tenant.id, draft)

    return add


@pytest.fixture
def address(app: Flask, tenant: Tenant, serve: Callable[[Any], str]) -> str:
    """Give the address of the tenant at which Rollcall is really called."""
    return f"{serve(app)}/api/jazzhr/webhook/{tenant.public_id}"


@pytest.fixture
def work_off(tenant: Tenant) -> Callable[[], list[Run]]:
    """Give a function that does what scheduler and worker do until no delivery waits; it returns the ended runs."""

    def until_none_waits() -> list[Run]:
        ended: list[Run] = []
        while True:
            with writing() as connection:
                started = inbox.start_waiting(connection, clock.now())
            if not started:
                return ended
            ended += [run for each in started if (run := runner.work(each.tenant_id, each.id))]

    return until_none_waits
