"""``rollcall tenant``: the organisations of this installation."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.access import tenants
from app.cli.answers import json_option, say, say_table
from app.database import reading, writing


@click.group()
def tenant() -> None:
    """Tenants: the organisations of this installation."""


@tenant.command()
@click.argument("slug")
@json_option
@with_appcontext
def create(slug: str, as_json: bool) -> None:
    """Create the tenant SLUG (a-z, 0-9, hyphens)."""
    with writing() as connection:
        made = tenants.create(connection, slug)
    say(
        {"slug": made.slug, "id": made.public_id},
        as_json,
        f"Tenant {made.slug} created (id {made.public_id}).",
    )


@tenant.command("list")
@json_option
@with_appcontext
def list_tenants(as_json: bool) -> None:
    """List the tenants."""
    with reading() as connection:
        rows = [{"slug": found.slug, "id": found.public_id} for found in tenants.listed(connection)]
    say_table(rows, as_json, ("slug", "id"), "No tenants yet; create one with: rollcall tenant create SLUG")
