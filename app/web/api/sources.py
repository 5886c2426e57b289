"""``/sources``: connected systems that people come from: listed, added, shown, changed, removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from flask import url_for
from marshmallow import fields, validate
from sqlalchemy import Connection, select

from app import registry
from app.database import reading, writing
from app.sources import catalog, consent, drafts, life, parting, runs
from app.sources.adapter import SourceAdapter
from app.sources.catalog import Source
from app.sources.tables import source
from app.web.api.access import by, tenant_id
from app.web.api.answers import no_content
from app.web.api.blueprint import blueprint
from app.web.api.fields import TEXT, Body, Pairs, Shown, instant, listed, text
from app.web.api.problems import Problem
from app.web.converters import Kind, SourceName

SUBJECT = "sources"
STATES = ("draft", "active", "paused", "disconnected")
#: Settings that have members of their own, beside ``settings``.
_OWN = ("mapping", "work_email", "schedule", "report_to")


class Consent(Shown):
    """A consent as it was given."""

    version = fields.String(required=True)
    text_hash = fields.String(
        required=True, metadata={"description": "SHA-256 of the policy as it was shown."}
    )
    by = fields.String(required=True)
    at = instant(required=True)


class LastRun(Shown):
    """The newest run of a source."""

    run = fields.Integer(required=True)
    state = fields.String(required=True)


class SourceLine(Shown):
    """A source; of its secrets only the names."""

    name = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    schedule = fields.String(required=True)
    next_run_at = instant(required=True, allow_none=True)
    report_to = fields.String(required=True, allow_none=True)
    work_email = fields.String(required=True)
    settings = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    secrets = fields.List(fields.String(), required=True)
    created_at = instant(required=True)
    set_up_by = fields.String(required=True)
    published_at = instant(required=True, allow_none=True)
    last_run = fields.Nested(LastRun, required=True, allow_none=True)


class SourceDetail(SourceLine):
    """A source with its mapping (TOML) and the consent that holds."""

    mapping = fields.String(required=True)
    consent = fields.Nested(Consent, required=True, allow_none=True)


class LeftBehind(Shown):
    """What stays at a vendor."""

    left = fields.String(required=True, metadata={"description": "What is to be deleted there, and why."})


class _Choices(Body):
    settings = Pairs(metadata={"description": "Settings of the kind; null takes one back."})
    secrets = Pairs(metadata={"description": "Never shown again; null forgets one.", "writeOnly": True})
    mapping = text(TEXT, None, metadata={"description": "TOML as in docs/mapping.md, or guess."})
    work_email = text(metadata={"description": "source, none, or a template."})
    schedule = text(most=80, metadata={"description": "15m, 24h, daily 00:00 America/Los_Angeles, or off."})
    report_to = text(most=320, allow_none=True, metadata={"description": "Who gets a report of each import."})

    @ma.validates_schema
    def _once(self, data: Mapping[str, Any], **_: Any) -> None:
        twice = sorted(set(_OWN) & set(data.get("settings", ())))
        if twice:
            raise ma.ValidationError(f"Give {twice[0]} beside settings, not in it.", "settings")


class NewSource(_Choices):
    """A source to be added; what it takes is in ``/vendors/{kind}``."""

    kind = text(Kind.described["pattern"], None, required=True)
    name = text(SourceName.described["pattern"], None, required=True)


class ChangedSource(_Choices):
    """What is to change of a source; what is not named stays."""


@blueprint.reads("/sources", SUBJECT)
@blueprint.response(200, listed("sources", SourceLine))
def list_sources() -> dict[str, Any]:
    """List the sources of the tenant."""
    with reading() as connection:
        return {"sources": [_line(connection, known) for known in catalog.listed(connection, tenant_id())]}


@blueprint.acts("/sources", SUBJECT)
@blueprint.arguments(NewSource)
@blueprint.response(201, SourceDetail, headers={"Location": {"schema": {"type": "string"}}})
def add_source(body: dict[str, Any]) -> Any:
    """Add a source: a draft, until it is consented to and published."""
    adapter: SourceAdapter = registry.source_adapter(body["kind"])()
    if not adapter.needs_consent:
        raise _on_the_server(adapter)
    given = {name: value for name, value in _given(body).items() if value}
    draft = drafts.drafted(body["kind"], body["name"], given, body.get("secrets", {}))
    with writing() as connection:
        if any(known.name == draft.name for known in catalog.listed(connection, tenant_id())):
            raise Problem("name_taken", f"There is a source {draft.name!r} already; PATCH changes it.")
        shown = detail(connection, catalog.add(connection, tenant_id(), draft, by()))
    return shown, 201, {"Location": url_for("api.show_source", name=draft.name)}


@blueprint.reads("/sources/<source:name>", SUBJECT)
@blueprint.response(200, SourceDetail)
def show_source(name: str) -> dict[str, Any]:
    """Show a source with its mapping; secrets are named, never shown."""
    with reading() as connection:
        return detail(connection, catalog.named(connection, tenant_id(), name))


@blueprint.acts("/sources/<source:name>", SUBJECT, "PATCH")
@blueprint.arguments(ChangedSource, required=False)
@blueprint.response(200, SourceDetail)
def change_source(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Change settings and secrets of a source; what is read next is everything."""
    with writing() as connection:
        known = _held(connection, name)
        if not body:
            return detail(connection, known)
        adapter = known.adapter()
        if not adapter.needs_consent and {option.name for option in adapter.options} & set(_given(body)):
            raise _on_the_server(adapter)
        draft = drafts.redrafted(known, _given(body), body.get("secrets", {}))
        changed = catalog.change(connection, tenant_id(), draft, by())
        if body.get("secrets"):
            changed = life.link_again(connection, changed, by())
        return detail(connection, changed)


@blueprint.acts("/sources/<source:name>", SUBJECT, "DELETE")
@blueprint.response(204)
@blueprint.alt_response(
    200, schema=LeftBehind, description="It is removed; something of it stays at the vendor.", success=True
)
def remove_source(name: str) -> Any:
    """Remove a source, its records and runs; the people that it brought stay.

    The vendor is told before, by its API, to call us no more.
    """
    with reading() as connection:
        known = catalog.named(connection, tenant_id(), name)
    parted = parting.remove(known, by())
    return no_content() if parted.left is None else ({"left": parted.left}, 200)


def _held(connection: Connection, name: str) -> Source:
    """Return a source that nobody else changes until the transaction ends: two changes at once both count."""
    where = (source.c.tenant_id == tenant_id(), source.c.name == name)
    connection.execute(select(source.c.id).where(*where).with_for_update())
    return catalog.named(connection, tenant_id(), name)


def _given(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of a body as ``app.sources.drafts`` takes them: "" takes one back."""
    own = {name: body[name] or "" for name in _OWN if name in body}
    return {**body.get("settings", {}), **own}


def _on_the_server(adapter: SourceAdapter) -> Problem:
    """What reads files of the server is described on the server: a token of a tenant must not choose the file."""
    return Problem(
        "server_files",
        f"A {adapter.label} source reads files of the server, which a token cannot choose. Whoever runs the server "
        f"does: rollcall source add {adapter.kind}, rollcall source set.",
    )


def detail(connection: Connection, known: Source) -> dict[str, Any]:
    """Return what :class:`SourceDetail` shows of a source."""
    given = consent.given(connection, known.tenant_id, known.id)
    return _line(connection, known) | {"mapping": known.mapping, "consent": given}


def _line(connection: Connection, known: Source) -> dict[str, Any]:
    newest = runs.listed(connection, known.tenant_id, known.id, 1)
    names = ("name", "kind", "state", "next_run_at", "report_to", "work_email", "settings")
    more = ("created_at", "set_up_by", "published_at")
    return {name: getattr(known, name) for name in (*names, *more)} | {
        "schedule": str(known.schedule),
        "secrets": sorted(known.secrets),
        "last_run": {"run": newest[0].id, "state": newest[0].state} if newest else None,
    }
