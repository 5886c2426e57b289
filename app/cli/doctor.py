"""``rollcall doctor`` looks at the installation; what it holds is looked at by ``rollcall verify`` (verify.py)."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from app.cli import checks
from app.cli.answers import json_option, say_table


@click.command()
@json_option
@with_appcontext
def doctor(as_json: bool) -> None:
    """Check this installation: settings, database, schema, keys, folder. Exits with 1 when something is wrong."""
    rows = list(checks.run())
    say_table(rows, as_json, ("check", "state", "finding", "way_out"), "")
    sys.exit(1 if any(row["state"] == checks.WRONG for row in rows) else 0)
