"""``rollcall target probe``: what a target really does, and the settings that would suit it."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import Any

import click
from flask.cli import with_appcontext

from app.cli.answers import json_option, say, tenant_named, tenant_option
from app.database import reading, writing
from app.outbound import OutboundError
from app.provisioning import connections, probing, targets
from app.provisioning.errors import ProvisioningError, TargetError
from app.provisioning.probing import Report
from app.provisioning.targets import Target

_MARKS = {"ok": "ok", "note": "note", "warning": "WARNING", "unknown": "unknown"}


@click.command()
@click.argument("name")
@tenant_option
@click.option(
    "--write",
    "writes",
    is_flag=True,
    help="Also make an account rollcall-probe-…@example.invalid, change it, and leave it suspended.",
)
@json_option
@with_appcontext
def probe(name: str, tenant_slug: str, writes: bool, as_json: bool) -> None:
    """Test the connection, find out what the target really does, and propose a profile.

    Only reads, unless --write is given; nothing is ever deleted. What the target says about itself is kept.
    """
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        known = targets.named(connection, tenant.id, name)
    try:
        with connections.open_session(known) as session:
            report = probing.probe(known.adapter, session, writes=writes)
    except (OutboundError, TargetError) as error:
        raise ProvisioningError(f"The target {name!r} cannot be used: {error.message}") from error
    with writing() as connection:
        targets.keep_capabilities(connection, known, report.capabilities)
    say(_answer(known, report), as_json, "\n".join(_lines(known, tenant_slug, report)))


def _answer(known: Target, report: Report) -> dict[str, Any]:
    answer: dict[str, Any] = report.capabilities.to_settings() | {
        "reachable": True,
        "accounts": report.has_accounts,
        "findings": [asdict(finding) for finding in report.findings],
        "left": report.left,
    }
    if report.proposal is not None:
        answer["proposal"] = asdict(report.proposal) | {"set": report.proposal.set_lines(known.settings)}
    return answer


def _lines(known: Target, slug: str, report: Report) -> list[str]:
    way = "PATCH" if report.capabilities.patch else "PUT"
    lines = [f"Reachable and authenticated; updates by {way}, {report.capabilities.page_size} a page."]
    lines += [f"  {_MARKS[each.state]:<8} {each.words}" for each in report.findings]
    if report.proposal is not None:
        lines += _proposed(known, slug, report)
    for account in report.left:
        lines.append(f"Left behind, suspended: {account}. Rollcall deletes no account; remove it by hand.")
    return lines


def _proposed(known: Target, slug: str, report: Report) -> list[str]:
    assert report.proposal is not None
    proposal = report.proposal
    settings = proposal.set_lines(known.settings)
    lines = [f"Nearest profile: {proposal.profile} ({proposal.label})."]
    lines += [
        f"  {each.member}: the profile says {_plain(each.profile_says)}, here it is {_plain(each.found)}"
        for each in proposal.differences
    ]
    if proposal.unverified:
        lines.append(f"  not confirmed with the vendor: {', '.join(proposal.unverified)}")
    if not settings:
        return [*lines, "The settings of this target fit."]
    options = " ".join(f"--set {shlex.quote(each)}" for each in settings)
    return [*lines, f"To use it: rollcall target set {shlex.quote(known.name)} --tenant {slug} {options}"]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | dict):
        return (
            ", ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else ", ".join(value)
        )
    return str(value)
