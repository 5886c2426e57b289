"""``rollcall target orphans``: accounts of deleted employees, which live on until someone sees to them."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, say_table, tenant_named, tenant_option
from app.database import reading, writing
from app.provisioning import orphans as provisioning_orphans
from app.provisioning import targets

ACTOR = "system:cli"


@click.command()
@click.argument("name")
@tenant_option
@click.option("--clear", "cleared", multiple=True, metavar="EMAIL|ID", help="Forget this link. Repeatable.")
@json_option
@with_appcontext
def orphans(name: str, tenant_slug: str, cleared: tuple[str, ...], as_json: bool) -> None:
    """List the accounts of deleted employees at a target. Clearing forgets the link; the account stays as it is."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        known = targets.named(connection, tenant.id, name)
    for who in cleared:
        with writing() as connection:
            label = provisioning_orphans.clear(connection, known, ACTOR, who)
        if not as_json:
            click.echo(f"Forgotten: {label}. The account at {name!r} stays as it is.")
    with reading() as connection:
        rows = provisioning_orphans.listed(connection, known)
    columns = ("employee", "label", "remote_id", "active_there", "owes", "delivered_at")
    say_table(rows, as_json, columns, "There are no orphans.")
