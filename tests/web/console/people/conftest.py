"""People in a directory, and a target that they are pushed to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import directory
from app.access import tenants
from app.access.tenants import Tenant
from app.database import writing
from app.directory import Actor
from app.provisioning import targets, ticks
from app.provisioning.targets import Target
from app.simulation import Server
from app.simulation import serve as serve_simulator
from app.sources import catalog, drafts, runner
from app.sources.runs import Run
from app.vendors.jumpcloud.simulator import JumpCloudSimulator
from scim.resources import ENTERPRISE, HR, USER

Hire = Callable[..., str]


def document_of(
    called: str,
    /,
    *,
    enterprise: dict[str, Any] | None = None,
    hr: dict[str, Any] | None = None,
    **members: Any,
) -> dict[str, Any]:
    """The document of somebody of this name, with a work e-mail made of it unless `email` says otherwise."""
    given, _, family = called.partition(" ")
    handle = called.lower().replace(" ", ".")
    email = members.pop("email", f"{handle}@acme.example")
    made = {"schemas": [USER], "userName": handle, "displayName": called, "active": True}
    made |= {"name": {"givenName": given, "familyName": family or given}}
    made |= {"emails": [{"type": "work", "value": email, "primary": True}]} if email else {}
    for urn, values in ((ENTERPRISE, enterprise), (HR, hr)):
        if values:
            made["schemas"].append(urn)
            made[urn] = values
    return made | members


@pytest.fixture
def hire(tenant: Tenant) -> Hire:
    """Give a function that adds somebody and returns the id."""

    def hired(called: str, /, *, secrets: dict[str, Any] | None = None, **members: Any) -> str:
        with writing() as connection:
            made = directory.create(
                connection, tenant.id, Actor("admin", "test"), document_of(called, **members), secrets=secrets
            )
            return made.id

    return hired


@pytest.fixture
def stranger(tenant: Tenant) -> str:
    """Give the id of somebody in another tenant."""
    with writing() as connection:
        other = tenants.create(connection, "other")
        return directory.create(connection, other.id, Actor("admin", "test"), document_of("Zora Stranger")).id


@pytest.fixture
def jumpcloud() -> Iterator[Server]:
    """Give a simulated JumpCloud."""
    with serve_simulator(JumpCloudSimulator()) as server:
        yield server


@pytest.fixture
def accounts(tenant: Tenant, jumpcloud: Server) -> Target:
    """Give a target in the simulated JumpCloud; nothing is sent before `ticks.run`."""
    with writing() as connection:
        return targets.add(
            connection,
            tenant.id,
            "system:test",
            kind="jumpcloud",
            name="accounts",
            url=f"{jumpcloud.url}/api",
            token="simulator-key",
        )


@pytest.fixture
def tick(tenant: Tenant, accounts: Target) -> Callable[[], None]:
    """Give a function that lets the target's tick do all there is to do."""
    return lambda: ticks.run(tenant.id, accounts.id) and None


MAPPING = """
[record]
key = "Number"
[fields]
"name.givenName" = "Given"
"emails[work].value" = "Mail"
"""


def import_csv(tenant: Tenant, folder: Path, text: str) -> Run:
    """The ended run of a file's import by the source `people`."""
    path = folder / "people.csv"
    is_new = not path.exists()
    path.write_text(text)
    with writing() as connection:
        if is_new:
            draft = drafts.drafted("csv", "people", {"path": str(path), "mapping": MAPPING}, {})
            catalog.add(connection, tenant.id, draft, "system:test")
        source = catalog.named(connection, tenant.id, "people")
    return runner.import_now(source, dry_run=False, requested_by="system:test")
