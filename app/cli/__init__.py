"""The command line: one file per command group. Wrong use exits with 2 and one line, a failed run with 1."""

from __future__ import annotations

import os
from dataclasses import replace

import click
from flask import Flask
from flask.cli import ScriptInfo

from app import create_app
from app.cli import admin, database, doctor, employee, link, plan, run, run_log, simulate, source, target, tenant, token
from app.cli.answers import SpeakingGroup
from app.config import load_settings


#: The parts of the process group; other commands keep their log to warnings, so that answers stand alone.
_PARTS = frozenset({"worker", "scheduler"})


def _application(command: str | None) -> Flask:
    settings = load_settings()
    if command not in _PARTS and "ROLLCALL_LOG_LEVEL" not in os.environ:
        settings = replace(settings, log_level="warning")
    return create_app(settings)


@click.group(cls=SpeakingGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.pass_context
def main(context: click.Context) -> None:
    """Rollcall: the employee directory that speaks SCIM 2.0 on both sides."""
    context.obj = ScriptInfo(create_app=lambda: _application(context.invoked_subcommand))


COMMANDS: tuple[click.Command, ...] = (
    admin.admin,
    database.database,
    doctor.doctor,
    doctor.verify,
    employee.employee,
    link.link,
    plan.plan,
    run.run,
    run.scheduler,
    run.web,
    run.worker,
    run_log.run_log,
    simulate.simulate,
    source.source,
    target.target,
    tenant.tenant,
    token.token,
)
for _command in COMMANDS:
    main.add_command(_command)
