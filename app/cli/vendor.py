"""``rollcall vendor``: which kinds of source a tenant may connect."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, say_table, tenant_named, tenant_option
from app.database import reading, writing
from app.sources import vendors

BY = "system:cli"


@click.group()
def vendor() -> None:
    """Kinds of source that a tenant may connect."""


@vendor.command()
@click.argument("kind")
@tenant_option
@with_appcontext
def enable(kind: str, tenant_slug: str) -> None:
    """Let a tenant connect sources of KIND."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        vendors.enable(connection, tenant.id, kind, BY)
    click.echo(
        f"{kind} is enabled. Connect it with: rollcall source add {kind} --tenant {tenant_slug} --name NAME"
    )


@vendor.command()
@click.argument("kind")
@tenant_option
@with_appcontext
def disable(kind: str, tenant_slug: str) -> None:
    """Let a tenant connect no further sources of KIND; those that are connected go on."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        vendors.disable(connection, tenant.id, kind, BY)
    click.echo(
        f"{kind} is not enabled any more; sources that are connected stay until they are disconnected."
    )


@vendor.command("list")
@tenant_option
@json_option
@with_appcontext
def list_vendors(tenant_slug: str, as_json: bool) -> None:
    """List the kinds of source, and which of them the tenant may connect."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        enabled = vendors.enabled(connection, tenant.id)
    rows = [
        {"kind": kind, "label": label, "enabled_at": enabled.get(kind)}
        for kind, label in vendors.known_kinds().items()
    ]
    say_table(rows, as_json, ("kind", "label", "enabled_at"), "No kinds of source are installed.")
