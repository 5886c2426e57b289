"""``rollcall schema``: resource types and extensions of a tenant's own."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, say, say_table, tenant_named, tenant_option
from app.database import reading, writing
from app.directory import schema_loading, schemas
from app.directory.listeners import Actor
from app.directory.schema_loading import Loaded
from app.errors import WrongUse
from scim.errors import InvalidSyntax
from scim.parse import parse_json

ACTOR = Actor("system", "cli")


@click.group()
def schema() -> None:
    """Resource types and extensions that a tenant loads from JSON documents (docs/schemas.md)."""


@schema.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(dir_okay=False, path_type=Path)
)
@tenant_option
@click.option("--dry-run", is_flag=True, help="Check the files and say what is new; load nothing.")
@json_option
@with_appcontext
def load(files: tuple[Path, ...], tenant_slug: str, dry_run: bool, as_json: bool) -> None:
    """Load schemas and resource types (RFC 7643 §7, §6) from JSON files, all of them or none.

    One of a URN or name that was loaded before replaces it. The command returns when every process knows what is new.
    """
    tenant, documents = tenant_named(tenant_slug), {str(file): _content(file) for file in files}
    if dry_run:
        with reading() as connection:
            loaded = schema_loading.rehearse(connection, tenant.id, documents)
    else:
        with writing() as connection:
            loaded = schema_loading.load(connection, tenant.id, ACTOR, documents)
        _wait_for_every_process()
    say({**asdict(loaded), "dry_run": dry_run}, as_json, _said(loaded, dry_run))


@schema.command("list")
@tenant_option
@json_option
@with_appcontext
def list_(tenant_slug: str, as_json: bool) -> None:
    """List what the tenant loaded."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        rows = [asdict(found) for found in schema_loading.listed(connection, tenant.id)]
    say_table(
        rows,
        as_json,
        ("kind", "name", "endpoint", "resources", "description"),
        f"Only the standard schemas; load more with: rollcall schema load FILE --tenant {tenant.slug}",
    )


@schema.command()
@click.argument("name", metavar="URN|NAME")
@tenant_option
@json_option
@with_appcontext
def show(name: str, tenant_slug: str, as_json: bool) -> None:
    """Print the document of a schema, loaded or standard, or of a loaded resource type."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        document = schema_loading.shown(connection, tenant.id, name)
    say(document, as_json, json.dumps(document, indent=2, ensure_ascii=False))


@schema.command()
@click.argument("name", metavar="URN|NAME")
@tenant_option
@json_option
@with_appcontext
def remove(name: str, tenant_slug: str, as_json: bool) -> None:
    """Take a loaded schema or resource type away; refused while resources need it."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        version = schema_loading.remove(connection, tenant.id, ACTOR, name)
    _wait_for_every_process()
    say({"removed": name, "version": version}, as_json, f"{name} is removed (schema version {version}).")


def _content(file: Path) -> Any:
    """Return the JSON value of a file; raises ``WrongUse`` that names it."""
    try:
        return parse_json(file.read_bytes())
    except OSError as error:
        raise WrongUse(f"{file}: {error.strerror}.") from error
    except InvalidSyntax as error:
        raise WrongUse(f"{file}: {error.detail.replace('The body', 'The file')}") from error


def _wait_for_every_process() -> None:
    """Return when no process goes by what it knew before."""
    time.sleep(schemas.BELIEF_SECONDS)


def _said(loaded: Loaded, dry_run: bool) -> str:
    new = [*loaded.schemas, *loaded.resource_types]
    if not new:
        return f"Nothing is new: version {loaded.version} has all of it already."
    if dry_run:
        return f"Would load {', '.join(new)}. Nothing was changed."
    return f"Loaded {', '.join(new)}. Every process knows it now (schema version {loaded.version})."
