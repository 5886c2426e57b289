"""Migrations: the newest schema is the one the tables say, upgrading is repeatable, and downgrading gives all back."""

from __future__ import annotations

from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

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
