"""The command line: one file per command group. Wrong use exits with 2 and one line, a failed run with 1."""

from __future__ import annotations

import click
from flask.cli import ScriptInfo

from app.cli import admin, database, doctor, employee, link, plan, run, run_log, simulate, source, target, tenant, token
from app.cli.answers import SpeakingGroup
from app.config import load_settings


def _create_app() -> object:
    from app import create_app

    return create_app(load_settings())


@click.group(cls=SpeakingGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.pass_context
def main(context: click.Context) -> None:
    """Rollcall: the employee directory that speaks SCIM 2.0 on both sides."""
    context.obj = ScriptInfo(create_app=_create_app)


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
