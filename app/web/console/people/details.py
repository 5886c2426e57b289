"""What the SCIM API answers about a person, for those who speak SCIM."""

from __future__ import annotations

import json

from flask import render_template
from werkzeug.exceptions import NotFound

from app.access.clients import ClientSettings
from app.access.tokens import Principal
from app.database import reading
from app.directory import wires
from app.directory.schemas import user_type
from app.directory.shelves import shelf_of
from app.web.console.blueprint import blueprint
from app.web.console.developer.addresses import base_url
from app.web.console.people.someone import employee, someone, tabs
from app.web.console.sessions import current_admin
from app.web.scim.exchange import Exchange
from app.web.scim.rendering import projection_of, resource_answer

_READS = frozenset({"scim:read"})


@blueprint.shows("/people/<employee:employee_id>/details")
def person_details(employee_id: str) -> str:
    """Show the SCIM resource as a client without the scope for sensitive values reads it, and its version."""
    admin = current_admin()
    nobody = Principal(
        admin.tenant_id, admin.tenant_slug, 0, "", 0, _READS, None, ClientSettings(), rate_key=0
    )
    exchange = Exchange({}, "GET", f"/Users/{employee_id}", f"{base_url()}/scim/v2", None, nobody)
    with reading() as connection:
        who = someone(connection, employee(connection, employee_id))
        shelf = shelf_of(user_type(admin.tenant_id, connection))
        row = wires.wire_row(connection, exchange.scope, shelf, employee_id)
        if row is None:
            raise NotFound
        answer = resource_answer(exchange, connection, shelf, row, projection_of(exchange, shelf))
    return render_template(
        "console/people/details.html",
        who=who,
        document=json.dumps(json.loads(answer.body), ensure_ascii=False, indent=2),
        etag=answer.headers["ETag"],
        address=f"{base_url()}/scim/v2/Users/{employee_id}",
        tabs=tabs(employee_id, "console.person_details"),
    )
