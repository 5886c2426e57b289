"""``rollcall doctor`` looks at the installation, ``rollcall verify`` at what it holds."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import click
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app import directory
from app.access import audit, encryption, tenants
from app.cli.answers import json_option, say_table
from app.config import Settings
from app.database import db, reading
from app.errors import RollcallError
from app.migrations.upgrading import DIRECTORY


@click.command()
@json_option
@with_appcontext
def doctor(as_json: bool) -> None:
    """Check this installation: settings, database, schema, keys, folder. Exits with 1 when something is wrong."""
    rows = [_checked(name, check) for name, check in _CHECKS.items()]
    say_table(rows, as_json, ("check", "state", "finding"), "")
    sys.exit(0 if all(row["state"] == "ok" for row in rows) else 1)


def _checked(name: str, check: Callable[[], str]) -> dict[str, str]:
    try:
        return {"check": name, "state": "ok", "finding": check()}
    except (RollcallError, SQLAlchemyError, OSError) as error:
        return {"check": name, "state": "wrong", "finding": str(error).splitlines()[0]}


def _settings() -> Settings:
    found: Settings = current_app.extensions["rollcall.settings"]
    return found


def _check_folder() -> str:
    path = _settings().instance_path
    if not os.access(path, os.W_OK):
        raise RollcallError(f"{path} is not writable for this user; queue and keys live there.")
    return str(path)


def _check_database() -> str:
    with db.engine.connect() as connection:
        connection.execute(select(1))
    return db.engine.url.render_as_string(hide_password=True)


def _check_schema() -> str:
    config = Config()
    config.set_main_option("script_location", DIRECTORY)
    newest = ScriptDirectory.from_config(config).get_current_head()
    with db.engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present != newest:
        raise RollcallError(
            f"at revision {present or 'none'}, the newest is {newest}; run: rollcall db upgrade"
        )
    return f"revision {present}"


def _check_keys() -> str:
    sealed = encryption.seal(0, "doctor", b"probe")
    encryption.unseal(0, "doctor", sealed)
    return f"{len(encryption.key_ring().keys)} in the ring, {encryption.key_ring().current} seals"


def _check_public_url() -> str:
    url = _settings().public_url
    return url or "not set: sign-in and SCIM addresses work on loopback only (set ROLLCALL_PUBLIC_URL)"


_CHECKS: dict[str, Callable[[], str]] = {
    "instance folder": _check_folder,
    "database": _check_database,
    "schema": _check_schema,
    "key ring": _check_keys,
    "public address": _check_public_url,
}


@click.command()
@json_option
@with_appcontext
def verify(as_json: bool) -> None:
    """Prove that audit chain and counters agree with what is stored. Exits with 1 when they do not."""
    rows: list[dict[str, Any]] = []
    with reading() as connection:
        for tenant in tenants.listed(connection):
            report = audit.verify(connection, tenant.id)
            chain = (
                "; ".join(report.findings)
                or f"{report.sealed} rows sealed, {report.unsealed} waiting for the sealer"
            )
            rows.append(_verdict(tenant.slug, "audit chain", chain, is_well=not report.findings))
            for name, stored in directory.stored_totals(connection, tenant.id).items():
                counted = directory.total(connection, tenant.id, name)
                finding = f"{name}: {counted} counted, {stored} stored"
                rows.append(_verdict(tenant.slug, "counters", finding, is_well=counted == stored))
    say_table(rows, as_json, ("tenant", "check", "state", "finding"), "No tenants yet: nothing to verify.")
    sys.exit(0 if all(row["state"] == "ok" for row in rows) else 1)


def _verdict(tenant: str, check: str, finding: str, *, is_well: bool) -> dict[str, Any]:
    return {"tenant": tenant, "check": check, "state": "ok" if is_well else "wrong", "finding": finding}
