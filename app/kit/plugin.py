"""The fixtures of the adapter kit; pytest loads this module by the entry point ``rollcall_adapter``.

Nothing of the product is imported before a fixture is used: other tests of the same environment notice nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask import Flask

    from app.access.tenants import Tenant
    from app.kit.serving import VendorServer
    from app.kit.stage import Stage
    from app.sources.catalog import Source
    from app.sources.runs import Run

OPTION = "--rollcall-database"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for running against PostgreSQL."""
    parser.getgroup("rollcall", "adapters of Rollcall").addoption(
        OPTION,
        metavar="URL",
        help="a PostgreSQL database in which each test makes a schema of its own (default: SQLite files)",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of a battery that are about what its adapter has no methods for."""
    if "app.kit.battery" not in sys.modules:
        return
    left_out = [item for item in items if _is_pointless(item)]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


def _is_pointless(item: pytest.Item) -> bool:
    from app.errors import RollcallError
    from app.registry import source_adapter

    needed = getattr(getattr(item, "function", None), "needs", None)
    kind = getattr(getattr(item, "cls", None), "kind", None)
    if needed is None or kind is None:
        return False
    try:
        return not isinstance(source_adapter(kind)(), needed)
    except RollcallError:  # an unknown kind: the test says so itself
        return False


@pytest.fixture(scope="session")
def rollcall_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an SQLite file with the whole schema, to be copied."""
    from app.kit import installation

    path = tmp_path_factory.mktemp("rollcall") / "template.db"
    installation.make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture
def rollcall_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """Give the application of a throw-away installation, its context pushed; its imports wait for nothing."""
    from app.kit import installation
    from app.kit.connecting import Hurried
    from app.sources import runner

    server: str | None = request.config.getoption(OPTION)
    with ExitStack() as stack:
        database = (
            installation.postgresql_database(server)
            if server
            else installation.sqlite_database(request.getfixturevalue("rollcall_template"), tmp_path)
        )
        app = stack.enter_context(installation.running(stack.enter_context(database), tmp_path))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(runner, "time", Hurried())
        yield app


@pytest.fixture
def rollcall_tenant(rollcall_app: Flask) -> Tenant:
    """Give a tenant of a throw-away installation."""
    from app.access import tenants
    from app.database import writing

    with writing() as connection:
        return tenants.create(connection, "kit")


@pytest.fixture
def vendor_server() -> Iterator[Callable[..., VendorServer]]:
    """Give a function that serves a WSGI application on loopback, with a fault plan (``faults``) in front of it."""
    from app.kit.serving import VendorServer

    with ExitStack() as servers:

        def start(application: Any, faults: str = "") -> VendorServer:
            server = VendorServer(application, faults)
            servers.callback(server.stop)
            return server

        yield start


@pytest.fixture
def rollcall_source(rollcall_tenant: Tenant) -> Callable[..., Source]:
    """Give a function (kind, settings, secrets, name) that connects and publishes a source."""
    from app.kit import connecting

    def add(
        kind: str, settings: Mapping[str, str], secrets: Mapping[str, str] | None = None, name: str = "source"
    ) -> Source:
        return connecting.connect(rollcall_tenant, kind, settings, secrets or {}, name)

    return add


@pytest.fixture
def rollcall_import() -> Callable[..., Run]:
    """Give a function (source, dry_run, is_full) that imports a source and returns the ended run."""
    from app.kit import connecting

    return connecting.pull


@pytest.fixture
def rollcall_employee(rollcall_tenant: Tenant) -> Callable[[str], dict[str, Any] | None]:
    """Give a function that returns the document of the employee with a userName, or None."""
    from app.kit import connecting

    return lambda user_name: connecting.employee(rollcall_tenant, user_name)


@pytest.fixture
def rollcall_stage(
    request: pytest.FixtureRequest,
    rollcall_app: Flask,
    rollcall_tenant: Tenant,
    vendor_server: Callable[..., VendorServer],
) -> Stage:
    """Give the stage of a battery: its world served, and a source that can be connected to it."""
    from app.kit.stage import Stage

    world = request.instance.world()
    return Stage(
        request.instance.kind, world, vendor_server(world.application), rollcall_app, rollcall_tenant
    )
