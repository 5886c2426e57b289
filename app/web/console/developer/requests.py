"""One request of a client that was refused, or of which something was left out."""

from __future__ import annotations

from flask import abort, render_template

from app.database import reading
from app.web.console.blueprint import blueprint
from app.web.console.developer.reading import one_request
from app.web.console.developer.words import meaning
from app.web.console.sessions import current_admin


@blueprint.shows("/developer/requests/<employee:request_id>")
def inbound_request(request_id: str) -> str:
    """Show a request: what came, what became of it, and the way out."""
    with reading() as connection:
        found = one_request(connection, current_admin().tenant_id, request_id)
    if found is None:
        abort(404)
    return render_template(
        "console/developer/request.html", request_line=found, meaning=meaning(found.status)
    )
