"""``rollcall target sync``: push now, compare everything, or rehearse."""

from __future__ import annotations

import json
import sys
import time
from contextlib import nullcontext
from typing import Any

import click
from flask.cli import with_appcontext
from rich.console import Console

from app import directory
from app.access.tenants import Tenant
from app.cli.answers import json_option, tenant_named, tenant_option
from app.cli.plan import describe
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse
from app.provisioning import deliverer, plans, rehearsal, resync, targets
from app.provisioning.counts import NAMES, counts_of
from app.provisioning.errors import ProvisioningError
from app.provisioning.targets import Target

_PAUSE_BETWEEN = 0.25


@click.command()
@click.argument("name")
@tenant_option
@click.option("--full", is_flag=True, help="Compare everybody with the target and write every difference.")
@click.option(
    "--dry-run", is_flag=True, help="Store and show the plan; write nothing. `plan approve` applies it."
)
@click.option("--email", metavar="ADDRESS", help="Only the person with this work e-mail, changed or not.")
@click.option("--wait", is_flag=True, help="Stay until it is done, and do the work if no worker does.")
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=3600.0, metavar="SECONDS", help="How long to wait."
)
@json_option
@with_appcontext
def sync(
    name: str,
    tenant_slug: str,
    full: bool,
    dry_run: bool,
    email: str | None,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Push what is due to the target NAME.

    The last line of --json has the counters and the plan's number. Exit code 1 when somebody failed.
    """
    if full and email:
        raise WrongUse("--full and --email contradict each other: give one of them.")
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        target = targets.named(connection, tenant.id, name)
    people = _people(tenant, email)
    if dry_run:
        plan_id = rehearsal.rehearse(target, employee_ids=people, everybody=full or not target.first_synced)
        _show_plan(tenant, plan_id, as_json)
        return
    if not target.is_active:
        raise WrongUse(
            f"Target {name!r} is paused ({target.pause_reason}); `rollcall target resume {name}` first."
        )
    with writing() as connection:
        if full or not target.first_synced:
            plan_id = resync.request_full(connection, target, "full resync" if full else "first sync")
        else:
            plan_id = resync.request_due(connection, target, people)
    if wait:
        _wait(tenant, target, plan_id, time.monotonic() + timeout, quiet=as_json)
    _answer(tenant, plan_id, as_json, is_waited=wait)


def _people(tenant: Tenant, email: str | None) -> list[str] | None:
    if email is None:
        return None
    with reading() as connection:
        found = directory.ids_by_work_email(connection, tenant.id, email)
    if not found:
        raise NotFoundError(f"Nobody in this tenant has the work e-mail {email[:200]!r}.")
    return found


def _wait(tenant: Tenant, target: Target, plan_id: int, end: float, *, quiet: bool) -> None:
    """Drain until the sync is finished; workers that do the same only make it quicker."""
    shows = sys.stderr.isatty() and not quiet
    console = Console(stderr=True)
    with console.status(f"Syncing {target.name} …") if shows else nullcontext() as status:
        while True:
            deliverer.drain(tenant.id, target.id, deadline=end)
            with writing() as connection:
                plans.finish(connection, tenant.id, target.id)
                plan = plans.with_id(connection, tenant.id, plan_id)
                now = targets.named(connection, tenant.id, target.name)
            if plan.state == "applied":
                return
            if not now.is_active:
                raise ProvisioningError(f"Target {target.name!r} was paused: {now.pause_reason}")
            if time.monotonic() >= end:
                raise ProvisioningError(
                    f"Not finished in time; it goes on without this command (plan {plan_id})."
                )
            if status is not None:
                status.update(f"Syncing {target.name}: {_sentence(_counters(plan))}")
            time.sleep(_PAUSE_BETWEEN)


def _answer(tenant: Tenant, plan_id: int, as_json: bool, *, is_waited: bool) -> None:
    with reading() as connection:
        plan = plans.with_id(connection, tenant.id, plan_id)
    counters = _counters(plan)
    if as_json:
        click.echo(json.dumps(counters | {"plan": plan_id, "state": plan.state}))
    elif is_waited:
        click.echo(f"{_sentence(counters)} (plan {plan_id})")
    else:
        click.echo(f"Asked for; the next tick does it (plan {plan_id}).")
    if is_waited and counters["failed"]:
        sys.exit(1)


def _show_plan(tenant: Tenant, plan_id: int, as_json: bool) -> None:
    with reading() as connection:
        plan = plans.with_id(connection, tenant.id, plan_id)
        lines = plans.lines(connection, tenant.id, plan_id)
    if not as_json:
        click.echo("\n".join(describe(line) for line in lines) or "Nothing to do.")
        click.echo(
            f"{_sentence(_counters(plan))}\nNothing was written. `rollcall plan approve {plan_id}` applies it."
        )
        return
    for line in lines:
        click.echo(json.dumps(line, ensure_ascii=False))
    click.echo(json.dumps(_counters(plan) | {"plan": plan_id, "state": plan.state}))


def _counters(plan: Any) -> dict[str, int]:
    return counts_of(plan._mapping).to_json()


def _sentence(counters: dict[str, int]) -> str:
    return ", ".join(f"{counters[name]} {name}" for name in NAMES if counters[name]) or "nothing to do"
