"""``/precedence``: whose word counts where several sources and clients write one field."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from app.database import reading, writing
from app.sources import precedence
from app.web.api.access import by, tenant_id
from app.web.api.blueprint import blueprint
from app.web.api.fields import Body, Shown, text

SUBJECT = "sources"


class Lists(Shown):
    """Field → writers, the strongest first; ``*`` is the list of every field without one of its own."""

    precedence = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)


class WantedList(Body):
    """A field's list of writers; an empty one is none."""

    field = text(most=200, least=1, required=True, metadata={"description": "As in a mapping, or `*`."})
    writers = fields.List(
        text("^(source|client):[^\\x00-\\x1f\\x7f]+$"), required=True, validate=validate.Length(max=100)
    )


@blueprint.reads("/precedence", SUBJECT)
@blueprint.response(200, Lists)
def show_precedence() -> dict[str, Any]:
    """Show whose word counts where several write one field."""
    with reading() as connection:
        return {"precedence": precedence.listed(connection, tenant_id())}


@blueprint.acts("/precedence", SUBJECT, "PUT")
@blueprint.arguments(WantedList)
@blueprint.response(200, Lists)
def set_precedence(body: dict[str, Any]) -> dict[str, Any]:
    """Let the word of each writer for a field count more than that of those behind it.

    Every process goes by it within a second, and the next import of each source.
    """
    with writing() as connection:
        if body["writers"]:
            precedence.put(connection, tenant_id(), body["field"], body["writers"], by())
        else:
            precedence.take_away(connection, tenant_id(), body["field"], by())
        return {"precedence": precedence.listed(connection, tenant_id())}
