"""Storage that fails under a running product: SCIM says 503 and when to come back, and nothing is half-written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app, database, directory
from app.access import tenants, tokens
from app.access.tenants import Tenant
from app.database import db, reading, writing
from scim.resources import USER
from tests.conftest import make_settings
from tests.harness import storage

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
Ask = Callable[..., Any]


@pytest.fixture
def on_sqlite(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Give the application on SQLite, which waits for a lock for a tenth of a second."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 100)
    path = tmp_path / "rollcall.db"
    path.write_bytes(sqlite_template.read_bytes())
    app = create_app(make_settings(f"sqlite:///{path}", tmp_path))
    with app.app_context():
        yield app
        app.extensions["rollcall.inbound"].flush()
        db.engine.dispose()


@pytest.fixture
def tenant(on_sqlite: Flask) -> Tenant:
    """Give the tenant ``acme``."""
    with writing() as connection:
        return tenants.create(connection, "acme")


@pytest.fixture
def ask(on_sqlite: Flask, tenant: Tenant) -> Ask:
    """Give a function that sends a SCIM request."""
    with writing() as connection:
        headers = {"Authorization": f"Bearer {tokens.create(connection, tenant, 'idp').text}"}

    def send(method: str, path: str, body: object = None) -> Any:
        with on_sqlite.test_client() as client:
            return client.open(f"/scim/v2{path}", method=method, json=body, headers=headers)

    return send


def _user(name: str, **more: Any) -> dict[str, Any]:
    return {"schemas": [USER], "userName": name, **more}


def _is_unavailable(answer: Any, word: str) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["Retry-After"].isdecimal()
    assert answer.json["schemas"] == [ERROR]
    assert word in answer.json["detail"]


def _people(tenant: Tenant) -> tuple[int, int]:
    with reading() as connection:
        return directory.total(connection, tenant.id), directory.stored_totals(connection, tenant.id)["User"]


def test_a_database_that_is_locked_too_long_is_503_with_retry_after(
    ask: Ask, tenant: Tenant, tmp_path: Path
) -> None:
    assert ask("POST", "/Users", _user("ada")).status_code == 201
    other = sqlite3.connect(tmp_path / "rollcall.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    _is_unavailable(ask("POST", "/Users", _user("grace")), "busy")
    assert ask("GET", "/Users").json["totalResults"] == 1
    other.execute("ROLLBACK")
    other.close()
    assert ask("POST", "/Users", _user("grace")).status_code == 201
    assert _people(tenant) == (2, 2)


def test_a_full_disk_is_said_so_and_leaves_nothing_half_written(
    on_sqlite: Flask, ask: Ask, tenant: Tenant
) -> None:
    with reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    db.engine.dispose()

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 10}")

    database.event.listen(db.engine, "connect", limit)
    taken, big = 0, "x" * 3000
    for number in range(200):
        answer = ask("POST", "/Users", _user(f"user{number}", title=big))
        if answer.status_code != 201:
            break
        taken += 1
    assert 0 < taken < 200
    _is_unavailable(answer, "full")
    assert _people(tenant) == (taken, taken)
    assert ask("GET", "/Users").json["totalResults"] == taken

    database.event.remove(db.engine, "connect", limit)
    db.engine.dispose()
    assert ask("POST", "/Users", _user(f"user{taken}", title=big)).status_code == 201
    assert _people(tenant) == (taken + 1, taken + 1)


@pytest.mark.timeout(900)
def test_postgresql_restarted_in_the_middle_loses_nothing_and_answers_503(tmp_path: Path) -> None:
    outcome = storage.restarted(tmp_path, restarts=5)
    assert outcome.is_clean, outcome.report()
    assert len(outcome.recoveries) == 5
    assert outcome.statuses.keys() <= {200, 201, 409, 503}
    assert outcome.statuses[503] > 0
