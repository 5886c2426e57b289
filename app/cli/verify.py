"""``rollcall verify``: the proof that nothing was lost, and that what is stored agrees."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy import Connection, text

from app import directory
from app.access import audit, tenants
from app.access.tenants import Tenant
from app.cli.answers import json_option, say_table
from app.database import is_sqlite, reading
from app.directory import agreement
from app.directory.agreement import Check
from app.errors import NotFoundError
from app.provisioning import balance, ledger, targets

Advance = Callable[[int], None]


@click.command()
@click.option("--tenant", "tenant_slug", metavar="SLUG", help="Only this tenant.")
@click.option("--employee", "employee_id", metavar="ID", help="What became of every change of one person.")
@json_option
@with_appcontext
def verify(tenant_slug: str | None, employee_id: str | None, as_json: bool) -> None:
    """Prove that nothing was lost, and that what is stored agrees.

    Every change is delivered, coalesced into a later one, held or pending, with its reason; links, plans, revisions,
    look-up tables, counters and the audit chain agree. Exits with 1 when something is wrong; each finding says the
    way out.
    """
    with _snapshot() as connection:
        found = tenants.listed(connection)
        if tenant_slug is not None:
            found = [tenants.named(connection, tenant_slug)]
        if employee_id is not None:
            sys.exit(_verify_person(connection, found, employee_id, as_json))
        with _progress(as_json) as show:
            rows = [row for tenant in found for row in _verified(connection, tenant, show)]
    if as_json:
        say_table(rows, True, (), "")
    else:
        columns = ("tenant", "target", "check", "state", "finding")
        say_table(rows, False, columns, "No tenants yet: nothing to verify.")
        _say_findings(rows)
    sys.exit(0 if all(row["state"] == "ok" for row in rows) else 1)


@contextmanager
def _snapshot() -> Iterator[Connection]:
    """Give a connection that sees one moment, whatever is written meanwhile; SQLite's readers do anyway."""
    with reading() as connection:
        if is_sqlite(connection):
            yield connection
            return
        connection.execute(text("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        try:
            yield connection
        finally:
            connection.execute(text("ROLLBACK"))


@contextmanager
def _progress(as_json: bool) -> Iterator[Callable[[str, int], Advance]]:
    """Give what shows a bar for a piece of work of so many people; nothing is shown where no terminal is attached."""
    if as_json or not sys.stderr.isatty():
        yield lambda _name, _total: lambda _number: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:

        def show(name: str, total: int) -> Advance:
            task = progress.add_task(name, total=total)
            return lambda number: progress.advance(task, number)

        yield show


def _verified(
    connection: Connection, tenant: Tenant, show: Callable[[str, int], Advance]
) -> Iterator[dict[str, Any]]:
    number = directory.total(connection, tenant.id)
    yield _row(tenant, None, _audit_chain(connection, tenant))
    for check in agreement.checked(connection, tenant.id, show(f"{tenant.slug}: directory", number)):
        yield _row(tenant, None, check)
    for target in targets.listed(connection, tenant.id):
        advance = show(f"{tenant.slug}: {target.name}", number)
        for check in balance.checked(connection, target, advance):
            yield _row(tenant, target.name, check)


def _audit_chain(connection: Connection, tenant: Tenant) -> Check:
    report, check = audit.verify(connection, tenant.id), Check("audit chain")
    check.figures = {"rows sealed": report.sealed, "waiting for the sealer": report.unsealed}
    for says in report.findings:
        way_out = "compare with a backup, and with the chain's heads in the log"
        check.find("audit_chain", tenant.slug, says, way_out)
    return check


def _row(tenant: Tenant, target: str | None, check: Check) -> dict[str, Any]:
    figures = ", ".join(f"{number} {name}" for name, number in check.figures.items() if number)
    return {
        "tenant": tenant.slug,
        "target": target,
        "check": check.name,
        "state": "ok" if check.is_well else "wrong",
        "finding": f"{check.wrong} wrong; {figures}" if check.wrong else figures or "nothing to check",
        "wrong": check.wrong,
        "figures": check.figures,
        "findings": [asdict(finding) for finding in check.findings],
    }


def _say_findings(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        where = " ".join(filter(None, (row["tenant"], row["target"], row["check"])))
        for finding in row["findings"]:
            click.echo(f"{where}: {finding['subject']}: {finding['says']} [{finding['code']}]")
            click.echo(f"    → {finding['way_out']}")
        left = row["wrong"] - len(row["findings"])
        if left:
            click.echo(f"{where}: and {left} more")


# --- one person --------------------------------------------------------------------------------------------------


def _verify_person(connection: Connection, found: list[Tenant], employee_id: str, as_json: bool) -> int:
    tenant = next((t for t in found if directory.revisions(connection, t.id, employee_id)), None)
    if tenant is None:
        raise NotFoundError(
            f"Nobody has, or had, the id {employee_id[:64]!r}; `rollcall employee show` finds it."
        )
    is_well = True
    for target in targets.listed(connection, tenant.id):
        how, entries = ledger.of(connection, target, employee_id)
        is_well = is_well and how.kind != "wrong"
        head = {"tenant": tenant.slug, "target": target.name, "employee": employee_id, **asdict(how)}
        rows = [asdict(entry) for entry in entries]
        if as_json:
            click.echo(json.dumps(head | {"changes": rows}, ensure_ascii=False))
            continue
        click.echo(f"{target.name}: {how.kind} – {how.says}")
        say_table(rows, False, ("number", "at", "kind", "actor", "run", "outcome", "says"), "No change.")
    return 0 if is_well else 1
