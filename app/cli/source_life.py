"""``rollcall source``: from draft to published, and back."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from app.access.tenants import Tenant
from app.cli.answers import json_option, say, tenant_named, tenant_option
from app.database import reading, writing
from app.sources import catalog, checking, consent, life, parting, runner
from app.sources.catalog import Source
from app.sources.parting import Parted
from app.sources.records import Check

BY = "system:cli"


def _known(name: str, tenant_slug: str) -> tuple[Tenant, Source]:
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        return tenant, catalog.named(connection, tenant.id, name)


@click.command()
@click.argument("name")
@tenant_option
@json_option
@with_appcontext
def check(name: str, tenant_slug: str, as_json: bool) -> None:
    """Look whether the source NAME can be read; changes nothing."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        known = catalog.named(connection, tenant.id, name)
    if not all(finding.ok or not finding.needed for finding in checks_said(known, as_json)):
        sys.exit(1)


def checks_said(known: Source, as_json: bool) -> list[Check]:
    """Look at a source and say what was found, a line each; return it."""
    findings = checking.checked(known, runner.context_of(known), BY)
    for finding in findings:
        value = {
            "check": finding.name,
            "ok": finding.ok,
            "needed": finding.needed,
            "message": finding.message,
        }
        word = "ok  " if finding.ok else "FAIL" if finding.needed else "note"
        say(value, as_json, f"{word} {finding.name}: {finding.message}")
    return findings


@click.command("consent")
@click.argument("name")
@tenant_option
@click.option("--show", "only_show", is_flag=True, help="Print the policy, and agree to nothing.")
@click.option("--by", "person", metavar="WHO", help="Who agrees: an e-mail address.")
@json_option
@with_appcontext
def consent_to(name: str, tenant_slug: str, only_show: bool, person: str | None, as_json: bool) -> None:
    """Accept the privacy policy for connecting the source NAME; nothing of the vendor is called before."""
    tenant, known = _known(name, tenant_slug)
    text = consent.policy_text(known.adapter())
    if only_show:
        value = {"version": consent.VERSION, "text_hash": consent.text_hash(text), "text": text}
        say(value, as_json, text)
        return
    with writing() as connection:
        given = life.give_consent(connection, known, f"admin:{person}" if person else BY)
    value = {
        "source": name,
        "version": given.version,
        "text_hash": given.text_hash,
        "by": given.by,
        "at": given.at,
    }
    way = f"rollcall source check {name} --tenant {tenant.slug}"
    words = (
        f"Consent to policy {given.version} (SHA-256 {given.text_hash[:16]}…) by {given.by} at {given.at}."
    )
    say(value, as_json, f"{text}\n\n{words}\nNext: {way}")


@click.command()
@click.argument("name")
@tenant_option
@json_option
@with_appcontext
def publish(name: str, tenant_slug: str, as_json: bool) -> None:
    """Check the source NAME and let it bring people in, by its schedule and on request."""
    _, known = _known(name, tenant_slug)
    findings = checks_said(known, as_json)
    with writing() as connection:
        published = life.publish(connection, known, findings, BY)
    value = {"source": name, "state": published.state, "next_run_at": published.next_run_at}
    first = f"rollcall source import {name} --tenant {tenant_slug}"
    when = (
        f"imported by itself next at {published.next_run_at}" if published.next_run_at else "on request only"
    )
    say(value, as_json, f"Source {name} is published: {when}. At once: {first}")


@click.command()
@click.argument("name")
@tenant_option
@with_appcontext
def pause(name: str, tenant_slug: str) -> None:
    """Stop the scheduled imports of the source NAME; imports on request, and webhooks, go on."""
    _, known = _known(name, tenant_slug)
    with writing() as connection:
        life.pause(connection, known, BY)
    click.echo(f"Source {name} is paused; `rollcall source resume` starts its schedule again.")


@click.command()
@click.argument("name")
@tenant_option
@with_appcontext
def resume(name: str, tenant_slug: str) -> None:
    """Start the scheduled imports of the source NAME again."""
    _, known = _known(name, tenant_slug)
    with writing() as connection:
        life.resume(connection, known, BY)
    click.echo(f"Source {name} is active.")


@click.command()
@click.argument("name")
@tenant_option
@with_appcontext
def disconnect(name: str, tenant_slug: str) -> None:
    """Forget the credentials of the source NAME and withdraw its consent; people and history stay."""
    _, known = _known(name, tenant_slug)
    parted = parting.disconnect(known, BY)
    click.echo(
        f"Source {name} is disconnected: its credentials are forgotten, people that it brought stay. "
        f"Link it again with: rollcall source set {name} --tenant {tenant_slug} --secret …"
    )
    _say_left(parted)


@click.command()
@click.argument("name")
@tenant_option
@with_appcontext
def remove(name: str, tenant_slug: str) -> None:
    """Remove the source NAME, its records and runs; the people that it brought stay."""
    _, known = _known(name, tenant_slug)
    parted = parting.remove(known, BY)
    click.echo(f"Source {name} is removed; the people that it brought stay.")
    _say_left(parted)


def _say_left(parted: Parted) -> None:
    if parted.left is not None:
        click.echo(parted.left)
