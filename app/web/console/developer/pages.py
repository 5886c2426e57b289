"""The developer page: addresses, an example, what the server can do, and what went wrong lately."""

from __future__ import annotations

from flask import abort, render_template, request

from app.access import clients, tenants
from app.database import reading
from app.web.console.blueprint import blueprint
from app.web.console.developer.addresses import base_url
from app.web.console.developer.reading import Asked, page_of_requests, webhooks
from app.web.console.developer.words import CLIENT_PAGES, STATUS_WORDS, abilities
from app.web.console.sessions import current_admin
from scim.discovery import service_provider_config


@blueprint.shows("/developer")
def developer() -> str:
    """Show what one needs to connect a client, and the newest requests that the address asks for."""
    admin, asked, here = current_admin(), Asked.of(request.args), base_url()
    with reading() as connection:
        tenant = tenants.with_id(connection, admin.tenant_id)
        if tenant is None:
            abort(404)
        page = page_of_requests(connection, admin.tenant_id, asked)
        known = clients.listed(connection, admin.tenant_id)
        hooks = webhooks(connection, admin.tenant_id, tenant.public_id)
    scim = f"{here}/scim/v2"
    return render_template(
        "console/developer/page.html",
        here=here,
        scim=scim,
        scim_of_tenant=f"{here}/t/{tenant.slug}/scim/v2",
        abilities=abilities(service_provider_config(scim)),
        client_pages=CLIENT_PAGES,
        hooks=hooks,
        page=page,
        asked=asked,
        clients=known,
        statuses=STATUS_WORDS,
        address=asked.address,
    )
