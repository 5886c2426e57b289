"""``rollcall source suggestions`` and ``confirm``: records that may be somebody who is known already."""

from __future__ import annotations

from dataclasses import asdict

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, say, say_table, tenant_named, tenant_option
from app.database import reading, writing
from app.errors import WrongUse
from app.sources import catalog
from app.sources import suggestions as suggesting

BY = "system:cli"
_COLUMNS = ("record_id", "employee_id", "state", "at", "decided_by", "decided_at")


@click.command()
@click.argument("name")
@tenant_option
@click.option("--all", "with_decided", is_flag=True, help="Also those that were decided.")
@json_option
@with_appcontext
def suggestions(name: str, tenant_slug: str, with_decided: bool, as_json: bool) -> None:
    """List the records of the source NAME that may be an employee who is known already."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        known = catalog.named(connection, tenant.id, name)
        found = suggesting.listed(connection, known, with_decided=with_decided)
    rows = [asdict(suggestion) for suggestion in found]
    say_table(rows, as_json, _COLUMNS, f"No record of {name} waits to be confirmed.")


@click.command()
@click.argument("name")
@click.argument("record_id", metavar="RECORD")
@tenant_option
@click.option("--same", is_flag=True, help="It is the suggested employee.")
@click.option("--other", is_flag=True, help="It is nobody who is known: add them.")
@click.option("--employee", "employee_id", metavar="ID", help="With --same: it is this employee.")
@click.option("--by", "person", metavar="WHO", help="Who decides: an e-mail address.")
@json_option
@with_appcontext
def confirm(
    name: str,
    record_id: str,
    tenant_slug: str,
    same: bool,
    other: bool,
    employee_id: str | None,
    person: str | None,
    as_json: bool,
) -> None:
    """Say whether RECORD of the source NAME is the suggested employee; its next import goes by it."""
    if same == other:
        raise WrongUse("Say either --same or --other.")
    tenant = tenant_named(tenant_slug)
    by = f"admin:{person}" if person else BY
    with writing() as connection:
        known = catalog.named(connection, tenant.id, name)
        found = suggesting.confirm(connection, known, record_id, is_same=same, by=by, employee_id=employee_id)
    word = f"is employee {found.employee_id}" if same else "is nobody who is known, and will be added"
    way = f"rollcall source import {name} --tenant {tenant_slug}"
    say(asdict(found), as_json, f"Record {record_id} {word}. It counts with: {way}")
