"""An organisation that is pushed to a simulated SCIM target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from app.access.tenants import Tenant
from app.config import Settings
from tests.provisioning.far import Scim
from tests.provisioning.world import World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Short times, so that a second try does not wait for a call that may still be under way."""
    return replace(settings, call_timeout=1.0, connect_timeout=1.0, attempt_grace=0.2)


@pytest.fixture
def pushed_to(tenant: Tenant) -> Iterator[Callable[..., World]]:
    """Give a function that makes the organisation; its target follows a fault plan."""
    made: list[Scim] = []

    def make(faults: str = "", **options: str) -> World:
        far = Scim(faults)
        made.append(far)
        return World(tenant, far, **options)

    yield make
    for far in made:
        far.stop()
