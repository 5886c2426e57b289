"""``rollcall source export``: keep a source's people right at the source too."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, say, tenant_named, tenant_option
from app.database import reading, writing
from app.exporting import write_back
from app.sources import catalog

BY = "system:cli"


@click.command("export")
@click.argument("name")
@tenant_option
@click.option("--on/--off", "is_on", default=None, help="Switch the automatic export on or off.")
@json_option
@with_appcontext
def export(name: str, tenant_slug: str, is_on: bool | None, as_json: bool) -> None:
    """Show, switch on or switch off the automatic export of the source NAME: changes are written back to it."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        known = catalog.named(connection, tenant.id, name)
    if is_on is not None:
        with writing() as connection:
            (write_back.switch_on if is_on else write_back.switch_off)(connection, known, BY)
    with reading() as connection:
        target = write_back.target_of(connection, known)
    state = "off" if target is None else target.state
    value = {"source": name, "export": state, "target": None if target is None else target.name}
    if target is None:
        say(value, as_json, f"Nothing is written back to {name}.")
        return
    look = f"rollcall target status {target.name} --tenant {tenant_slug}"
    words = (
        "is written back as it changes"
        if target.is_active
        else f"is not written back ({target.pause_reason})"
    )
    say(
        value,
        as_json,
        f"What Rollcall knows of the people of {name} {words}, by the target {target.name}: {look}",
    )
