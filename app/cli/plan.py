"""``rollcall plan``: what syncs did, would do, or wait for an admin to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy import Connection

from app import directory
from app.cli.answers import json_option, say, say_table, tenant_named, tenant_option
from app.database import reading, writing
from app.errors import NotFoundError
from app.provisioning import approvals, explain, plans, targets, undo

ACTOR = "system:cli"


@click.group()
def plan() -> None:
    """Plans: dry runs, syncs, and operations that wait for approval."""


@plan.command("list")
@tenant_option
@click.option("--target", "target_name", metavar="NAME", help="Only the plans of this target.")
@json_option
@with_appcontext
def list_(tenant_slug: str, target_name: str | None, as_json: bool) -> None:
    """The newest plans."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        names = {target.id: target.name for target in targets.listed(connection, tenant.id)}
        only = targets.named(connection, tenant.id, target_name).id if target_name else None
        found = plans.listed(connection, tenant.id, only)
    rows = [{"target": names[row.target_id], **explain.plan_report(row)} for row in found]
    say_table(
        rows, as_json, ("id", "target", "kind", "state", "created_at", "reason"), "There is no plan yet."
    )


@plan.command()
@click.argument("number", type=int)
@tenant_option
@json_option
@with_appcontext
def show(number: int, tenant_slug: str, as_json: bool) -> None:
    """Every operation of a plan, with the requests byte for byte (--json)."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        report = dict(explain.plan_report(plans.with_id(connection, tenant.id, number)))
        lines = plans.lines(connection, tenant.id, number)
    if as_json:
        click.echo(json.dumps(report | {"operations": [dict(line) for line in lines]}, ensure_ascii=False))
        return
    click.echo(f"plan {number}: {report['kind']}, {report['state']} – {report['reason']}")
    for line in lines:
        click.echo(describe(line))


only_option = click.option(
    "--email",
    "emails",
    metavar="ADDRESS",
    multiple=True,
    help="Only the lines of these people; may be repeated.",
)


@plan.command()
@click.argument("number", type=int)
@tenant_option
@only_option
@json_option
@with_appcontext
def approve(number: int, tenant_slug: str, emails: tuple[str, ...], as_json: bool) -> None:
    """Have a plan applied exactly as it was shown; who changed since is refused by name."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        chosen = _people(connection, tenant.id, emails)
        released = approvals.approve(connection, tenant.id, number, ACTOR, employees=chosen)
        row = plans.with_id(connection, tenant.id, number)
        target = targets.with_id(connection, tenant.id, row.target_id)
    answer = {"plan": number, "state": row.state, "operations": released}
    note = "" if target is None or target.is_active else f" Target {target.name!r} is paused: resume it."
    say(answer, as_json, f"Plan {number} approved: {released} operations, sent with the next tick.{note}")


@plan.command()
@click.argument("number", type=int)
@tenant_option
@only_option
@json_option
@with_appcontext
def discard(number: int, tenant_slug: str, emails: tuple[str, ...], as_json: bool) -> None:
    """Put a plan away; nothing of it is sent."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        chosen = _people(connection, tenant.id, emails)
        put_away = approvals.discard(connection, tenant.id, number, ACTOR, employees=chosen)
        state = plans.with_id(connection, tenant.id, number).state
    answer = {"plan": number, "state": state, "operations": put_away}
    say(answer, as_json, f"Plan {number}: {put_away} operations discarded; it is {state}.")


@plan.command("undo")
@click.argument("number", type=int)
@tenant_option
@json_option
@with_appcontext
def undo_(number: int, tenant_slug: str, as_json: bool) -> None:
    """Draft the plan that gives back what a plan changed; `plan approve` applies it."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        row = plans.with_id(connection, tenant.id, number)
        target = targets.with_id(connection, tenant.id, row.target_id)
    assert target is not None
    inverse = undo.plan_inverse(target, number)
    with reading() as connection:
        lines = plans.lines(connection, tenant.id, inverse)
    if as_json:
        click.echo(json.dumps({"plan": inverse, "undoes": number, "operations": lines}, ensure_ascii=False))
        return
    for line in lines:
        click.echo(describe(line))
    click.echo(f"Nothing was written. `rollcall plan approve {inverse}` applies it.")


def _people(connection: Connection, tenant_id: int, emails: tuple[str, ...]) -> list[str] | None:
    """The employees with these work e-mails; None when none is named, which means everybody."""
    found: list[str] = []
    for email in emails:
        ids = directory.ids_by_work_email(connection, tenant_id, email)
        if not ids:
            raise NotFoundError(f"Nobody in this tenant has the work e-mail {email[:200]!r}.")
        found += ids
    return found or None


def describe(line: Mapping[str, Any]) -> str:
    """One operation in a line or a few: whom, what, before and after, why, and what became of it."""
    head = f"  {line['kind']:<8} {line['label']}: {line['reason'] or ''}"
    if line["refusal"]:
        head += f" – refused: {line['refusal']}"
    elif line["state"] != "planned":
        head += f" – {line['state']}"
    if line["irreversible"] and line["state"] in plans.OPEN:
        head += f" ({line['irreversible']})"
    changes = [
        f"           {name}: {_shown(line['before'].get(name))} → {_shown(value)}"
        for name, value in line["after"].items()
    ]
    return "\n".join([head, *changes])


def _shown(value: Any) -> str:
    return "–" if value is None else json.dumps(value, ensure_ascii=False)
