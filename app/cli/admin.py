"""``rollcall admin``: the people of the console."""

from __future__ import annotations

from contextlib import suppress

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from app.access import admins, admins_roster, roles, setup
from app.access.admins_roster import Member
from app.cli.answers import json_option, say, say_table, tenant_named, tenant_option
from app.config import Settings
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse

BY = "system:cli"
_role = click.Choice([role.name for role in roles.ROLES])


@click.group()
def admin() -> None:
    """People who sign in to the console."""


@admin.command("list")
@tenant_option
@json_option
@with_appcontext
def list_admins(tenant_slug: str, as_json: bool) -> None:
    """List who may come in, with role, ways in and last sign-in."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        rows = [_shown(member) for member in admins_roster.listed(connection, tenant.id)]
    columns = ("email", "role", "password", "provider", "last_signed_in_at")
    say_table(
        rows, as_json, columns, "No admins yet; make one with: rollcall admin create EMAIL --tenant SLUG"
    )


@admin.command()
@click.argument("email")
@tenant_option
@click.option(
    "--role", type=_role, help="What this person may do; a new one is an owner without it, a known one stays."
)
@with_appcontext
def create(email: str, tenant_slug: str, role: str | None) -> None:
    """Create the admin EMAIL (or reset the password) and print the one-time password."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        if role is not None:
            with suppress(NotFoundError):
                known = admins_roster.with_email(connection, tenant.id, email)
                admins_roster.give_role(connection, tenant.id, known.id, role, BY)
        password = admins.create(connection, tenant, email, role, BY)
    click.echo(password)


@admin.command("role")
@click.argument("email")
@click.argument("role", type=_role)
@tenant_option
@json_option
@with_appcontext
def give_role(email: str, role: str, tenant_slug: str, as_json: bool) -> None:
    """Give the admin EMAIL the role ROLE, from the next click on."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        known = admins_roster.with_email(connection, tenant.id, email)
        member = admins_roster.give_role(connection, tenant.id, known.id, role, BY)
    say(_shown(member), as_json, f"{member.email} has the role {member.role}.")


@admin.command()
@click.argument("email")
@tenant_option
@json_option
@with_appcontext
def remove(email: str, tenant_slug: str, as_json: bool) -> None:
    """Remove the admin EMAIL, who is signed out at once."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        known = admins_roster.with_email(connection, tenant.id, email)
        member = admins_roster.remove(connection, tenant.id, known.id, BY)
    say(_shown(member), as_json, f"{member.email} is removed and signed out.")


@admin.command("setup-code")
@with_appcontext
def setup_code() -> None:
    """Print the set-up code that the console asks for while nobody is an admin."""
    code = _code_if_wanted()
    if code is None:
        raise WrongUse(
            "This installation is set up. For another admin: rollcall admin create EMAIL --tenant SLUG"
        )
    click.echo(code)


def tell_setup_code() -> None:
    """Print how the first owner comes in, while nobody is an admin; nothing when the database cannot say."""
    with suppress(DBAPIError):
        if code := _code_if_wanted():
            click.echo(f"Nobody is an admin yet. Open the console and set Rollcall up with the code {code}")


def _code_if_wanted() -> str | None:
    settings: Settings = current_app.extensions["rollcall.settings"]
    with reading() as connection:
        is_wanted = setup.is_wanted(connection)
    return setup.code_of(settings.instance_path) if is_wanted else None


def _shown(member: Member) -> dict[str, object]:
    password = "one-time" if member.has_one_time_password else "own" if member.has_password else "none"
    return {
        "email": member.email,
        "role": member.role,
        "password": password,
        "provider": "known there" if member.is_bound else None,
        "last_signed_in_at": member.last_signed_in_at,
        "created_at": member.created_at,
    }
