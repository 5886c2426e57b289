"""``/sources/{name}/suggestions``: records that may be somebody who is known already; a person decides."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from app import directory
from app.database import reading, writing
from app.errors import NotFoundError
from app.sources import catalog, suggestions
from app.web.api.access import by, tenant_id
from app.web.api.blueprint import blueprint
from app.web.api.fields import TEXT, UUID, Body, Flag, QueryFlag, Shown, instant, listed, text

SUBJECT = "sources"
_AT = "/sources/<source:name>/suggestions"


class SuggestionsQuery(Body):
    """Which suggestions are listed."""

    decided = QueryFlag(load_default=False, metadata={"description": "Also those that were decided."})


class Suggestion(Shown):
    """A record that may be an employee."""

    record_id = fields.String(required=True)
    employee_id = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "waiting, same or other."})
    at = instant(required=True)
    facts = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "What the record says of the person, until it is decided."},
    )
    decided_by = fields.String(required=True, allow_none=True)
    decided_at = instant(required=True, allow_none=True)


class Confirmation(Body):
    """Whether a record is the employee that was suggested, or another one, or nobody who is known."""

    record_id = text(TEXT, 2000, 1, required=True)
    same = Flag(required=True)
    employee_id = text(UUID, None, metadata={"description": "With same: it is this employee."})


@blueprint.reads(_AT, SUBJECT)
@blueprint.arguments(SuggestionsQuery, location="query")
@blueprint.response(200, listed("suggestions", Suggestion))
def list_suggestions(query: dict[str, Any], name: str) -> dict[str, Any]:
    """List the records of a source that may be an employee who is known already."""
    with reading() as connection:
        known = catalog.named(connection, tenant_id(), name)
        return {"suggestions": suggestions.listed(connection, known, with_decided=query["decided"])}


@blueprint.acts(f"{_AT}/confirm", SUBJECT)
@blueprint.arguments(Confirmation)
@blueprint.response(200, Suggestion)
def confirm_suggestion(body: dict[str, Any], name: str) -> Any:
    """Say whether a record is the suggested employee; the next import of the source goes by it."""
    employee_id = body.get("employee_id")
    with writing() as connection:
        known = catalog.named(connection, tenant_id(), name)
        if employee_id is not None and directory.get(connection, tenant_id(), employee_id) is None:
            raise NotFoundError(f"There is no employee {employee_id} in this tenant.")
        return suggestions.confirm(
            connection, known, body["record_id"], is_same=body["same"], by=by(), employee_id=employee_id
        )
