"""The command line: one file per command group. Wrong use exits with 2 and one line, a failed run with 1."""

from __future__ import annotations

import os
from dataclasses import replace

import click
from flask import Flask
from flask.cli import ScriptInfo

from app.cli.answers import LazyGroup

#: The parts of the process group; other commands keep their log to warnings, so that answers stand alone.
_PARTS = frozenset({"worker", "scheduler"})

#: Command → (module of this package, what ``rollcall --help`` says of it); only the one that is called is imported.
COMMANDS: dict[str, tuple[str, str]] = {
    "admin": ("admin", "People who sign in to the console."),
    "backup": ("backup", "Write a backup to a new FILE while everything runs."),
    "client": ("client", "Clients of the SCIM API: their settings, OAuth secrets and refused requests."),
    "db": ("database", "The database."),
    "doctor": ("doctor", "Check this installation: settings, database, schema, keys, folder."),
    "employee": ("employee", "People of the directory."),
    "keys": ("keys", "Keys that seal secrets at rest."),
    "link": ("link", "Links: one employee at one target."),
    "notice": ("notice", "Notices: what admins hear about, by e-mail and by signed webhook."),
    "plan": ("plan", "Plans: dry runs, syncs, and operations that wait for approval."),
    "precedence": ("precedence", "Whose word counts where several sources and clients write one field."),
    "restore": (
        "backup",
        "Restore a backup from FILE into an empty database; every target and source starts paused.",
    ),
    "run": ("run", "Run web, worker and scheduler as one process group until SIGTERM."),
    "run-log": ("run_log", "Import runs: what was added, updated, deleted, skipped and errored."),
    "scheduler": ("run", "Wake what is due, and seal the audit chain."),
    "simulate": ("simulate", "Run the simulator of a vendor until Ctrl-C."),
    "schema": ("schema", "Resource types and extensions that a tenant loads from JSON documents."),
    "source": ("source", "Sources: HR systems, applicant-tracking systems and files."),
    "target": ("target", "Systems that people are pushed to."),
    "tenant": ("tenant", "Tenants: the organisations of this installation."),
    "token": ("token", "Tokens with which identity providers and HR systems call the SCIM API."),
    "vendor": ("vendor", "Kinds of source that a tenant may connect."),
    "verify": ("verify", "Prove that nothing was lost, and that what is stored agrees."),
    "web": ("run", "Serve the SCIM API and the console."),
    "welcome": ("welcome", "The mail that a tenant's new members get."),
    "worker": ("run", "Work on what the scheduler wakes: pushes and imports."),
}


def _application(command: str | None) -> Flask:
    from app import create_app
    from app.config import load_settings

    settings = load_settings()
    if command not in _PARTS and "ROLLCALL_LOG_LEVEL" not in os.environ:
        settings = replace(settings, log_level="warning")
    return create_app(settings)


@click.group(
    cls=LazyGroup,
    package=__name__,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.pass_context
def main(context: click.Context) -> None:
    """Rollcall: the employee directory that speaks SCIM 2.0 on both sides."""
    context.obj = ScriptInfo(create_app=lambda: _application(context.invoked_subcommand))
