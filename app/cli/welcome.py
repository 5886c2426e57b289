"""``rollcall welcome``: what new members are written to."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, say, tenant_named, tenant_option
from app.database import reading, writing
from app.errors import WrongUse
from app.notices import letters
from app.sources import catalog
from app.sources import welcome as welcoming
from app.sources.welcome import Welcome

BY = "system:cli"
_SOMEBODY = {"name": {"givenName": "Maya", "familyName": "Okafor"}, "displayName": "Maya Okafor"}


@click.group()
def welcome() -> None:
    """The mail that a tenant's new members get: of sources with `--set welcome=yes`, and never twice."""


@welcome.command()
@tenant_option
@json_option
@with_appcontext
def show(tenant_slug: str, as_json: bool) -> None:
    """Show the mail as it is set, and as somebody gets it."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        found = welcoming.of_tenant(connection, tenant.id)
        senders = [
            each.name
            for each in catalog.listed(connection, tenant.id)
            if each.settings.get("welcome") == "yes"
        ]
        mails = letters.counted(connection, tenant.id, letters.WELCOME)
    if found is None:
        nothing = (
            f"No welcome mail is set; set one with: rollcall welcome set --tenant {tenant_slug} --link URL"
        )
        say(None, as_json, nothing)
        return
    subject, text = found.filled(_SOMEBODY)
    example = {"subject": subject, "text": text}
    answer = {**asdict(found), "sources": senders, "mails": mails, "example": example}
    sent = f"For new people of: {', '.join(senders) or 'no source yet (source set NAME --set welcome=yes)'}"
    so_far = ", ".join(f"{number} {state}" for state, number in sorted(mails.items())) or "none"
    say(answer, as_json, f"{sent}\nMails so far: {so_far}\n\nSubject: {subject}\nTo: Maya Okafor\n\n{text}")


@welcome.command("set")
@tenant_option
@click.option("--subject", help="The subject; it may have {first_name} and {display_name}.")
@click.option(
    "--text", metavar="@FILE", help="The text, in a file (UTF-8) or `-` for stdin; it shows {link}."
)
@click.option("--link", metavar="URL", help="Where {link} leads: usually where an account is begun.")
@json_option
@with_appcontext
def set_welcome(
    tenant_slug: str, subject: str | None, text: str | None, link: str | None, as_json: bool
) -> None:
    """Set the mail, or the parts of it that are given; without a text of your own there is a short one.

    {first_name}, {display_name} and {link} stand for what is different for each member.
    """
    tenant = tenant_named(tenant_slug)
    given = {"subject": subject, "text": None if text is None else _content(text), "link": link}
    changed = {name: value for name, value in given.items() if value is not None}
    with writing() as connection:
        known = welcoming.of_tenant(connection, tenant.id)
        if known is None and link is None:
            raise WrongUse("The welcome mail needs --link URL: where new members begin.")
        wanted = replace(known or Welcome(welcoming.SUBJECT, welcoming.TEXT, ""), **changed)
        welcoming.keep(connection, tenant.id, wanted, BY)
    plain = f"The welcome mail is set; look at it with: rollcall welcome show --tenant {tenant_slug}"
    say(asdict(wanted), as_json, plain)


@welcome.command()
@tenant_option
@with_appcontext
def off(tenant_slug: str) -> None:
    """Forget the mail; nobody gets one until it is set again."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        was_set = welcoming.remove(connection, tenant.id, BY)
    click.echo("New members get no welcome mail any more." if was_set else "No welcome mail was set.")


def _content(place: str) -> str:
    if place == "-":
        return sys.stdin.read()
    if not place.startswith("@"):
        raise WrongUse(f"--text {place[:40]!r} cannot be used; write @FILE, or - for stdin.")
    try:
        return Path(place[1:]).expanduser().read_text(encoding="utf-8-sig")
    except OSError as error:
        raise WrongUse(f"The file {place[1:]} cannot be read ({error.strerror}); check the path.") from None
    except UnicodeDecodeError:
        raise WrongUse(f"The file {place[1:]} is not UTF-8 text; save it as UTF-8.") from None
