"""``rollcall employee``: people of the directory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy import Connection

from app import directory
from app.cli.answers import json_option, say, tenant_named, tenant_option
from app.cli.explaining import say_link, say_told
from app.cli.finding import employee_named
from app.cli.pin import pin, unpin
from app.database import reading
from app.directory.documents import Forms, forms_of
from app.keeping import erasing
from app.provisioning import explain as explaining
from app.provisioning import origins, targets, timeline
from app.provisioning.origins import Origin
from app.sources.explaining import told_of


@click.group()
def employee() -> None:
    """People of the directory."""


for _command in (pin, unpin):
    employee.add_command(_command)


@employee.command()
@click.argument("who", metavar="EMAIL|USERNAME|ID")
@tenant_option
@click.option("--history", is_flag=True, help="What happened, here and at every target, newest first.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, metavar="N", help="With --history: so much at once."
)
@click.option("--before", metavar="PLACE", help="With --history: what was before; each page says its place.")
@click.option("--explain", is_flag=True, help="Who set each value, and what became of it at every target.")
@json_option
@with_appcontext
def show(
    who: str,
    tenant_slug: str,
    history: bool,
    limit: int,
    before: str | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Show one employee; with --history also one who was deleted, by id."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        gone = history and not directory.get(connection, tenant.id, who)
        is_gone = gone and bool(directory.revisions(connection, tenant.id, who))
        found = None if is_gone else employee_named(connection, tenant.id, who)
        employee_id = found.id if found else who
        answer: dict[str, Any] = {"id": employee_id, "document": None} if found is None else _members(found)
        if explain and found is not None:
            _explain(connection, tenant.id, found, answer)
        if history:
            _tell(connection, tenant.id, employee_id, answer, before, limit)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    if found is not None and before is None:
        _say_document(answer, forms_of(found.resource_type))
    for report in answer.get("targets", ()):
        click.echo("")
        say_link(report)
    if history:
        _say_history(answer)


def _members(found: directory.Resource) -> dict[str, Any]:
    return {
        "id": found.id,
        "version": found.version,
        "created": found.created_at,
        "lastModified": found.last_modified,
        "document": found.document,
    }


def _explain(
    connection: Connection, tenant_id: int, found: directory.Resource, answer: dict[str, Any]
) -> None:
    employee_id, document = found.id, found.document
    answer["owners"] = directory.owners(connection, tenant_id, employee_id)
    told = told_of(connection, tenant_id, employee_id, document, answer["owners"])
    answer["sources"] = {path: asdict(each) for path, each in told.items()}
    answer["origins"] = origins.to_json(origins.of(connection, tenant_id, employee_id))
    answer["targets"] = [
        explaining.link_report(connection, target, employee_id)
        for target in targets.listed(connection, tenant_id)
    ]


def _tell(
    connection: Connection,
    tenant_id: int,
    employee_id: str,
    answer: dict[str, Any],
    before: str | None,
    limit: int,
) -> None:
    page = timeline.of(connection, tenant_id, employee_id, before=before, limit=limit)
    answer["revisions"] = [e.details | {"at": e.at} for e in page.entries if e.kind == "revision"]
    answer["timeline"] = [asdict(entry) for entry in page.entries]
    answer["next"] = page.next
    if before is None:
        answer["standings"] = timeline.standings(connection, tenant_id, employee_id)


@employee.command()
@click.argument("employee_id", metavar="ID")
@tenant_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@with_appcontext
def erase(employee_id: str, tenant_slug: str, yes: bool, as_json: bool) -> None:
    """Erase every value of a present or deleted employee; ids and times stay. No target is told anything."""
    tenant = tenant_named(tenant_slug)
    if not yes:
        click.confirm(
            f"Every value of employee {employee_id} is erased for good, from history and plans too. Accounts at targets"
            " stay as they are. Go on?",
            abort=True,
        )
    done = erasing.erase(tenant.id, employee_id, directory.Actor("system", "cli"))
    answer = {
        "id": employee_id,
        "was_present": done.was_present,
        "revisions": done.revisions,
        "accounts": [asdict(account) for account in done.accounts],
        "records": [{"source": source, "record": record} for source, record in done.records],
        "swept": done.is_swept,
    }
    say(answer, as_json, "\n".join(_erased(employee_id, done)))


_SUSPENDS = {
    "done": "suspended there",
    "owed": "its suspend was owed before and is still sent",
    "no": "not suspended",
}


def _erased(employee_id: str, done: erasing.Erased) -> Iterator[str]:
    how = "deleted, then erased" if done.was_present else "erased"
    yield f"Employee {employee_id} is {how}: {done.revisions} revisions emptied. No target was told anything."
    if done.accounts:
        yield "Accounts that stay there, for you to remove:"
    for account in done.accounts:
        yield f"  {account.target}: {account.remote_id} ({_SUSPENDS[account.suspend]})"
    if done.records:
        yield "Records at sources, to be removed there: an import brings the person back when one changes."
    for source, record in done.records:
        yield f"  {source}: {record}"
    if not done.is_swept:
        yield "The database was busy: its file may still hold deleted bytes. Run this command again in a quiet moment."
    yield "Backups made before still hold the person."


def _say_document(answer: dict[str, Any], forms: Forms) -> None:
    known = answer.get("origins", {})
    click.echo(f"{answer['id']}  version {answer['version']}  last modified {answer['lastModified']}")
    values, told = directory.flatten(answer["document"]), answer.get("sources", {})
    for path in sorted({*values, *told}):
        shown = "•••" if forms.is_concealed(path) else _side(values.get(path))
        origin = origins.shown(Origin(path, **known[path])) if path in known else ""
        click.echo(f"  {path}: {shown}" + (f"   ← {origin}" if origin else ""))
        if path in told:
            say_told(told[path])


def _say_history(answer: dict[str, Any]) -> None:
    for standing in answer.get("standings", ()):
        click.echo(f"now       {standing['target']}: {standing['standing']} – {standing['says']}")
    for entry in answer["timeline"]:
        click.echo(f"{entry['at']}  {entry['about']}: {entry['says']}")
        for path, (before, after) in sorted(entry["details"].get("changes", {}).items()):
            click.echo(f"    {path}: {_side(before)} → {_side(after)}")
        after_plan, before_plan = entry["details"].get("after") or {}, entry["details"].get("before") or {}
        for name, value in after_plan.items():
            click.echo(f"    {name}: {_side(before_plan.get(name))} → {_side(value)}")
    if answer["next"] is not None:
        click.echo(f"There is more: --before '{answer['next']}'")


def _side(value: Any) -> str:
    return "–" if value is None else json.dumps(value, ensure_ascii=False)
