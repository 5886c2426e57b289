"""``rollcall employee pin`` and ``unpin``: values that somebody has decided on."""

from __future__ import annotations

from dataclasses import asdict

import click
from flask.cli import with_appcontext

from app import directory
from app.cli.answers import json_option, say, tenant_named, tenant_option
from app.cli.finding import employee_named
from app.cli.precedence import heard_everywhere
from app.database import reading, writing
from app.sources import pins
from app.sources.precedence import field_named

_ACTOR = directory.Actor("system", "cli")


@click.command()
@click.argument("who", metavar="EMAIL|USERNAME|ID")
@click.argument("pair", metavar="FIELD[=VALUE]")
@click.option("--note", default="", metavar="WHY", help="Why; shown by `employee show --explain`.")
@click.option("--by", "person", metavar="WHO", help="Who decided: an e-mail address.")
@tenant_option
@json_option
@with_appcontext
def pin(who: str, pair: str, note: str, person: str | None, tenant_slug: str, as_json: bool) -> None:
    """Pin a value of an employee: VALUE, nothing (FIELD=), or what stands now (FIELD).

    No source and no SCIM client changes it until it is let go with `employee unpin`.
    """
    tenant, (name, given, value) = tenant_named(tenant_slug), pair.partition("=")
    field = field_named(name)
    actor = directory.Actor("admin", person) if person else _ACTOR
    with reading() as connection:
        employee_id = employee_named(connection, tenant.id, who).id
    chosen = value if given else pins.AS_IT_IS
    with writing() as connection:
        made = pins.put(connection, tenant.id, employee_id, field, actor, value=chosen, note=note)
    heard_everywhere()
    if given:
        with writing() as connection:
            # A client may have written to it while its process did not know of the pin yet.
            fragment = pins.fragment_with(field, value)
            directory.merge(connection, tenant.id, employee_id, actor, fragment)
    answer = asdict(made) | {"field": made.field}
    say(answer, as_json, f"{made.field} of employee {employee_id} is pinned by {made.by}.")


@click.command()
@click.argument("who", metavar="EMAIL|USERNAME|ID")
@click.argument("name", metavar="FIELD")
@tenant_option
@json_option
@with_appcontext
def unpin(who: str, name: str, tenant_slug: str, as_json: bool) -> None:
    """Let a pinned value of an employee go; the next import of each source says what it knows of it."""
    tenant, field = tenant_named(tenant_slug), field_named(name)
    with writing() as connection:
        employee_id = employee_named(connection, tenant.id, who).id
        let_go = pins.take_away(connection, tenant.id, employee_id, field, _ACTOR)
    heard_everywhere()
    answer = asdict(let_go) | {"field": let_go.field}
    say(answer, as_json, f"{let_go.field} of employee {employee_id} is not pinned any more.")
