"""Fixtures of provisioning: an organisation and a real target, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from app.access.tenants import Tenant
from app.config import Settings
from tests.provisioning.far import FARS, Far, Scim
from tests.provisioning.world import World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Short times, so that tests wait for facts and not for leases."""
    return replace(settings, call_timeout=5.0, connect_timeout=2.0, attempt_grace=0.2, lease_seconds=10.0)


@pytest.fixture(params=list(FARS))
def far(request: pytest.FixtureRequest) -> Iterator[Far]:
    """Each target in turn."""
    target = FARS[request.param]()
    yield target
    target.stop()


@pytest.fixture
def world(tenant: Tenant, far: Far) -> World:
    """An organisation with that target."""
    return World(tenant, far)


@pytest.fixture
def scim_world(tenant: Tenant) -> Iterator[Callable[..., World]]:
    """A function that makes an organisation with a SCIM simulator that follows a fault plan."""
    made: list[Scim] = []

    def make(faults: str = "", **options: str) -> World:
        far = Scim(faults)
        made.append(far)
        return World(tenant, far, **options)

    yield make
    for far in made:
        far.stop()
