"""``rollcall notice``: what admins hear about, and where it goes."""

from __future__ import annotations

from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from app.access.tenants import Tenant
from app.cli.answers import json_option, say, say_table, tenant_named, tenant_option
from app.config import Settings
from app.database import reading, writing
from app.errors import WrongUse
from app.notices import channels, delivering, shown
from app.notices.channels import EMAIL, WEBHOOK, Channel
from app.notices.kinds import KINDS

ACTOR = "system:cli"


@click.group()
def notice() -> None:
    """Notices: what admins hear about, by e-mail and by signed webhook."""


@notice.command("list")
@tenant_option
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@json_option
@with_appcontext
def list_notices(tenant_slug: str, limit: int, as_json: bool) -> None:
    """Show the newest notices, and what became of their deliveries."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        rows = shown.listed(connection, tenant.id, limit)
    if not as_json:
        rows = [{**row, "deliveries": _words(row["deliveries"])} for row in rows]
    say_table(rows, as_json, ("id", "at", "kind", "title", "deliveries"), "Nothing was worth a notice yet.")


def _words(deliveries: list[dict[str, Any]]) -> str:
    """Return the deliveries in a line: channel, state, and what stands in the way."""
    return "; ".join(
        f"{each['channel']}{' (again)' if each['reminder'] else ''}: {each['state']}"
        + ("" if each["state"] == "sent" or each["error"] is None else f" ({each['error']})")
        for each in deliveries
    )


@notice.command()
@json_option
def kinds(as_json: bool) -> None:
    """List the kinds of notice; the word before the dot chooses all of a family."""
    rows = [{"kind": name, "says": kind.words} for name, kind in KINDS.items()]
    say_table(rows, as_json, ("kind", "says"), "")


@notice.group()
def channel() -> None:
    """Channels: e-mail addresses and webhooks that get the notices of a tenant."""


@channel.command()
@click.argument("kind", type=click.Choice([EMAIL, WEBHOOK]))
@click.argument("name")
@click.argument("address")
@tenant_option
@click.option(
    "--kinds",
    "chosen",
    multiple=True,
    metavar="KIND[,KIND]…",
    help="Only these kinds, or families such as `target`; default: all. See `rollcall notice kinds`.",
)
@json_option
@with_appcontext
def add(kind: str, name: str, address: str, tenant_slug: str, chosen: tuple[str, ...], as_json: bool) -> None:
    """Add the channel NAME; ADDRESS is an e-mail address or a URL.

    For a webhook it prints the secret that its signatures are made with, once: it is kept sealed.
    """
    tenant = tenant_named(tenant_slug)
    if kind == EMAIL:
        _need_mail_server()
    wanted = [word for each in chosen for word in each.split(",") if word]
    with writing() as connection:
        made, secret = channels.add(
            connection, tenant.id, ACTOR, kind=kind, name=name, address=address, kinds=wanted
        )
    answer = _shown(made) | ({} if secret is None else {"secret": secret})
    hint = f"try it with: rollcall notice channel test {name} --tenant {tenant_slug}"
    if secret is not None and not as_json:
        click.echo(f"Channel {name} added; {hint}", err=True)
    say(answer, as_json, f"Channel {name} added; {hint}" if secret is None else secret)


def _need_mail_server() -> None:
    settings: Settings = current_app.extensions["rollcall.settings"]
    missing = delivering.missing_for_mail(settings)
    if missing:
        raise WrongUse(
            f"No e-mail can be sent yet: set {' and '.join(missing)}, for the worker too, then add the channel."
        )


@channel.command("list")
@tenant_option
@json_option
@with_appcontext
def list_channels(tenant_slug: str, as_json: bool) -> None:
    """List the channels of a tenant."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        rows = [_shown(known) for known in channels.listed(connection, tenant.id)]
    if not as_json:
        rows = [{**row, "kinds": ", ".join(row["kinds"] or ["all"])} for row in rows]
    nothing = f"No channels yet; add one with: rollcall notice channel add --tenant {tenant_slug} email NAME ADDRESS"
    say_table(rows, as_json, ("name", "kind", "address", "kinds", "previous_until"), nothing)


@channel.command()
@click.argument("name")
@tenant_option
@json_option
@with_appcontext
def remove(name: str, tenant_slug: str, as_json: bool) -> None:
    """Remove the channel NAME; what was not delivered through it is dropped."""
    _, known = _found(tenant_slug, name)
    with writing() as connection:
        channels.remove(connection, known, ACTOR)
    say({"removed": name}, as_json, f"Channel {name} is removed.")


@channel.command()
@click.argument("name")
@tenant_option
@click.option(
    "--overlap",
    "hours",
    type=click.IntRange(0, 720),
    default=24,
    show_default=True,
    help="Hours for which the old secret signs too; 0 ends it now.",
)
@json_option
@with_appcontext
def rotate(name: str, tenant_slug: str, hours: int, as_json: bool) -> None:
    """Print another secret for the webhook NAME, once; for the overlap each webhook has two signatures."""
    _, known = _found(tenant_slug, name)
    with writing() as connection:
        secret = channels.rotate(connection, known, ACTOR, hours)
    say({"name": name, "secret": secret}, as_json, secret)


@channel.command()
@click.argument("name")
@tenant_option
@json_option
@with_appcontext
def test(name: str, tenant_slug: str, as_json: bool) -> None:
    """Send a notice through the channel NAME now, and say what became of it."""
    tenant, known = _found(tenant_slug, name)
    delivering.send_test(known, tenant.slug)
    say({"name": name, "sent": True}, as_json, f"A test notice went out through {name}.")


def _found(slug: str, name: str) -> tuple[Tenant, Channel]:
    tenant = tenant_named(slug)
    with reading() as connection:
        return tenant, channels.named(connection, tenant.id, name)


def _shown(known: Channel) -> dict[str, Any]:
    names = ("id", "name", "kind", "address", "kinds", "previous_until", "created_at")
    return {name: getattr(known, name) for name in names}
