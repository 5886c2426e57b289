"""``/employees/{id}/pins``: values that a person has decided on; no source and no client changes them until let go."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy import Connection

from app import directory
from app.database import reading, writing
from app.directory import Actor
from app.errors import NotFoundError
from app.sources import pins, pushing
from app.sources.fields import TargetField
from app.sources.precedence import field_named
from app.web.api.access import principal, tenant_id
from app.web.api.answers import no_content
from app.web.api.blueprint import blueprint
from app.web.api.fields import TEXT, Body, Shown, instant, listed, text
from app.web.api.problems import Problem
from scim.errors import ScimError

SUBJECT = "employees"
_AT = "/employees/<employee:employee_id>"
_FIELD = {"description": "As in a mapping: title, hr.startDate, emails[work].value."}


class PinShown(Shown):
    """A pinned value; the value itself is in the employee's document."""

    field = fields.String(required=True)
    by = fields.String(required=True)
    at = instant(required=True)
    note = fields.String(required=True)


class WantedPin(Body):
    """What is to be pinned, and why."""

    field = text(most=200, least=1, required=True, metadata=_FIELD)
    value = text(
        TEXT, 2000, metadata={"description": "Written first; an empty text pins that there is none."}
    )
    note = text(TEXT, pins.LONGEST_NOTE, load_default="", metadata={"description": "Why."})


class UnwantedPin(Body):
    """What is to be let go."""

    field = text(most=200, least=1, required=True, metadata=_FIELD)


@blueprint.reads(f"{_AT}/pins", SUBJECT)
@blueprint.response(200, listed("pins", PinShown))
def list_pins(employee_id: str) -> dict[str, Any]:
    """List the pinned values of an employee."""
    with reading() as connection:
        _require(connection, employee_id)
        found = pins.of_employees(connection, tenant_id(), [employee_id])
    return {"pins": sorted(found.get(employee_id, {}).values(), key=lambda pin: pin.field)}


@blueprint.acts(f"{_AT}/pins", SUBJECT)
@blueprint.arguments(WantedPin)
@blueprint.response(200, PinShown)
def pin_value(body: dict[str, Any], employee_id: str) -> Any:
    """Pin a value of an employee: the one that is given, or the one that stands now.

    Sources go by it at once, the processes that serve clients within a second.
    """
    value = body.get("value", pins.AS_IT_IS)
    with writing() as connection:
        field = _meant(connection, employee_id, body)
        place = (connection, tenant_id(), employee_id, field, _actor())
        try:
            made = pins.put(*place, value=value, note=body["note"])
        except ScimError as refusal:
            raise Problem("not_possible", refusal.detail) from refusal
    pushing.forget(tenant_id())
    return made


@blueprint.acts(f"{_AT}/unpin", SUBJECT)
@blueprint.arguments(UnwantedPin)
@blueprint.response(204)
def unpin_value(body: dict[str, Any], employee_id: str) -> Response:
    """Let a value go: what the sources say of it counts with their next import."""
    with writing() as connection:
        field = _meant(connection, employee_id, body)
        pins.take_away(connection, tenant_id(), employee_id, field, _actor())
    pushing.forget(tenant_id())
    return no_content()


def _meant(connection: Connection, employee_id: str, body: dict[str, Any]) -> TargetField:
    _require(connection, employee_id)
    return field_named(body["field"])


def _require(connection: Connection, employee_id: str) -> None:
    if directory.get(connection, tenant_id(), employee_id) is None:
        raise NotFoundError(f"There is no employee {employee_id} in this tenant.")


def _actor() -> Actor:
    """Return who asks: as the owner of a value, the client that holds the token."""
    return Actor("client", str(principal().client_id))
