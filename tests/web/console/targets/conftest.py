"""A simulated JumpCloud, people, and targets that are connected to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import update

from app import clock, directory
from app.access.tables import Session as SessionTable
from app.access.tenants import Tenant
from app.database import writing
from app.directory import Actor
from app.provisioning import targets, ticks
from app.provisioning.targets import Target
from app.simulation import Server
from app.simulation import serve as serve_simulator
from app.vendors.jumpcloud.simulator import JumpCloudSimulator
from scim.resources import ENTERPRISE, USER

ACTOR = Actor("admin", "test")
KEY = "simulator-key"


@pytest.fixture
def simulator() -> JumpCloudSimulator:
    """Give an empty organisation at a simulated JumpCloud, without protected accounts."""
    return JumpCloudSimulator(protected=False)


@pytest.fixture
def jumpcloud(simulator: JumpCloudSimulator) -> Iterator[Server]:
    """Give that JumpCloud, served."""
    with serve_simulator(simulator) as server:
        yield server


@pytest.fixture
def hire(tenant: Tenant) -> Callable[..., str]:
    """Give a function that hires somebody and returns their id."""

    def hired(given: str, family: str = "Okafor", **more: Any) -> str:
        handle = given.lower()
        document: dict[str, Any] = {
            "schemas": [USER, ENTERPRISE],
            "userName": handle,
            "active": more.pop("active", True),
            "name": {"givenName": given, "familyName": family},
            "title": more.pop("title", "Engineer"),
        }
        email = more.pop("email", f"{handle}@acme.example")
        if email:
            document["emails"] = [{"type": "work", "value": email}]
        if "department" in more:
            document[ENTERPRISE] = {"department": more.pop("department")}
        with writing() as connection:
            return directory.create(connection, tenant.id, ACTOR, document).id

    return hired


@pytest.fixture
def connect(tenant: Tenant, jumpcloud: Server) -> Callable[..., Target]:
    """Give a function that adds a target at that JumpCloud."""

    def connected(name: str = "accounts", *, token: str = KEY, paused: bool = False, **more: Any) -> Target:
        with writing() as connection:
            return targets.add(
                connection,
                more.pop("tenant_id", tenant.id),
                "system:test",
                kind="jumpcloud",
                name=name,
                url=more.pop("url", f"{jumpcloud.url}/api"),
                token=token,
                paused=paused,
                **more,
            )

    return connected


@pytest.fixture
def tick(tenant: Tenant) -> Callable[[Target], None]:
    """Give a function that lets a target do all that is due."""

    def ticked(target: Target) -> None:
        ticks.run(tenant.id, target.id)

    return ticked


@pytest.fixture
def prove() -> Callable[[], None]:
    """Give a function after which everybody who is signed in has just proved who they are."""

    def proved() -> None:
        with writing() as connection:
            connection.execute(update(SessionTable.__table__).values(proved_at=clock.now()))

    return proved
