"""Fixtures of the SCIM target: scim2-server as referee, and the simulator in any persona."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

from app.outbound import OutboundSession
from app.simulation import Server, serve
from app.vendors.scim.simulator import ScimSimulator
from app.vendors.scim.target import ScimTarget
from tests.vendors.scim.stage import Far, Make, session

PROVIDER = load_default_provider()


@pytest.fixture
def http() -> Iterator[OutboundSession]:
    """A session to an empty scim2-server, the referee."""
    application = BearerTokenApplication(InMemoryStorage(), PROVIDER, bearer_tokens=["token-1"])
    with serve(application) as server:
        yield session(server.url + "/v2", "token-1")


@pytest.fixture
def far() -> Iterator[Make]:
    """A function that serves a simulator in a persona and makes an adapter of a profile."""
    servers: list[Server] = []

    def make(name: str, *, persona: str | None = None, people: int = 0, **settings: Any) -> Far:
        simulator = ScimSimulator(persona=name if persona is None else persona, people=people)
        servers.append(serve(simulator))
        return Far(simulator, servers[-1], ScimTarget({"profile": name, **settings}))

    yield make
    for server in servers:
        server.stop()
