"""Which schema the database has, which one this version has, and how to get from one to another."""

from __future__ import annotations

import flask_migrate
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import Connection

from app.database import db
from app.migrations.upgrading import DIRECTORY


def newest_revision() -> str:
    """Return the revision that this version of Rollcall works with."""
    return _scripts().get_current_head() or "none"


def known_revisions() -> set[str]:
    """Return every revision that this version can bring a database to."""
    return {script.revision for script in _scripts().walk_revisions()}


def present_revision(connection: Connection) -> str | None:
    """Return the revision of the database, None where it has no schema."""
    return MigrationContext.configure(connection).get_current_revision()


def bring_to(revision: str, present: str | None) -> None:
    """Bring an empty database to a revision, from the bottom when it has another one."""
    flask_migrate.Migrate(current_app, db, directory=DIRECTORY)
    if present not in (None, revision):
        flask_migrate.downgrade(directory=DIRECTORY, revision="base")
    flask_migrate.upgrade(directory=DIRECTORY, revision=revision)


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", DIRECTORY)
    return ScriptDirectory.from_config(config)
