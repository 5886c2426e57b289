"""A file of people as a source, and a second tenant whose things nobody else sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.access import tenants
from app.access.tenants import Tenant
from app.database import writing
from tests.web.console.runs.people_file import PeopleFile


@pytest.fixture
def file(tenant: Tenant, tmp_path: Path) -> PeopleFile:
    """Give a source that reads a file."""
    return PeopleFile(tenant, tmp_path)


@pytest.fixture
def strange_file(tenant: Tenant, tmp_path: Path) -> PeopleFile:
    """Give the source of another tenant."""
    with writing() as connection:
        other = tenants.create(connection, "other")
    folder = tmp_path / "other"
    folder.mkdir()
    return PeopleFile(other, folder)
