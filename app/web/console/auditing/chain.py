"""The chain that proves the audit: where it ends, and a check of all of it."""

from __future__ import annotations

from flask import render_template
from flask_wtf import FlaskForm

from app.access import audit as keeping
from app.access.roles import VIEWER
from app.database import reading
from app.web.console.auditing.pages import stands_still
from app.web.console.blueprint import blueprint
from app.web.console.sessions import current_admin

#: Findings that are shown; a chain that was replaced has one for every row.
MOST_SHOWN = 100


@blueprint.fills_in("/audit/chain", VIEWER)
def audit_chain() -> str:
    """Show where the chain ends; sent, check every row of it and show what was found."""
    tenant_id, form = current_admin().tenant_id, FlaskForm()
    with reading() as connection:
        report = keeping.verify(connection, tenant_id) if form.validate_on_submit() else None
        head = keeping.head(connection, tenant_id)
    return render_template(
        "console/audit/chain.html",
        head=head,
        stands_still=stands_still(head),
        report=report,
        most_shown=MOST_SHOWN,
    )
