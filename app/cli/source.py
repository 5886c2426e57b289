"""``rollcall source``: connected systems that people come from."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click
from flask.cli import with_appcontext

from app import registry
from app.cli.answers import json_option, say, say_table, tenant_named, tenant_option
from app.cli.run_log import counters, progress_shown
from app.cli.source_export import export
from app.cli.source_life import check, consent_to, disconnect, pause, publish, remove, resume
from app.cli.source_options import secret_option, secrets_of, set_option, settings_of
from app.cli.source_suggestions import confirm, suggestions
from app.cli.source_webhook import webhook
from app.database import reading, writing
from app.errors import WrongUse
from app.sources import catalog, drafts, life, previewing, row_errors, runner, runs
from app.sources.catalog import Source
from app.sources.drafts import Draft
from app.sources.runs import Run

BY = "system:cli"


@click.group()
def source() -> None:
    """Sources: HR systems, applicant-tracking systems and files that people come from."""


_COMMANDS = (
    check,
    confirm,
    consent_to,
    disconnect,
    export,
    pause,
    publish,
    remove,
    resume,
    suggestions,
    webhook,
)
for _command in _COMMANDS:
    source.add_command(_command)


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
    BambooHR: --set subdomain=your-company --secret api_key=-
    JazzHR:   --secret api_key=- [--set include_salary=yes]
    intelliHR: --set subdomain=your-company --secret api_key=- [--set upcoming_staff=active]
    All:      [--set work_email='{given}.{family}@example.com'] [--set schedule=1h] [--set report_to=YOU@EXAMPLE.COM]

    A vendor's source is a draft until it is consented to and published (`source consent`, `check`, `publish`).
    """
    tenant = tenant_named(tenant_slug)
    registry.source_adapter(kind)
    draft = drafts.drafted(kind, name, settings_of(pairs), secrets_of(secret_pairs))
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
    secrets = secrets_of(secret_pairs)
    draft = drafts.redrafted(known, settings_of(pairs), secrets)
    with writing() as connection:
        changed = catalog.change(connection, tenant.id, draft, BY)
        if secrets:
            changed = life.link_again(connection, changed, BY)
    _say_drafted(draft, _shown(changed), tenant_slug, as_json, "changed")


@source.command("import")
@click.argument("name")
@tenant_option
@click.option("--dry-run", is_flag=True, help="Count what would be done, and change nobody.")
@click.option("--full", is_flag=True, help="Read everything again, not only what is new.")
@json_option
@with_appcontext
def import_source(name: str, tenant_slug: str, dry_run: bool, full: bool, as_json: bool) -> None:
    """Import people from the source NAME and wait for the end."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        known = catalog.named(connection, tenant.id, name)
    import_and_say(known, tenant_slug, as_json, dry_run=dry_run, is_full=full)


def import_and_say(known: Source, tenant_slug: str, as_json: bool, **choice: Any) -> None:
    """Import, wait for the end and say what came of it; exit with 1 unless it finished. ``choice``: `import_now`."""
    with progress_shown(as_json) as progress:
        run = runner.import_now(known, requested_by=BY, progress=progress, **choice)
    with reading() as connection:
        problems = row_errors.count(connection, known.tenant_id, run.id)
    _say_imported(run, known.name, tenant_slug, problems, as_json)
    if run.state != "finished":
        sys.exit(1)


def _say_imported(run: Run, name: str, tenant_slug: str, problems: int, as_json: bool) -> None:
    """Print the counters last on stdout; everything else that a person should know goes before them or to stderr."""
    if run.state != "finished":
        click.echo(
            f"rollcall: run {run.id} of {name} {run.state}: {run.message or 'nothing more is known'}",
            err=True,
        )
    if run.state == "held":
        way = f"rollcall run-log approve {run.id} --tenant {tenant_slug}"
        click.echo(f"Nobody has been changed. To let it go on: {way}", err=True)
    if problems:
        lines = "1 line" if problems == 1 else f"{problems} lines"
        way = f"rollcall run-log errors {run.id} --tenant {tenant_slug} --output errors.csv"
        click.echo(f"The error file of run {run.id} has {lines}: {way}", err=True)
    if run.dry_run and run.state == "finished" and run.message:
        click.echo(run.message, err=True)
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
    columns = ("name", "kind", "state", "schedule", "work_email", "last_run")
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
    for shown in previewing.previewed(known, runner.context_of(known), rows):
        lines = [f"row {shown['row']}  " + ("left out" if shown["left_out"] else f"record {shown['record']}")]
        lines += [
            f"  {field} = {json.dumps(value, ensure_ascii=False)}" for field, value in shown["fields"].items()
        ]
        lines += [f"  {problem['code']}: {problem['reason']}" for problem in shown["problems"]]
        say(shown, as_json, "\n".join(lines))


def _say_drafted(draft: Draft, shown: dict[str, Any], tenant_slug: str, as_json: bool, word: str) -> None:
    if draft.was_guessed and not as_json:
        click.echo(draft.mapping)
    answer = {**shown, "mapping": draft.mapping} if draft.was_guessed else shown
    step = "consent" if shown["state"] == "draft" else "import"
    way = f"rollcall source {step} {draft.name} --tenant {tenant_slug}" + (
        " --dry-run" if step == "import" else ""
    )
    say(answer, as_json, f"Source {draft.name} {word}; {_NEXT[step]}: {way}")


_NEXT = {"consent": "a draft until it is consented to and published", "import": "try it with"}


def _shown(known: Source) -> dict[str, Any]:
    return {
        "name": known.name,
        "kind": known.kind,
        "state": known.state,
        "schedule": str(known.schedule),
        "report_to": known.report_to,
        "work_email": known.work_email,
        "settings": known.settings,
        "secrets": sorted(known.secrets),
        "next_run_at": known.next_run_at,
    }


def _last_run(newest: Sequence[Run]) -> str | None:
    return f"{newest[0].id} {newest[0].state}" if newest else None
