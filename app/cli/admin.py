"""``rollcall admin``: the people of the console."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.access import admins
from app.cli.answers import tenant_named, tenant_option
from app.database import writing


@click.group()
def admin() -> None:
    """People who sign in to the console."""


@admin.command()
@click.argument("email")
@tenant_option
@with_appcontext
def create(email: str, tenant_slug: str) -> None:
    """Create the admin EMAIL (or reset the password) and print the one-time password."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        password = admins.create(connection, tenant, email)
    click.echo(password)
