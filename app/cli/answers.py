"""How commands answer: JSON or plain lines on stdout, errors as one line on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from app.access import tenants
from app.access.tenants import Tenant
from app.database import reading
from app.errors import RollcallError, SettingsError, WrongUse
from scim.errors import ScimError

tenant_option = click.option(
    "--tenant", "tenant_slug", required=True, metavar="SLUG", help="The tenant to work in."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for scripts.")


class LazyGroup(click.Group):
    """A group that imports the command that is called, and turns refusals into one clear line and an exit code.

    :param table: command → (module of ``package`` that has it under its name, its short help).
    """

    def __init__(
        self, *args: Any, package: str, table: Mapping[str, tuple[str, str]], **attributes: Any
    ) -> None:
        super().__init__(*args, **attributes)
        self._package, self._table = package, table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name, imported now; None when there is none."""
        if cmd_name not in self._table:
            return None
        module = import_module(f"{self._package}.{self._table[cmd_name][0]}")
        found: click.Command = next(
            value
            for value in vars(module).values()
            if isinstance(value, click.Command) and value.name == cmd_name
        )
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._table[name][1]) for name in self.list_commands(ctx)])

    def main(self, *args: Any, **options: Any) -> Any:
        """Run as a program; what cannot be done as asked becomes one line."""
        if not options.pop("standalone_mode", True):
            return self._run(*args, **options)
        try:
            sys.exit(self._run(*args, **options) or 0)
        except click.UsageError as error:
            path = error.ctx.command_path if error.ctx else "rollcall"
            click.echo(f"{path}: {error.format_message()} See {path} --help.", err=True)
            sys.exit(2)
        except click.ClickException as error:
            _end(error.format_message(), 1)
        except click.Abort:
            _end("stopped.", 130)

    def _run(self, *args: Any, **options: Any) -> Any:
        run: Any = super().main
        return run(*args, standalone_mode=False, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn what Rollcall or the database refuses into a line."""
        try:
            return super().invoke(ctx)
        except (WrongUse, SettingsError) as error:
            _end(str(error), 2)
        except (RollcallError, ScimError) as error:
            _end(str(error), 1)
        except DBAPIError as error:
            _end(_of_database(error), 1)


def _of_database(error: DBAPIError) -> str:
    text = str(error.orig).splitlines()[0]
    if "no such table" in text or "does not exist" in text:
        return f"the database lacks its schema ({text}); run: rollcall db upgrade"
    return f"the database refused or did not answer ({text}); rollcall doctor looks at it."


def _end(message: str, code: int) -> None:
    click.echo(f"rollcall: {message}", err=True)
    sys.exit(code)


def tenant_named(slug: str) -> Tenant:
    """Return the tenant of ``--tenant``; raises ``NotFoundError`` that lists the known ones."""
    with reading() as connection:
        return tenants.named(connection, slug)


def say(value: Any, as_json: bool, plain: str) -> None:
    """Print ``value`` as one JSON line, or the plain text."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str) if as_json else plain)


def say_table(rows: Sequence[dict[str, Any]], as_json: bool, columns: Sequence[str], nothing: str) -> None:
    """Print rows as one JSON line each, or as a table of ``columns``; ``nothing`` when there are none."""
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False, default=str))
        return
    if not rows:
        click.echo(nothing)
        return
    table = Table(*(column.replace("_", " ") for column in columns), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("" if row.get(column) is None else str(row[column]) for column in columns))
    Console(width=None if sys.stdout.isatty() else 200).print(table, markup=False)


def key_values(pairs: Sequence[str], option: str) -> dict[str, str]:
    """Return the mapping of repeated KEY=VALUE options; raises ``WrongUse`` that names the option."""
    found: dict[str, str] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise WrongUse(f"{option} {pair!r} is not KEY=VALUE.")
        found[key] = value
    return found
