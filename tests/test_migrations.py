"""Migrations: the newest schema is the one the tables say, upgrading is repeatable, and downgrading gives all back."""

from __future__ import annotations

from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from app import create_app
from app.database import Model, db
from app.migrations.upgrading import DIRECTORY, upgrade_database
from tests.conftest import make_settings
from tests.harness.postgres import PostgresCluster


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    return cluster.create_database()


def test_upgrading_makes_the_schema_that_the_tables_say(empty_url: str, tmp_path: Path) -> None:
    with create_app(make_settings(empty_url, tmp_path)).app_context():
        assert upgrade_database() == upgrade_database()
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Model.metadata) == []
        db.engine.dispose()


def test_downgrading_takes_everything_away(empty_url: str, tmp_path: Path) -> None:
    with create_app(make_settings(empty_url, tmp_path)).app_context():
        upgrade_database()
        flask_migrate.downgrade(directory=DIRECTORY, revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        db.engine.dispose()


def test_what_the_first_version_stored_is_there_after_the_upgrade_and_after_going_back(
    empty_url: str, tmp_path: Path
) -> None:
    hanging = {"external_id": "x1", "employee_secret": "sealed", "revision": "created"}
    with create_app(make_settings(empty_url, tmp_path)).app_context():
        upgrade_database()
        flask_migrate.downgrade(directory=DIRECTORY, revision="0001")
        with db.engine.begin() as connection:
            _store_a_person(connection)
        upgrade_database()
        with db.engine.connect() as connection:
            assert _hanging(connection, "resource_id", "sealed_value") == hanging
        flask_migrate.downgrade(directory=DIRECTORY, revision="0001")
        with db.engine.connect() as connection:
            assert _hanging(connection, "employee_id", "employee_secret") == hanging
        db.engine.dispose()


def _store_a_person(connection: Connection) -> None:
    for statement in (
        "INSERT INTO tenant (id, slug, token_key, public_id, created_at) VALUES (1, 'a', 'k', 'p', 't')",
        "INSERT INTO employee (tenant_id, id, version, active, user_name_key, created_at, last_modified, wire,"
        " compared, owners) VALUES (1, 'e', 1, true, 'ada', 't', 't', '{}', '{}', '{}')",
        "INSERT INTO external_id (tenant_id, client_id, employee_id, value) VALUES (1, 1, 'e', 'x1')",
        "INSERT INTO revision (tenant_id, employee_id, number, at, kind, actor, changes)"
        " VALUES (1, 'e', 1, 't', 'created', 'client:1', '{}')",
    ):
        connection.execute(text(statement))
    connection.execute(
        text(
            "INSERT INTO employee_secret (tenant_id, employee_id, path, sealed, digest)"
            " VALUES (1, 'e', 'salary', :sealed, 'sealed')"
        ),
        {"sealed": b"x"},
    )


def _hanging(connection: Connection, owner: str, secrets: str) -> dict[str, str]:
    columns = {
        "external_id": ("external_id", "value"),
        "employee_secret": (secrets, "digest"),
        "revision": ("revision", "kind"),
    }
    return {
        name: str(connection.scalar(text(f"SELECT {column} FROM {table} WHERE {owner} = 'e'")))
        for name, (table, column) in columns.items()
    }
