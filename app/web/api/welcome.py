"""``/welcome``: the mail that a tenant's new members get."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response
from marshmallow import fields

from app.database import reading, writing
from app.errors import NotFoundError
from app.sources import welcome
from app.web.api.access import by, tenant_id
from app.web.api.answers import no_content
from app.web.api.blueprint import blueprint
from app.web.api.fields import TEXT, Body, Shown
from app.web.api.fields import text as words

SUBJECT = "sources"


class WelcomeShown(Shown):
    """The mail; ``{first_name}``, ``{display_name}`` and ``{link}`` stand for what differs."""

    subject = fields.String(required=True)
    text = fields.String(required=True)
    link = fields.String(required=True)


class WantedWelcome(Body):
    """The mail as it is to be."""

    subject = words(most=welcome.LONGEST_SUBJECT, load_default=welcome.SUBJECT)
    text = words(TEXT, welcome.LONGEST_TEXT, load_default=welcome.TEXT)
    link = words(most=2000, least=1, required=True, metadata={"description": "Where new members begin."})


@blueprint.reads("/welcome", SUBJECT)
@blueprint.response(200, WelcomeShown)
def show_welcome() -> Any:
    """Show the mail that new members get, of sources with ``welcome=yes``."""
    with reading() as connection:
        found = welcome.of_tenant(connection, tenant_id())
    if found is None:
        raise NotFoundError("No welcome mail is set; PUT sets one.")
    return found


@blueprint.acts("/welcome", SUBJECT, "PUT")
@blueprint.arguments(WantedWelcome)
@blueprint.response(200, WelcomeShown)
def set_welcome(body: dict[str, Any]) -> dict[str, Any]:
    """Set the mail; without a subject or a text there are short ones."""
    wanted = welcome.Welcome(**body)
    with writing() as connection:
        welcome.keep(connection, tenant_id(), wanted, by())
    return asdict(wanted)


@blueprint.acts("/welcome", SUBJECT, "DELETE")
@blueprint.response(204)
def remove_welcome() -> Response:
    """Forget the mail; nobody gets one until it is set again."""
    with writing() as connection:
        if not welcome.remove(connection, tenant_id(), by()):
            raise NotFoundError("No welcome mail is set.")
    return no_content()
