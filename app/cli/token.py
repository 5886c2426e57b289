"""``rollcall token``: bearer tokens for the SCIM API."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app import directory
from app.access import clients, tokens
from app.cli.answers import json_option, say, say_table, tenant_named, tenant_option
from app.database import reading, writing
from app.errors import NotFoundError

COLUMNS = (
    *("id", "client", "scopes", "employee_id", "secret_id"),
    *("created_at", "expires_at", "last_used_at", "revoked_at"),
)
#: Columns that the table shows only when one of the tokens has them.
_RARE = frozenset({"employee_id", "secret_id"})


@click.group()
def token() -> None:
    """Tokens with which identity providers and HR systems call the SCIM API."""


@token.command()
@tenant_option
@click.option("--name", required=True, help="The client that holds it, e.g. entra-id.")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(clients.SCOPES), help="Default: scim:write."
)
@click.option(
    "--expires", "days", type=click.IntRange(1, 3650), default=tokens.DEFAULT_LIFE_DAYS, metavar="DAYS"
)
@click.option("--employee", "employee_id", metavar="ID", help="Bind the token to one employee, for /Me.")
@with_appcontext
def create(tenant_slug: str, name: str, scopes: tuple[str, ...], days: int, employee_id: str | None) -> None:
    """Create a token and print it, once: only its digest is kept."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        if employee_id is not None and directory.get(connection, tenant.id, employee_id) is None:
            raise NotFoundError(f"There is no employee {employee_id!r} in tenant {tenant.slug}.")
        issued = tokens.create(
            connection,
            tenant,
            name,
            scopes=scopes or ("scim:write",),
            life_days=days,
            employee_id=employee_id,
        )
    click.echo(issued.text)


@token.command("list")
@tenant_option
@click.option(
    "--all", "with_access_tokens", is_flag=True, help="Also the access tokens that clients got by OAuth."
)
@json_option
@with_appcontext
def list_tokens(tenant_slug: str, with_access_tokens: bool, as_json: bool) -> None:
    """List tokens: client, scopes, expiry, last use."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        rows = [
            dict(row._mapping)
            for row in tokens.listed(connection, tenant.id, with_access_tokens=with_access_tokens)
        ]
    shown = [{column: row[column] for column in COLUMNS} for row in rows]
    columns = [name for name in COLUMNS if name not in _RARE or any(row[name] for row in shown)]
    say_table(
        shown,
        as_json,
        columns,
        f"No tokens yet; create one with: rollcall token create --tenant {tenant.slug} --name NAME",
    )


@token.command()
@click.argument("number", type=int)
@tenant_option
@click.option(
    "--overlap",
    "hours",
    type=click.IntRange(0, 720),
    default=24,
    help="Hours the old one goes on; default 24.",
)
@click.option(
    "--expires", "days", type=click.IntRange(1, 3650), default=tokens.DEFAULT_LIFE_DAYS, metavar="DAYS"
)
@with_appcontext
def rotate(number: int, tenant_slug: str, hours: int, days: int) -> None:
    """Replace token NUMBER and print its successor; the old one goes on for the overlap."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        issued = tokens.rotate(connection, tenant, number, hours, days)
    click.echo(issued.text)


@token.command()
@click.argument("number", type=int)
@tenant_option
@json_option
@with_appcontext
def revoke(number: int, tenant_slug: str, as_json: bool) -> None:
    """End token NUMBER; every process refuses it within a second."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        tokens.revoke(connection, tenant.id, number)
    say({"revoked": number}, as_json, f"Token {number} is revoked.")
