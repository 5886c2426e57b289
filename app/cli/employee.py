"""``rollcall employee``: people of the directory."""

from __future__ import annotations

import json
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy import Connection

from app import directory
from app.cli.answers import json_option, tenant_named, tenant_option
from app.database import reading
from app.directory.documents import Forms, forms_of
from app.errors import NotFoundError, WrongUse


@click.group()
def employee() -> None:
    """People of the directory."""


@employee.command()
@click.argument("who", metavar="EMAIL|USERNAME|ID")
@tenant_option
@click.option("--history", is_flag=True, help="Every revision, newest first.")
@click.option("--explain", is_flag=True, help="Who set each value.")
@json_option
@with_appcontext
def show(who: str, tenant_slug: str, history: bool, explain: bool, as_json: bool) -> None:
    """Show one employee."""
    tenant = tenant_named(tenant_slug)
    with reading() as connection:
        found = _one(connection, tenant.id, who)
        answer: dict[str, Any] = {
            "id": found.id,
            "version": found.version,
            "created": found.created_at,
            "lastModified": found.last_modified,
            "document": found.document,
        }
        if explain:
            answer["owners"] = directory.owners(connection, tenant.id, found.id)
        if history:
            answer["revisions"] = directory.revisions(connection, tenant.id, found.id)
    click.echo(
        json.dumps(answer, ensure_ascii=False) if as_json else _plain(answer, forms_of(found.resource_type))
    )


def _one(connection: Connection, tenant_id: int, who: str) -> directory.Resource:
    ids = [who] if directory.get(connection, tenant_id, who) else []
    ids = ids or directory.ids_by_user_name(connection, tenant_id, who)
    ids = ids or directory.ids_by_any_email(connection, tenant_id, who)
    if not ids:
        raise NotFoundError(f"Nobody in this tenant has the id, userName or e-mail {who[:200]!r}.")
    if len(ids) > 1:
        raise WrongUse(
            f"{len(ids)} employees have the e-mail {who[:200]!r}; name one by id: {', '.join(ids[:5])}."
        )
    found = directory.get(connection, tenant_id, ids[0])
    assert found is not None
    return found


def _plain(answer: dict[str, Any], forms: Forms) -> str:
    owners = answer.get("owners", {})
    lines = [f"{answer['id']}  version {answer['version']}  last modified {answer['lastModified']}"]
    for path, value in sorted(directory.flatten(answer["document"]).items()):
        shown = "•••" if forms.is_concealed(path) else json.dumps(value, ensure_ascii=False)
        lines.append(f"  {path}: {shown}" + (f"   ← {owners[path]}" if path in owners else ""))
    for revision in answer.get("revisions", ()):
        run = f" in run {revision['run']}" if revision["run"] else ""
        lines.append(
            f"revision {revision['number']}  {revision['at']}  {revision['kind']} by {revision['actor']}{run}"
        )
        for path, (before, after) in sorted(revision["changes"].items()):
            lines.append(
                f"    {path}: {json.dumps(before, ensure_ascii=False)} → {json.dumps(after, ensure_ascii=False)}"
            )
    return "\n".join(lines)
