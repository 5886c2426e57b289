"""``rollcall db``: the database's schema."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, say
from app.migrations.upgrading import upgrade_database


@click.group("db")
def database() -> None:
    """The database."""


@database.command()
@json_option
@with_appcontext
def upgrade(as_json: bool) -> None:
    """Bring the database to the newest schema; changes nothing when it is there already."""
    revision = upgrade_database()
    say({"revision": revision}, as_json, f"The database is at revision {revision}.")
