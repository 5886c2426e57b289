"""Bringing a database to the newest schema."""

from __future__ import annotations

from pathlib import Path

import flask_migrate
from alembic.migration import MigrationContext
from flask import current_app

from app.database import db

DIRECTORY = str(Path(__file__).parent)


def upgrade_database() -> str:
    """Upgrade the application's database and return the revision it is at; needs an application context."""
    flask_migrate.Migrate(current_app, db, directory=DIRECTORY)
    flask_migrate.upgrade(directory=DIRECTORY)
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or "none"
