"""``/prove``: asking again who is at the keyboard, before secrets are shown or given away."""

from __future__ import annotations

import math

from flask import redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField
from wtforms.validators import InputRequired, Length

from app.access import admins, admins_roster, admins_tries, oidc, tenants
from app.access.oidc import Provider
from app.access.roles import OWNER, VIEWER
from app.database import reading, writing
from app.web.console.blueprint import blueprint
from app.web.console.proving import GOOD_FOR, Answer
from app.web.console.sessions import current_admin, own_path, session_value


class ProofForm(FlaskForm):
    """The password again, and the page to go back to."""

    password = PasswordField("Your password", [InputRequired("Type your password."), Length(max=1000)])
    next = HiddenField()


@blueprint.fills_in("/prove", VIEWER)
def prove() -> Answer:
    """Ask for the password again; right, it is remembered for a while, and the browser is back where it was."""
    form = ProofForm()
    if not form.is_submitted():
        form.next.data = own_path(request.args.get("next"), url_for("console.start"))
    may_type, provider = _ways()
    if may_type and form.validate_on_submit() and is_own_password(form.password):
        with writing() as connection:
            admins.prove(connection, current_admin(), session_value() or "")
        return redirect(own_path(form.next.data, url_for("console.start")), 303)
    page = render_template(
        "console/admins/prove.html", form=form, may_type=may_type, provider=provider, minutes=GOOD_FOR // 60
    )
    return page, (422 if form.errors else 200)


def is_own_password(field: PasswordField) -> bool:
    """Return whether the field has the admin's password; else it says what is wrong. Tries are slowed down."""
    admin = current_admin()
    with writing() as connection:
        tenant = tenants.with_id(connection, admin.tenant_id)
        wait = admins_tries.count(connection, tenant, admin.email)
    if wait > 0:
        field.errors = (f"Too many tries. Wait {math.ceil(wait)} seconds, then try again.",)
        return False
    with reading() as connection:
        match = admins.verified(connection, tenant, admin.email, field.data or "")
    if match is None:
        field.errors = ("This is not your password.",)
        return False
    with writing() as connection:
        admins_tries.forget(connection, tenant, admin.email)
    return True


def _ways() -> tuple[bool, Provider | None]:
    """Return whether the admin can prove themself with a password, and the provider where they can."""
    admin = current_admin()
    with reading() as connection:
        member = admins_roster.with_id(connection, admin.tenant_id, admin.id)
        provider = oidc.provider_of(connection, admin.tenant_id)
    is_closed = provider is not None and provider.is_required and admin.role != OWNER
    return member.has_password and not is_closed, provider if member.is_bound else None
