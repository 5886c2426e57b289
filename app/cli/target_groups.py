"""``rollcall target groups``: the department groups of a target."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, say_table, tenant_named, tenant_option
from app.database import reading
from app.provisioning import targets
from app.provisioning.groups import report
from app.provisioning.groups.wanted import takes_part


@click.command()
@click.argument("name")
@tenant_option
@json_option
@with_appcontext
def groups(name: str, tenant_slug: str, as_json: bool) -> None:
    """Show the department groups of a target: who should be in, who is, and why one is held."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        target = targets.named(connection, tenant.id, name)
        rows = report.groups_of(connection, target)
    switch = f"`rollcall target set {name} --tenant {tenant_slug} --set groups=departments` makes them"
    nothing = "No group yet." if takes_part(target) else f"This target gets no groups; {switch}."
    say_table(rows, as_json, ("group", "state", "people", "members", "due_at", "reason"), nothing)
