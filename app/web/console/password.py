"""Choosing a password: the first thing after signing in with a one-time password."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.validators import EqualTo, InputRequired

from app.access import admins, passwords
from app.access.passwords import PasswordRefused
from app.access.roles import VIEWER
from app.database import reading, writing
from app.web.console.blueprint import blueprint
from app.web.console.sessions import current_admin, session_value


class PasswordForm(FlaskForm):
    """The password to choose, twice: a slip of the finger would lock the admin out."""

    password = PasswordField("New password", [InputRequired("Type the password that you want to have.")])
    again = PasswordField(
        "New password again",
        [InputRequired("Type the password once more."), EqualTo("password", "The two are not the same.")],
    )


@blueprint.fills_in("/password", VIEWER)
def choose_password() -> str | Response | tuple[str, int]:
    """Show the form; a fit password replaces the one-time one and leads to the start page."""
    admin, form = current_admin(), PasswordForm()
    if not admin.must_change_password:
        return redirect(url_for("console.start"), 303)
    if form.validate_on_submit() and chosen_from(form):
        # When another password came first, the start page knows whether this session is still one.
        return redirect(url_for("console.start"), 303)
    page = render_template("console/password.html", admin=admin, form=form, shortest=passwords.SHORTEST)
    return page, (422 if form.errors else 200)


def chosen_from(form: PasswordForm) -> bool:
    """Make the form's password the admin's, and end the admin's other sessions; else say why not at its field."""
    admin = current_admin()
    try:
        with reading() as connection:
            chosen = admins.choice(connection, admin, form.password.data)
    except PasswordRefused as refusal:
        form.password.errors = (str(refusal),)
        return False
    with writing() as connection:
        admins.choose_password(connection, admin, chosen, session_value() or "")
    return True
