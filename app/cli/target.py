"""``rollcall target``: the systems that people are pushed to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from app.access.tenants import Tenant
from app.cli import target_preview
from app.cli.answers import json_option, key_values, say, say_table, tenant_named, tenant_option
from app.cli.sync import sync
from app.cli.target_drift import drift
from app.cli.target_fields import fields, preview_option, settings
from app.cli.target_groups import groups
from app.cli.target_orphans import orphans
from app.cli.target_probe import probe
from app.database import reading, writing
from app.errors import WrongUse
from app.provisioning import explain, kinds, policies, resync, targets
from app.provisioning.targets import Target

ACTOR = "system:cli"
set_option = click.option(
    "--set", "options", multiple=True, metavar="KEY=VALUE", help="A setting; KEY= takes it away. Repeatable."
)
secret_option = click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="KEY=VALUE|KEY=@FILE|KEY=-",
    help="The token: token=TEXT, token=@FILE, or token=- for standard input.",
)
header_option = click.option("--auth-header", metavar="NAME", help="The HTTP header that carries the token.")


@click.group()
def target() -> None:
    """Systems that people are pushed to."""


for command in (sync, fields, settings, orphans, probe, drift, groups):
    target.add_command(command)


def found(slug: str, name: str) -> tuple[Tenant, Target]:
    """The tenant and its target; raises ``NotFoundError`` that lists the known ones."""
    tenant = tenant_named(slug)
    with reading() as connection:
        return tenant, targets.named(connection, tenant.id, name)


@target.command()
@click.argument("kind")
@tenant_option
@click.option("--name", required=True, help="What the target is called from now on.")
@click.option("--url", required=True, help="The base URL of its API.")
@header_option
@secret_option
@set_option
@click.option("--paused", is_flag=True, help="Send nothing yet: look at `target sync --dry-run` first.")
@json_option
@with_appcontext
def add(
    kind: str,
    tenant_slug: str,
    name: str,
    url: str,
    auth_header: str | None,
    secrets: tuple[str, ...],
    options: tuple[str, ...],
    paused: bool,
    as_json: bool,
) -> None:
    """Add a target of KIND (scim, jumpcloud, …). Its first sync begins at once, unless --paused."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        made = targets.add(
            connection,
            tenant.id,
            ACTOR,
            kind=kind,
            name=name,
            url=url,
            auth_header=auth_header,
            token=_token(secrets),
            options=key_values(options, "--set"),
            paused=paused,
        )
    hint = (
        "paused: look at `rollcall target sync --dry-run`"
        if paused
        else "its first sync begins with the next tick"
    )
    say(explain.overview(made), as_json, f"Target {name!r} ({kind}) added; {hint}.")


@target.command("set")
@click.argument("name")
@tenant_option
@click.option("--url", help="Another base URL.")
@header_option
@secret_option
@set_option
@preview_option
@json_option
@with_appcontext
def set_(
    name: str,
    tenant_slug: str,
    url: str | None,
    auth_header: str | None,
    secrets: tuple[str, ...],
    options: tuple[str, ...],
    preview: bool,
    as_json: bool,
) -> None:
    """Change a target. Saving it, even unchanged, starts a full resync."""
    _, known = found(tenant_slug, name)
    if preview:
        asked = key_values(options, "--set")
        kinds.check_names(known.kind, asked.keys() - {"interval"})
        target_preview.show(known, policies.with_options(known.settings, asked), as_json)
        return
    with writing() as connection:
        changed = targets.change(
            connection,
            known,
            ACTOR,
            url=url,
            auth_header=auth_header,
            token=_token(secrets),
            options=key_values(options, "--set"),
        )
        plan = resync.after_change_of_settings(connection, changed)
    say(
        explain.overview(changed) | {"plan": plan},
        as_json,
        f"Target {name!r} saved; full resync is plan {plan}.",
    )


def _token(secrets: tuple[str, ...]) -> str | None:
    """The token of ``--secret token=…``, ``token=@FILE`` or ``token=-``."""
    values = key_values(secrets, "--secret")
    unknown = sorted(values.keys() - {"token"})
    if unknown:
        raise WrongUse(f"--secret {unknown[0]}=…: a target has one secret, token.")
    text = values.get("token")
    if text is None:
        return None
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        try:
            text = Path(text[1:]).read_text()
        except OSError as error:
            raise WrongUse(f"--secret token={text}: the file cannot be read ({error.strerror}).") from error
    return text.strip()


@target.command("list")
@tenant_option
@json_option
@with_appcontext
def list_(tenant_slug: str, as_json: bool) -> None:
    """The tenant's targets."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        rows = [explain.overview(known) for known in targets.listed(connection, tenant.id)]
    say_table(rows, as_json, ("name", "kind", "state", "url", "pause_reason"), "There is no target yet.")


@target.command()
@click.argument("name")
@tenant_option
@json_option
@with_appcontext
def status(name: str, tenant_slug: str, as_json: bool) -> None:
    """How a target stands: links by state, what is due, the next tick, the last attempt."""
    _, known = found(tenant_slug, name)
    with reading() as connection:
        report = explain.status(connection, known)
    say(report, as_json, _plain(report))


def _plain(report: dict[str, Any]) -> str:
    lines = []
    for name, value in report.items():
        if isinstance(value, dict):
            value = ", ".join(
                f"{key} {inner}" for key, inner in value.items() if not str(key).endswith("_body")
            )
        lines.append(f"{name.replace('_', ' ')}: {'–' if value in (None, '', []) else value}")
    return "\n".join(lines)


@target.command()
@click.argument("name")
@tenant_option
@click.option("--reason", default="paused by an admin", help="Shown wherever the target is.")
@with_appcontext
def pause(name: str, tenant_slug: str, reason: str) -> None:
    """Send nothing more; changes are kept and delivered after `resume`."""
    _, known = found(tenant_slug, name)
    with writing() as connection:
        was_active = targets.pause(connection, known, ACTOR, reason)
    click.echo(f"Target {name!r} is paused." if was_active else f"Target {name!r} was paused already.")


@target.command()
@click.argument("name")
@tenant_option
@with_appcontext
def resume(name: str, tenant_slug: str) -> None:
    """Deliver again, at once."""
    _, known = found(tenant_slug, name)
    with writing() as connection:
        targets.resume(connection, known, ACTOR)
    click.echo(f"Target {name!r} is active.")


@target.command()
@click.argument("name")
@tenant_option
@click.confirmation_option(
    "--yes", prompt="Links and attempts are forgotten; accounts stay as they are. Go on?"
)
@with_appcontext
def remove(name: str, tenant_slug: str) -> None:
    """Forget a target; nothing is sent to it."""
    _, known = found(tenant_slug, name)
    with writing() as connection:
        targets.remove(connection, known, ACTOR)
    click.echo(f"Target {name!r} is removed.")
