"""``rollcall link``: why one person is, or is not, at one target; and holding them there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, say, tenant_named, tenant_option
from app.cli.explaining import say_link
from app.database import reading, writing
from app.provisioning import explain, holding, targets

BY = "system:cli"


@click.group()
def link() -> None:
    """Links: one employee at one target."""


def _named(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name one link."""
    command = tenant_option(command)
    command = click.option(
        "--email", required=True, metavar="ADDRESS", help="The work e-mail of the employee."
    )(command)
    return click.option("--target", "target_name", required=True, metavar="NAME")(command)


@link.command()
@_named
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


@link.command()
@_named
@click.option("--note", default="", metavar="WHY", help="Why; shown in the timeline of the person.")
@click.option("--by", "person", metavar="WHO", help="Who holds: an e-mail address.")
@json_option
@with_appcontext
def hold(
    target_name: str, email: str, tenant_slug: str, note: str, person: str | None, as_json: bool
) -> None:
    """Send nothing for one employee to one target until somebody lets go; a leaver is suspended all the same."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        target = targets.named(connection, tenant.id, target_name)
        employee_id = explain.employee_with(connection, target, email)
        holding.hold(connection, target, employee_id, f"admin:{person}" if person else BY, note)
    answer = {"employee": employee_id, "target": target.name, "held": True}
    say(
        answer,
        as_json,
        f"Nothing is sent to {target.name} for employee {employee_id} until somebody lets go.",
    )


@link.command()
@_named
@click.option("--by", "person", metavar="WHO", help="Who lets go: an e-mail address.")
@json_option
@with_appcontext
def let_go(target_name: str, email: str, tenant_slug: str, person: str | None, as_json: bool) -> None:
    """Send again for one employee what the directory says, from the next tick on."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        target = targets.named(connection, tenant.id, target_name)
        employee_id = explain.employee_with(connection, target, email)
        holding.let_go(connection, target, employee_id, f"admin:{person}" if person else BY)
    answer = {"employee": employee_id, "target": target.name, "held": False}
    say(
        answer,
        as_json,
        f"{target.name} gets what the directory says of employee {employee_id} with the next tick.",
    )
