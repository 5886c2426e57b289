"""``/sources/<name>/export``: what Rollcall knows of a source's people, kept right at the source too."""

from __future__ import annotations

from typing import Any

from marshmallow import fields
from sqlalchemy import Connection

from app.database import reading, writing
from app.exporting import write_back
from app.sources import catalog
from app.web.api.access import by, tenant_id
from app.web.api.blueprint import blueprint
from app.web.api.fields import Body, Flag, Shown

SUBJECT = "sources"
_AT = "/sources/<source:name>/export"


class ExportShown(Shown):
    """Whether people are written back, and the target that does it."""

    export = fields.String(required=True, metadata={"description": "off, active or paused."})
    target = fields.String(required=True, allow_none=True)


class WantedExport(Body):
    """Whether people are to be written back."""

    on = Flag(required=True)


@blueprint.reads(_AT, SUBJECT)
@blueprint.response(200, ExportShown)
def show_export(name: str) -> dict[str, Any]:
    """Show whether a source's people are written back to it."""
    with reading() as connection:
        return _shown(connection, name)


@blueprint.acts(_AT, SUBJECT, "PUT")
@blueprint.arguments(WantedExport)
@blueprint.response(200, ExportShown)
def set_export(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Begin or stop writing a source's people back to it; what was written stays."""
    with writing() as connection:
        known = catalog.named(connection, tenant_id(), name)
        if body["on"]:
            write_back.switch_on(connection, known, by())
        elif write_back.target_of(connection, known) is not None:
            write_back.switch_off(connection, known, by())
        return _shown(connection, name)


def _shown(connection: Connection, name: str) -> dict[str, Any]:
    target = write_back.target_of(connection, catalog.named(connection, tenant_id(), name))
    return {"export": "off" if target is None else target.state, "target": target.name if target else None}
