"""``rollcall run-log``: the imports that were, and the one that is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.cli.answers import json_option, say, say_table, tenant_named, tenant_option
from app.database import reading, writing
from app.errors import WrongUse
from app.sources import catalog, retrying, row_errors, runs
from app.sources.error_file import write_error_file
from app.sources.runs import Run

BY = "system:cli"


def counters(run: Run) -> str:
    """Return the six counters as one line."""
    return ", ".join(f"{name} {number}" for name, number in run.counts.as_dict().items())


@contextmanager
def import_progress() -> Iterator[Callable[[Run], None]]:
    """Give a function that shows a run's progress on the terminal (stderr) while the context lasts."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def show(run: Run) -> None:
            done = run.counts.total
            known_total = run.staged if run.phase != "reading" else None
            words = f"reading, {run.staged} rows" if run.phase == "reading" else counters(run)
            bar.update(task, description=words, completed=done, total=known_total)

        yield show


@contextmanager
def progress_shown(as_json: bool) -> Iterator[Callable[[Run], None] | None]:
    """Give what shows progress: a bar in a terminal, a line of JSON whenever something has changed with ``--json``."""
    if not as_json:
        with import_progress() if sys.stderr.isatty() else nullcontext() as progress:
            yield progress
        return
    last: dict[str, Any] = {}

    def tell(run: Run) -> None:
        line = {"run": run.id, "phase": run.phase, "read": run.staged, **run.counts.as_dict()}
        if line != last and not run.has_ended:
            last.update(line)
            say(line, True, "")

    yield tell


@click.group("run-log")
def run_log() -> None:
    """Import runs: what was added, updated, deleted, skipped and errored."""


@run_log.command("list")
@tenant_option
@click.option("--source", "source_name", metavar="NAME", help="Only the runs of this source.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@json_option
@with_appcontext
def list_runs(tenant_slug: str, source_name: str | None, limit: int, as_json: bool) -> None:
    """List the newest runs."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        names = {known.id: known.name for known in catalog.listed(connection, tenant.id)}
        wanted = catalog.named(connection, tenant.id, source_name).id if source_name else None
        rows = [_shown(run, names) for run in runs.listed(connection, tenant.id, wanted, limit)]
    columns = ("run", "source", "state", "dry_run", *runs_columns(), "started_at")
    say_table(
        rows, as_json, columns, "No runs yet; start one with: rollcall source import NAME --tenant SLUG"
    )


def runs_columns() -> tuple[str, ...]:
    """Return the names of the six counters in their order."""
    return ("added", "updated", "deleted", "skipped", "errored", "total")


@run_log.command()
@click.argument("run_id", metavar="RUN", type=int)
@tenant_option
@json_option
@with_appcontext
def show(run_id: int, tenant_slug: str, as_json: bool) -> None:
    """Show one run."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        names = {known.id: known.name for known in catalog.listed(connection, tenant.id)}
        run = runs.get(connection, tenant.id, run_id)
        answer = {**_shown(run, names), "error_lines": row_errors.count(connection, tenant.id, run_id)}
    say(
        answer,
        as_json,
        "\n".join(f"{key}: {'' if value is None else value}" for key, value in answer.items()),
    )


@run_log.command()
@click.argument("run_id", metavar="RUN", type=int)
@tenant_option
@click.option("--output", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option("--only", type=click.Choice(row_errors.SEVERITIES), help="Errors or warnings only; else both.")
@with_appcontext
def errors(run_id: int, tenant_slug: str, output: str | None, only: str | None) -> None:
    """Write the error file of a run: a CSV with row, column, code, reason, record id, severity."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        runs.get(connection, tenant.id, run_id)
        lines = row_errors.lines(connection, tenant.id, run_id, (only,) if only else row_errors.SEVERITIES)
        if output is None:
            write_error_file(lines, sys.stdout)
            return
        try:
            with open(output, "w", encoding="utf-8-sig", newline="") as file:
                count = write_error_file(lines, file)
        except OSError as error:
            raise WrongUse(f"{output} cannot be written ({error.strerror}); choose another place.") from None
    click.echo(f"{count} lines written to {output}.")


@run_log.command()
@click.argument("run_id", metavar="RUN", type=int)
@tenant_option
@json_option
@with_appcontext
def cancel(run_id: int, tenant_slug: str, as_json: bool) -> None:
    """Cancel a run that is under way; what it has applied stays."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        run = runs.cancel(connection, tenant.id, run_id, BY)
    say(
        {**run.counts.as_dict(), "run": run.id},
        as_json,
        f"Run {run.id} is cancelled; until then: {counters(run)}.",
    )


@run_log.command()
@click.argument("run_id", metavar="RUN", type=int)
@tenant_option
@with_appcontext
def approve(run_id: int, tenant_slug: str) -> None:
    """Let a held run go on; a worker takes it, or the next `source import` of its source."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        run = runs.approve(connection, tenant.id, run_id, BY)
    click.echo(f"Run {run.id} is approved and goes on.")


@run_log.command()
@click.argument("run_id", metavar="RUN", type=int)
@tenant_option
@json_option
@with_appcontext
def retry(run_id: int, tenant_slug: str, as_json: bool) -> None:
    """Try the records again that run RUN could not take, only those, and wait for the end."""
    from app.cli.source import import_and_say

    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        known, choice = retrying.what_again(connection, tenant.id, run_id)
    import_and_say(known, tenant_slug, as_json, **choice)


def _shown(run: Run, names: dict[int, str]) -> dict[str, Any]:
    return {
        "run": run.id,
        "source": names.get(run.source_id),
        "state": run.state,
        "trigger": run.trigger,
        "is_full": run.is_full,
        "approved_by": run.approved_by,
        "phase": run.phase,
        "dry_run": run.dry_run,
        **run.counts.as_dict(),
        "read": run.staged,
        "complete": run.complete,
        "message": run.message,
        "requested_by": run.requested_by,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }
