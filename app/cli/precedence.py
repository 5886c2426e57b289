"""``rollcall precedence``: whose word counts where several sources and clients write one field."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, say, say_table, tenant_named, tenant_option
from app.database import reading, writing
from app.sources import precedence as lists
from app.sources import pushing

BY = "system:cli"


@click.group()
def precedence() -> None:
    """Whose word counts where several sources and clients write one field."""


@precedence.command("set")
@click.argument("field")
@click.argument("writers", nargs=-1, required=True, metavar="WRITER…")
@tenant_option
@json_option
@with_appcontext
def set_list(field: str, writers: Sequence[str], tenant_slug: str, as_json: bool) -> None:
    """Let the word of each WRITER (source:NAME, client:NAME) for FIELD count more than that of those behind it.

    FIELD is a field of a mapping, such as title, or '*' for every field without a list of its own.
    """
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        name = lists.put(connection, tenant.id, field, writers, BY)
    heard_everywhere()
    plain = f"{name}: {', then '.join(writers)}. The next import of each source goes by it."
    say({"field": name, "writers": list(writers)}, as_json, plain)


@precedence.command()
@click.argument("field")
@tenant_option
@json_option
@with_appcontext
def remove(field: str, tenant_slug: str, as_json: bool) -> None:
    """Remove the list of FIELD; the values stay until somebody says something new."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        name = lists.take_away(connection, tenant.id, field, BY)
    heard_everywhere()
    say({"removed": name}, as_json, f"{name} has no list of its own any more.")


@precedence.command("list")
@tenant_option
@json_option
@with_appcontext
def show_lists(tenant_slug: str, as_json: bool) -> None:
    """Show the lists, the strongest writer first."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        found = lists.listed(connection, tenant.id)
    rows = [
        {"field": field, "writers": writers if as_json else ", then ".join(writers)}
        for field, writers in found.items()
    ]
    say_table(rows, as_json, ("field", "writers"), "No lists: of several writers the last one wins.")


def heard_everywhere() -> None:
    """Return when no process goes by the lists and pins that it knew before."""
    time.sleep(pushing.BELIEF_SECONDS)
