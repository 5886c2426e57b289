"""``rollcall target drift``: what a target holds that the directory does not say. It only reads."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO, Any

import click
from flask.cli import with_appcontext
from rich.console import Console

from app import directory
from app.cli.answers import json_option, say_table, tenant_named, tenant_option
from app.database import reading
from app.errors import WrongUse
from app.provisioning import drift as drifting
from app.provisioning import targets
from app.provisioning.drift import KINDS, Finding, Report
from app.sources.error_file import neutral

_HEADER = ("kind", "who", "employee", "remote_id", "field", "here", "there", "note", "pending")


@click.command()
@click.argument("name")
@tenant_option
@click.option(
    "--first", type=click.IntRange(min=0), default=20, metavar="N", help="Show so many of each kind."
)
@click.option("--csv", "file", metavar="FILE", help="Write every finding to this file.")
@json_option
@with_appcontext
def drift(name: str, tenant_slug: str, first: int, file: str | None, as_json: bool) -> None:
    """Compare the target NAME with the directory and report the differences; nothing is written anywhere.

    Exit code 1 when something differs, or when the list of accounts could not be read to its end.
    """
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        target = targets.named(connection, tenant.id, name)
        expected = directory.total(connection, tenant.id)
    with _sink(file) as sink, _progress(name, expected, as_json) as advance:
        report = drifting.report(target, sink, first=first, advance=advance)
    if as_json:
        click.echo(json.dumps(_shown(report), ensure_ascii=False))
    else:
        _say(report, file)
    sys.exit(0 if report.is_clean else 1)


def _shown(report: Report) -> dict[str, Any]:
    whole = asdict(report)
    return {
        "target": report.target,
        "read_at": report.read_at,
        "complete": report.is_complete,
        "why": report.why,
        "accounts": report.accounts,
        "linked": report.linked,
        "counts": report.counts,
        "findings": whole["first"],
    }


def _say(report: Report, file: str | None) -> None:
    click.echo(f"{report.target}: {report.accounts} accounts read, {report.linked} of them linked.")
    if not report.is_complete:
        click.echo(
            f"The list is not complete ({report.why}): nothing is concluded from accounts that it lacks."
        )
    kinds = [
        {"number": number, "kind": kind, "meaning": KINDS[kind]}
        for kind, number in report.counts.items()
        if number
    ]
    say_table(kinds, False, ("number", "kind", "meaning"), "Nothing differs.")
    if report.first:
        click.echo("")
        rows = [_row(finding) for finding in report.first]
        say_table(rows, False, ("kind", "who", "field", "here", "there", "remote_id", "note"), "")
    if file is not None:
        click.echo(f"{sum(report.counts.values())} lines written to {file}.")


def _row(finding: Finding) -> dict[str, Any]:
    note = "; ".join(filter(None, (finding.note, "a push is due" if finding.pending else None)))
    return asdict(finding) | {"who": finding.label, "note": note}


@contextmanager
def _sink(file: str | None) -> Iterator[Callable[[Finding], None]]:
    """Give what takes every finding: a line of the file, or nothing. Raises ``WrongUse``."""
    if file is None:
        yield lambda _finding: None
        return
    try:
        opened: IO[str] = open(file, "w", encoding="utf-8-sig", newline="")  # noqa: SIM115
    except OSError as error:
        raise WrongUse(f"{file} cannot be written ({error.strerror}); choose another place.") from None
    with opened:
        writer = csv.writer(opened, lineterminator="\r\n")
        writer.writerow(_HEADER)

        def write(finding: Finding) -> None:
            row = asdict(finding) | {"who": finding.label}
            writer.writerow([neutral("" if row[n] is None else str(row[n])) for n in _HEADER])

        yield write


@contextmanager
def _progress(name: str, expected: int, as_json: bool) -> Iterator[Callable[[int], None]]:
    """Give what counts accounts where a terminal is attached; how many there are is known at the end only."""
    if as_json or not sys.stderr.isatty():
        yield lambda _number: None
        return
    read = 0
    with Console(stderr=True).status(f"Reading {name} …") as status:

        def advance(number: int) -> None:
            nonlocal read
            read += number
            status.update(f"Reading {name}: {read} accounts ({expected} employees) …")

        yield advance
