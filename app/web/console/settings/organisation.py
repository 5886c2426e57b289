"""The organisation: its names, and what the installation is set to that its admins feel."""

from __future__ import annotations

from flask import abort, render_template

from app.access import tenants
from app.database import reading
from app.directory import schema_loading
from app.notices.delivering import missing_for_mail
from app.web.console import sessions
from app.web.console.blueprint import blueprint
from app.web.console.developer.addresses import base_url


@blueprint.shows("/settings")
def settings() -> str:
    """Show the organisation and the state of what it depends on."""
    tenant_id, chosen = sessions.current_admin().tenant_id, sessions.settings()
    with reading() as connection:
        tenant = tenants.with_id(connection, tenant_id)
        documents = schema_loading.listed(connection, tenant_id)
    if tenant is None:
        abort(404)
    return render_template(
        "console/settings/organisation.html",
        tenant=tenant,
        documents=documents,
        public_url=chosen.public_url,
        here=base_url(),
        mail_from=chosen.mail_from,
        missing=missing_for_mail(chosen),
    )
