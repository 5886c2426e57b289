"""What every vendor's tests do with a source: import it, and look at the people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app import directory
from app.access.tenants import Tenant
from app.database import reading
from app.sources import catalog, runner
from app.sources.catalog import Source
from app.sources.runs import Run


@pytest.fixture
def pull() -> Callable[..., Run]:
    """Give a function that imports a source, as it is kept now, and returns the ended run."""

    def run(source: Source, **choice: Any) -> Run:
        with reading() as connection:
            known = catalog.named(connection, source.tenant_id, source.name)
        return runner.import_now(known, dry_run=False, requested_by="system:test", **choice)

    return run


@pytest.fixture
def people(tenant: Tenant) -> Callable[[], dict[str, dict[str, Any]]]:
    """Give a function that returns every document of the tenant by user name."""

    def documents() -> dict[str, dict[str, Any]]:
        with reading() as connection:
            ids = directory.iterate_ids(connection, tenant.id, None, 1000)
            found = directory.get_many(connection, tenant.id, ids).values()
        return {employee.document["userName"]: employee.document for employee in found}

    return documents
