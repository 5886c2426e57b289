"""Fixtures that build real things: both databases, the application, a tenant, a token, HTTP servers."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import create_engine
from werkzeug.serving import make_server

import app.access.tables
import app.directory.tables
import app.jobs.tables
import app.notices.tables
from app import create_app
from app.access import passwords, tenants, tokens
from app.access.tenants import Tenant
from app.config import Settings
from app.database import Model, writing
from app.outbound.client_credentials import TOKENS
from tests.harness.postgres import PostgresCluster
from tests.harness.routes import remember_builders

remember_builders()

SECRET_KEY = "5" * 64
KEY_RING = "k1:" + "7" * 64
#: Seconds between looks of a server whether it is to stop: each test waits for that.
POLL_SECONDS = 0.01


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Turn every skip into a failure: a part that is missing must not look like a part that works."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped ({call.excinfo}); nothing is skipped here"


def make_settings(database_url: str, instance_path: Path, **changes: Any) -> Settings:
    """Return settings for a test installation on loopback."""
    values: dict[str, Any] = {
        "database_url": database_url,
        "instance_path": instance_path,
        "allow_private_targets": True,
        "secret_key": SECRET_KEY,
        "key_ring": KEY_RING,
        "sqlite_synchronous": "off",
        "log_level": "warning",
        "scim_rate": 0,
    }
    return Settings(**values | changes)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """Give a throw-away PostgreSQL cluster, one per test process."""
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an SQLite file with the whole schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    _make_schema(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster: PostgresCluster) -> str:
    """Give the name of a PostgreSQL database with the whole schema, to be copied."""
    url = postgres_cluster.create_database("template_rollcall")
    _make_schema(url)
    return "template_rollcall"


def _make_schema(url: str) -> None:
    create_app(make_settings(url, Path("instance")))  # imports every table
    engine = create_engine(url)
    Model.metadata.create_all(engine)
    engine.dispose()


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """Hash passwords with little work: a sign-in else costs more than most of what is tested behind it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(autouse=True)
def no_kept_tokens() -> None:
    """Forget the tokens of vendors' APIs: a server of an earlier test may have had the same port."""
    TOKENS.clear()


_numbers = iter(range(1, 1_000_000))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a fresh migrated database: every test that uses it runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "rollcall.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    template: str = request.getfixturevalue("postgres_template")
    url = cluster.create_database(f"test_{next(_numbers)}", template=template)
    yield url
    cluster.drop_database(url)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Give the settings of the test's installation."""
    return make_settings(database_url, tmp_path)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """Give the application with its context pushed."""
    application = create_app(settings)
    with application.app_context():
        yield application
        application.extensions["rollcall.inbound"].flush()
        from app.database import db

        db.engine.dispose()


@pytest.fixture
def tenant(app: Flask) -> Tenant:
    """Give the tenant ``acme``."""
    with writing() as connection:
        return tenants.create(connection, "acme")


@pytest.fixture
def token(tenant: Tenant) -> str:
    """Give a bearer token of the client ``idp`` that may read and write."""
    with writing() as connection:
        return tokens.create(connection, tenant, "idp").text


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Give a function that serves a WSGI application over real HTTP on loopback and returns its base URL."""
    servers = []

    def start(wsgi: Any) -> str:
        server = make_server("127.0.0.1", 0, wsgi, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join(10)
