"""``rollcall backup`` and ``rollcall restore``: the whole installation in one file, and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import with_appcontext
from rich.console import Console

from app.cli.answers import json_option, say
from app.keeping.archive import opened
from app.keeping.backup import Made, Progress, make
from app.keeping.restore import Restored
from app.keeping.restore import restore as restore_from

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")


@click.command()
@_file
@click.option("--with-keys", is_flag=True, help="Put the key ring in too: the file then opens every secret.")
@json_option
@with_appcontext
def backup(file: Path, with_keys: bool, as_json: bool) -> None:
    """Write a backup to a new FILE while everything runs."""
    with _progress("backed up") as tell:
        made = make(file.absolute(), with_keys=with_keys, progress=tell)
    answer = {
        "file": str(file),
        "made_at": made.manifest.made_at,
        "revision": made.manifest.revision,
        "rows": sum(made.manifest.rows.values()),
        "tenants": made.manifest.tenants,
        "has_keys": made.manifest.has_keys,
        "needs_keys": {what: number for what, number in made.needs_keys if number},
    }
    say(answer, as_json, _plain(made))


def _plain(made: Made) -> str:
    manifest = made.manifest
    lines = [
        f"{made.path}: {sum(manifest.rows.values())} rows of {len(manifest.tenants)} tenants, as of {manifest.made_at}."
    ]
    sealed = [f"{what} ({number})" for what, number in made.needs_keys if number]
    if manifest.has_keys:
        lines.append(
            "The key ring is in it: whoever has the file reads every secret. Keep it as you keep the keys."
        )
    elif sealed:
        lines.append(
            f"Not to be opened without the key ring ({', '.join(manifest.keys)}): {'; '.join(sealed)}."
        )
        lines.append(
            "Keep the ring apart from it: keys/key_ring of the instance folder, or ROLLCALL_KEY_RING."
        )
    return "\n".join(lines)


@click.command()
@_file
@click.option("--replace", is_flag=True, help="Let the tenants go that the database holds.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@with_appcontext
def restore(file: Path, replace: bool, yes: bool, as_json: bool) -> None:
    """Restore a backup from FILE into an empty database; every target and source starts paused."""
    if replace and not yes:
        with opened(file) as archive:
            manifest = archive.manifest
        click.confirm(
            f"Everything in this database is deleted, then replaced by the backup of {manifest.made_at} "
            f"({', '.join(manifest.tenants)}). Are web, worker and scheduler stopped, and shall it go on?",
            abort=True,
        )
    with _progress("restored") as tell:
        done = restore_from(file, replace=replace, progress=tell)
    answer = {
        "made_at": done.manifest.made_at,
        "rows": sum(done.manifest.rows.values()),
        "tenants": done.manifest.tenants,
        "targets_paused": done.targets,
        "sources_paused": done.sources,
        "runs_ended": done.runs,
        "took_keys": done.took_keys,
    }
    say(answer, as_json, _told(done))


def _told(done: Restored) -> str:
    lines = [
        f"Restored {sum(done.manifest.rows.values())} rows of {', '.join(done.manifest.tenants) or 'no tenant'},"
        f" as of {done.manifest.made_at}.",
        f"Paused: {done.targets} targets, {done.sources} sources. Look at `rollcall target sync NAME --dry-run`,"
        " then `rollcall source resume NAME` and `rollcall target resume NAME`.",
    ]
    if done.runs:
        lines.append(f"{done.runs} imports were under way in the backup and are ended; import again.")
    if done.took_keys:
        lines.append(
            "The key ring was taken from the backup; the one before stays beside it (key_ring.before-restore-…)."
        )
    return "\n".join(lines)


@contextmanager
def _progress(done: str) -> Iterator[Progress]:
    """Give a function that shows on a terminal which table it is at."""
    if not sys.stderr.isatty():
        yield lambda _table, _rows: None
        return
    with Console(stderr=True).status("…") as status:
        yield lambda table, number: status.update(f"{table}: {number} rows {done}")
