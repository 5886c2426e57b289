"""``rollcall link``: why one person is, or is not, at one target."""

from __future__ import annotations

import json

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, tenant_named, tenant_option
from app.cli.explaining import say_link
from app.database import reading
from app.provisioning import explain, targets


@click.group()
def link() -> None:
    """Links: one employee at one target."""


@link.command()
@click.option("--target", "target_name", required=True, metavar="NAME")
@click.option("--email", required=True, metavar="ADDRESS", help="The work e-mail of the employee.")
@tenant_option
@json_option
@with_appcontext
def show(target_name: str, email: str, tenant_slug: str, as_json: bool) -> None:
    """State, reason, every field with where it comes from and what became of it, and the last attempts."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        target = targets.named(connection, tenant.id, target_name)
        employee_id = explain.employee_with(connection, target, email)
        report = explain.link_report(connection, target, employee_id)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        say_link(report)
