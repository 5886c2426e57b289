"""``rollcall link``: why one person is, or is not, at one target."""

from __future__ import annotations

import json
from typing import Any

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, tenant_named, tenant_option
from app.database import reading
from app.provisioning import explain, targets


@click.group()
def link() -> None:
    """Links: one employee at one target."""


@link.command()
@click.option("--target", "target_name", required=True, metavar="NAME")
@click.option("--email", required=True, metavar="ADDRESS", help="The work e-mail of the employee.")
@tenant_option
@json_option
@with_appcontext
def show(target_name: str, email: str, tenant_slug: str, as_json: bool) -> None:
    """State, reason, every field with what is owed, and the last attempts."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        target = targets.named(connection, tenant.id, target_name)
        employee_id = explain.employee_with(connection, target, email)
        report = explain.link_report(connection, target, employee_id)
    click.echo(json.dumps(report, ensure_ascii=False) if as_json else _plain(report))


def _plain(report: dict[str, Any]) -> str:
    lines = [f"{report['label']} at {report['target']}: {report['state']}"]
    for name in (
        "why_not_sent",
        "reason",
        "rides_along",
        "remote_id",
        "due_at",
        "next_attempt_at",
        "delivered_at",
    ):
        if report[name] is not None:
            lines.append(f"  {name.replace('_', ' ')}: {report[name]}")
    for name, field in report["fields"].items():
        lines.append(f"    {name}: {field['directory']!r} – {field['says']}")
    for attempt in report["attempts"]:
        answer = attempt["status"] or attempt["error"]
        lines.append(
            f"  {attempt['at']}  {attempt['method']} {attempt['path']} → {answer} ({attempt['duration_ms']:.0f} ms)"
        )
    return "\n".join(lines)
