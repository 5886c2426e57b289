"""The audit: deeds newest first, filtered by what stands in the address."""

from __future__ import annotations

from flask import render_template, request

from app import clock
from app.access import audit as keeping
from app.access.audit import Head
from app.database import reading
from app.web.console.auditing.asked import Asked
from app.web.console.auditing.reading import page_of_deeds
from app.web.console.auditing.words import FAMILIES
from app.web.console.blueprint import blueprint
from app.web.console.sessions import current_admin

#: Seconds after which a deed that is not sealed means that the sealer stands still.
SEALED_WITHIN = 60.0


@blueprint.shows("/audit")
def audit() -> str:
    """Show the deeds that the address asks for, and where the chain ends."""
    tenant_id, asked = current_admin().tenant_id, Asked.of(request.args)
    with reading() as connection:
        page = page_of_deeds(connection, tenant_id, asked)
        head = keeping.head(connection, tenant_id)
    return render_template(
        "console/audit/list.html",
        page=page,
        asked=asked,
        head=head,
        stands_still=stands_still(head),
        families=FAMILIES,
        address=asked.address,
        download=asked.download(),
    )


def stands_still(head: Head) -> bool:
    """Return whether deeds have been waiting for their seal for too long."""
    return head.waits_since is not None and head.waits_since < clock.after(-SEALED_WITHIN)
