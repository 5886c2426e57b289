"""``rollcall source``: connected systems that people come from."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import islice
from typing import Any

import click
from flask.cli import with_appcontext

from app import clock, registry
from app.cli.answers import json_option, say, say_table, tenant_named, tenant_option
from app.cli.run_log import counters, import_progress
from app.cli.source_options import secret_option, secrets_of, set_option, settings_of
from app.database import reading, writing
from app.errors import WrongUse
from app.sources import catalog, runner, runs
from app.sources.catalog import Draft, Source
from app.sources.errors import RowRefused
from app.sources.mapping import Mapping
from app.sources.records import SourceRecord
from app.sources.runs import Run

BY = "system:cli"


@click.group()
def source() -> None:
    """Sources: HR systems, applicant-tracking systems and files that people come from."""


@source.command()
@click.argument("kind")
@tenant_option
@click.option("--name", required=True, help="What the source is called.")
@set_option
@secret_option
@json_option
@with_appcontext
def add(
    kind: str,
    tenant_slug: str,
    name: str,
    pairs: Sequence[str],
    secret_pairs: Sequence[str],
    as_json: bool,
) -> None:
    """Add a source of KIND (csv, jazzhr, …).

    \b
    A file:   --set path=FILE --set mapping=@FILE.toml | --set mapping=guess
              [--set delimiter=;] [--set encoding=latin-1] [--set header_row=3]
    JazzHR:   --secret api_key=- [--set include_salary=yes]
    All:      [--set work_email='{given}.{family}@example.com'] [--set interval=1h]
    """
    tenant = tenant_named(tenant_slug)
    registry.source_adapter(kind)
    draft = catalog.drafted(kind, name, settings_of(pairs), secrets_of(secret_pairs))
    with writing() as connection:
        added = catalog.add(connection, tenant.id, draft, BY)
    _say_drafted(draft, _shown(added), tenant_slug, as_json, "added")


@source.command("set")
@click.argument("name")
@tenant_option
@set_option
@secret_option
@json_option
@with_appcontext
def set_source(
    name: str, tenant_slug: str, pairs: Sequence[str], secret_pairs: Sequence[str], as_json: bool
) -> None:
    """Change settings and secrets of the source NAME; KEY= takes a setting back."""
    tenant = tenant_named(tenant_slug)
    if not pairs and not secret_pairs:
        raise WrongUse("Nothing to change: give --set KEY=VALUE or --secret KEY=VALUE.")
    with reading() as connection:
        known = catalog.named(connection, tenant.id, name)
    draft = catalog.redrafted(known, settings_of(pairs), secrets_of(secret_pairs))
    with writing() as connection:
        changed = catalog.change(connection, tenant.id, draft, BY)
    _say_drafted(draft, _shown(changed), tenant_slug, as_json, "changed")


@source.command("import")
@click.argument("name")
@tenant_option
@click.option("--dry-run", is_flag=True, help="Count what would be done, and change nobody.")
@json_option
@with_appcontext
def import_source(name: str, tenant_slug: str, dry_run: bool, as_json: bool) -> None:
    """Import people from the source NAME and wait for the end."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        known = catalog.named(connection, tenant.id, name)
    with import_progress() if sys.stderr.isatty() else nullcontext() as progress:
        run = runner.import_now(known, dry_run=dry_run, requested_by=BY, progress=progress)
    with reading() as connection:
        problems = runs.count_errors(connection, tenant.id, run.id)
    _say_imported(run, name, tenant_slug, problems, as_json)
    if run.state != "finished":
        sys.exit(1)


def _say_imported(run: Run, name: str, tenant_slug: str, problems: int, as_json: bool) -> None:
    """Print the counters last on stdout; everything else that a person should know goes before them or to stderr."""
    if run.state != "finished":
        click.echo(
            f"rollcall: run {run.id} of {name} {run.state}: {run.message or 'nothing more is known'}",
            err=True,
        )
    if problems:
        lines = "1 line" if problems == 1 else f"{problems} lines"
        way = f"rollcall run-log errors {run.id} --tenant {tenant_slug} --output errors.csv"
        click.echo(f"The error file of run {run.id} has {lines}: {way}", err=True)
    word = "Dry run" if run.dry_run else "Run"
    say({**run.counts.as_dict(), "run": run.id}, as_json, f"{word} {run.id} of {name}: {counters(run)}.")


@source.command("list")
@tenant_option
@json_option
@with_appcontext
def list_sources(tenant_slug: str, as_json: bool) -> None:
    """List the sources of a tenant."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        rows = [
            {**_shown(known), "last_run": _last_run(runs.listed(connection, tenant.id, known.id, 1))}
            for known in catalog.listed(connection, tenant.id)
        ]
    columns = ("name", "kind", "state", "interval", "work_email", "last_run")
    say_table(
        rows,
        as_json,
        columns,
        "No sources yet; add one with: rollcall source add KIND --tenant SLUG --name NAME",
    )


@source.command()
@click.argument("name")
@tenant_option
@json_option
@with_appcontext
def show(name: str, tenant_slug: str, as_json: bool) -> None:
    """Show the source NAME with its mapping; secrets are named, never shown."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        known = catalog.named(connection, tenant.id, name)
        last = _last_run(runs.listed(connection, tenant.id, known.id, 1))
    answer = {**_shown(known), "last_run": last, "mapping": known.mapping}
    plain = [f"{key}: {value}" for key, value in answer.items() if key not in ("mapping", "settings")]
    plain += [f"  {key} = {value}" for key, value in known.settings.items()]
    say(answer, as_json, "\n".join([*plain, "", known.mapping]))


@source.command()
@click.argument("name")
@tenant_option
@json_option
@with_appcontext
def check(name: str, tenant_slug: str, as_json: bool) -> None:
    """Look whether the source NAME can be read; changes nothing."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        known = catalog.named(connection, tenant.id, name)
    findings = known.adapter().check(runner.context_of(known))
    for finding in findings:
        value = {"check": finding.name, "ok": finding.ok, "message": finding.message}
        say(value, as_json, f"{'ok  ' if finding.ok else 'FAIL'} {finding.name}: {finding.message}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)


@source.command()
@click.argument("name")
@tenant_option
@click.option(
    "--rows", default=5, show_default=True, type=click.IntRange(1, 1000), help="How many rows to show."
)
@json_option
@with_appcontext
def preview(name: str, tenant_slug: str, rows: int, as_json: bool) -> None:
    """Show what the first rows of the source NAME become; changes nothing."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        known = catalog.named(connection, tenant.id, name)
    context = runner.context_of(known)
    mapping = known.compiled_mapping(context)
    records = (record for page in known.adapter().read(context, None) for record in page.records)
    for record in islice(records, rows):
        shown = _previewed(mapping, record)
        lines = [f"row {shown['row']}  " + ("left out" if shown["left_out"] else f"record {shown['record']}")]
        lines += [
            f"  {field} = {json.dumps(value, ensure_ascii=False)}" for field, value in shown["fields"].items()
        ]
        lines += [f"  {problem['code']}: {problem['reason']}" for problem in shown["problems"]]
        say(shown, as_json, "\n".join(lines))


def _previewed(mapping: Mapping, record: SourceRecord) -> dict[str, Any]:
    record_id, values, problems = "", {}, [record.problem] if record.problem else []
    is_wanted = bool(problems) or mapping.wants(record.values)
    try:
        if is_wanted and not problems:
            record_id = mapping.record_id(record.values)
            mapped = mapping.apply(record_id, record.values, mapping.today(clock.utcnow()))
            values, problems = mapped.values, list(mapped.problems)
    except RowRefused as refusal:
        problems = list(refusal.problems)
    shown = {n: v if mapping.targets[n].quotable or v is None else "•••" for n, v in values.items()}
    found = [{"column": p.column, "code": p.code, "reason": p.reason} for p in problems]
    return {
        "row": record.number,
        "record": record_id,
        "left_out": not is_wanted,
        "fields": shown,
        "problems": found,
    }


@source.command()
@click.argument("name")
@tenant_option
@with_appcontext
def pause(name: str, tenant_slug: str) -> None:
    """Stop the scheduled imports of the source NAME; imports on request go on."""
    _set_state(name, tenant_slug, "paused", "is paused; `rollcall source resume` starts its schedule again")


@source.command()
@click.argument("name")
@tenant_option
@with_appcontext
def resume(name: str, tenant_slug: str) -> None:
    """Start the scheduled imports of the source NAME again."""
    _set_state(name, tenant_slug, "active", "is active")


def _set_state(name: str, tenant_slug: str, state: str, words: str) -> None:
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        catalog.set_state(connection, tenant.id, name, state, BY)
    click.echo(f"Source {name} {words}.")


@source.command()
@click.argument("name")
@tenant_option
@with_appcontext
def remove(name: str, tenant_slug: str) -> None:
    """Remove the source NAME, its records and runs; the people that it brought stay."""
    tenant = tenant_named(tenant_slug)
    with writing() as connection:
        catalog.remove(connection, tenant.id, name, BY)
    click.echo(f"Source {name} is removed; the people that it brought stay.")


def _say_drafted(draft: Draft, shown: dict[str, Any], tenant_slug: str, as_json: bool, word: str) -> None:
    if draft.was_guessed and not as_json:
        click.echo(draft.mapping)
    answer = {**shown, "mapping": draft.mapping} if draft.was_guessed else shown
    way = f"rollcall source import {draft.name} --tenant {tenant_slug} --dry-run"
    say(answer, as_json, f"Source {draft.name} {word}; try it with: {way}")


def _shown(known: Source) -> dict[str, Any]:
    return {
        "name": known.name,
        "kind": known.kind,
        "state": known.state,
        "interval": known.interval,
        "work_email": known.work_email,
        "settings": known.settings,
        "secrets": sorted(known.secrets),
        "next_run_at": known.next_run_at,
    }


def _last_run(newest: Sequence[Run]) -> str | None:
    return f"{newest[0].id} {newest[0].state}" if newest else None
