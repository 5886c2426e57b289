"""An organisation with a file to import and a simulated target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.access.tenants import Tenant
from app.sources.runs import Run
from tests.provisioning.far import Scim
from tests.provisioning.world import World
from tests.web.console import importing


@pytest.fixture
def world(tenant: Tenant) -> Iterator[World]:
    """Give an organisation with a simulated target."""
    far = Scim()
    yield World(tenant, far)
    far.stop()


@pytest.fixture
def import_csv(tenant: Tenant, tmp_path: Path) -> Callable[..., Run]:
    """Give a function that imports lines of number, given name and work e-mail by the source `people`."""

    def imported(*lines: str, is_gone: bool = False) -> Run:
        text = "\n".join(["Number,Given,Mail", *lines]) + "\n"
        return importing.import_csv(tenant, tmp_path, None if is_gone else text)

    return imported
