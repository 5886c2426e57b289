"""``rollcall client``: identity providers and HR systems that call the SCIM API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
from flask.cli import with_appcontext

from app.access import clients, inbound, oauth, tokens
from app.access.clients import Client
from app.access.tenants import Tenant
from app.access.tokens import Use
from app.cli.answers import json_option, key_values, say, say_table, tenant_named, tenant_option
from app.database import reading, writing
from app.errors import WrongUse


@click.group()
def client() -> None:
    """Clients of the SCIM API: their settings, OAuth secrets and refused requests."""


@client.command()
@click.argument("name")
@click.argument("pairs", nargs=-1, metavar="[KEY=VALUE]...")
@tenant_option
@json_option
@with_appcontext
def create(name: str, pairs: Sequence[str], tenant_slug: str, as_json: bool) -> None:
    """Create the client NAME; the settings are those of `rollcall client set`.

    A token (`rollcall token create --name NAME`) makes its client by itself.
    """
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        made = clients.create(connection, tenant.id, name, key_values(pairs, "Setting"))
    way = f"rollcall client secret {name} --tenant {tenant_slug}"
    say(_shown(tenant, made), as_json, f"Client {name} created; an OAuth secret for it: {way}")


@client.command("set")
@click.argument("name")
@click.argument("pairs", nargs=-1, metavar="KEY=VALUE...")
@tenant_option
@json_option
@with_appcontext
def set_client(name: str, pairs: Sequence[str], tenant_slug: str, as_json: bool) -> None:
    """Change settings of the client NAME; KEY= takes a setting back.

    \b
    strict=true                 refuse unknown attributes; false drops and logs them
    rate=50  burst=500          requests a second and at once, of each token; rate=0 is no limit
    oauth_scopes=scim:read,…    what its access tokens may hold at most
    """
    tenant = tenant_named(tenant_slug)
    if not pairs:
        raise WrongUse("Nothing to change: give KEY=VALUE.")
    with writing() as connection:
        changed = clients.change(connection, tenant.id, name, key_values(pairs, "Setting"))
    say(_shown(tenant, changed), as_json, f"Client {name} is changed: {_words(changed)}.")


@client.command("list")
@tenant_option
@json_option
@with_appcontext
def list_clients(tenant_slug: str, as_json: bool) -> None:
    """List the clients of a tenant: settings, living tokens, last use."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        use = tokens.use_by_client(connection, tenant.id)
        rows = [_with_use(tenant, each, use, as_json) for each in clients.listed(connection, tenant.id)]
    columns = ("id", "name", "client_id", "settings", "tokens", "last_used_at")
    nothing = f"No clients yet; create one with: rollcall client create NAME --tenant {tenant_slug}"
    say_table(rows, as_json, columns, nothing)


@client.command()
@click.argument("name")
@tenant_option
@json_option
@with_appcontext
def show(name: str, tenant_slug: str, as_json: bool) -> None:
    """Show the client NAME with its OAuth secrets (never their text) and use."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        found = clients.named(connection, tenant.id, name)
        use = tokens.use_by_client(connection, tenant.id)
        answer = {**_with_use(tenant, found, use, as_json), "secrets": oauth.secrets_of(connection, found)}
    plain = [f"{key}: {'' if value is None else value}" for key, value in answer.items() if key != "secrets"]
    plain += [
        f"secret {each['id']}: made {each['created_at']}, ends {each['expires_at']}, "
        f"last used {each['last_used_at'] or 'never'}"
        for each in answer["secrets"]
    ]
    say(answer, as_json, "\n".join(plain))


@client.command()
@click.argument("name")
@tenant_option
@click.option(
    "--expires", "days", type=click.IntRange(1, 3650), default=oauth.DEFAULT_SECRET_DAYS, metavar="DAYS"
)
@click.option(
    "--overlap",
    "hours",
    type=click.IntRange(0, 720),
    default=24,
    help="Hours that the secrets before it go on; default 24. 0 ends them now, and the access tokens too.",
)
@json_option
@with_appcontext
def secret(name: str, tenant_slug: str, days: int, hours: int, as_json: bool) -> None:
    """Print a fresh OAuth secret of the client NAME, once: only its digest is kept.

    The client's id goes to stderr, and into the JSON: a client needs both for POST /oauth/token.
    """
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        found = clients.named(connection, tenant.id, name, to_change=True)
        made = oauth.make_secret(connection, tenant, found, life_days=days, overlap_hours=hours)
    if not as_json:
        click.echo(f"client_id {made.client_id}; the secret ends {made.expires_at}", err=True)
    answer = {"client_id": made.client_id, "client_secret": made.text, "expires_at": made.expires_at}
    say(answer, as_json, made.text)


@client.command("log")
@click.argument("name")
@tenant_option
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, inbound.KEPT_PER_CLIENT))
@json_option
@with_appcontext
def show_log(name: str, tenant_slug: str, limit: int, as_json: bool) -> None:
    """Show the requests of NAME that were refused or of which attributes were dropped."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        found = clients.named(connection, tenant.id, name)
        rows = inbound.listed(connection, tenant.id, found.id, limit)
    if not as_json:
        rows = [{**row, "dropped": ", ".join(row["dropped"])} for row in rows]
    columns = ("at", "method", "path", "status", "scim_type", "detail", "dropped")
    say_table(rows, as_json, columns, f"Nothing of {name}'s requests was refused or dropped.")


def _shown(tenant: Tenant, found: Client) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "client_id": oauth.client_id_of(tenant, found),
        "settings": found.settings.as_dict(),
        "created_at": found.created_at,
    }


def _with_use(tenant: Tenant, found: Client, use: Mapping[int, Use], as_json: bool) -> dict[str, Any]:
    of_client = use.get(found.id, Use(0, None))
    shown = _shown(tenant, found) | {"tokens": of_client.living, "last_used_at": of_client.last_used_at}
    return shown if as_json else shown | {"settings": _words(found)}


def _words(found: Client) -> str:
    """Return the settings as they are typed; those that were not set are left out."""
    values = {
        name: ",".join(value) if isinstance(value, list) else str(value).lower()
        for name, value in found.settings.as_dict().items()
        if value is not None
    }
    return " ".join(f"{name}={value}" for name, value in values.items())
