"""Your account: who one is here, the password, and where one is signed in."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from app.access import admins_roster, admins_sessions, oidc, passwords, roles
from app.access.roles import VIEWER
from app.database import reading, writing
from app.errors import NotFoundError
from app.web.console.admins.step_up import is_own_password
from app.web.console.blueprint import blueprint
from app.web.console.password import PasswordForm, chosen_from
from app.web.console.proving import Answer
from app.web.console.sessions import current_admin, session_value


class ChangeForm(PasswordForm):
    """A new password, and the one before."""

    current = PasswordField(
        "Password now", [InputRequired("Type the password that you have."), Length(max=1000)]
    )


@blueprint.fills_in("/account", VIEWER)
def account() -> Answer:
    """Show who is signed in, and where; a new password ends the admin's other sessions."""
    form, asking = ChangeForm(), session_value() or ""
    admin = current_admin()
    with reading() as connection:
        member = admins_roster.with_id(connection, admin.tenant_id, admin.id)
    may_change = member.has_password
    if may_change and form.validate_on_submit() and is_own_password(form.current) and chosen_from(form):
        flash("Your password is changed. Everywhere else you are signed out.", "success")
        return redirect(url_for("console.account"), 303)
    with reading() as connection:
        facts = {
            "sessions": admins_sessions.listed(connection, admin, asking),
            "provider": oidc.provider_of(connection, admin.tenant_id),
        }
    role = roles.BY_NAME[admin.role]
    page = render_template(
        "console/admins/account.html",
        member=member,
        role=role,
        form=form,
        shortest=passwords.SHORTEST,
        **facts,
    )
    return page, (422 if form.errors else 200)


@blueprint.does("/account/sessions/end", VIEWER)
def end_session() -> Response:
    """End one session of the admin's own, or all but this one."""
    admin, name = current_admin(), request.form.get("session", "")
    with writing() as connection:
        try:
            if name == "others":
                admins_sessions.end_others(connection, admin, session_value() or "")
            else:
                admins_sessions.end(connection, admin, name)
        except NotFoundError as error:
            flash(str(error), "warning")
        else:
            flash("Signed out there.", "success")
    return redirect(url_for("console.account"), 303)
