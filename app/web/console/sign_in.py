"""Signing in and out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flask import redirect, render_template, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length, Regexp

from app.access import admins, tenants
from app.access.tenants import Tenant
from app.database import reading, writing
from app.errors import NotFoundError
from app.web.console.blueprint import blueprint
from app.web.console.sessions import drop_session_cookie, session_value, set_session_cookie

WRONG = "Tenant, e-mail address and password do not belong together. Check all three and try again."
Answer = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]


_PRINTABLE = Regexp(r"[^\x00-\x1f\x7f]*\Z", message="Leave out characters that cannot be seen.")


class SignInForm(FlaskForm):
    """The three things that an admin signs in with."""

    tenant = StringField(
        "Tenant",
        [InputRequired("Type the tenant's short name, for example demo."), Length(max=63), _PRINTABLE],
    )
    email = StringField(
        "E-mail address", [InputRequired("Type your e-mail address."), Length(max=320), _PRINTABLE]
    )
    password = PasswordField("Password", [InputRequired("Type your password."), Length(max=1000)])


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a try: the session it opened, or the seconds to wait; neither when it was wrong."""

    session: str | None = None
    wait: float = 0.0


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Answer:
    """Show the sign-in page; a right password opens a session and leads to the start page."""
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("console/sign_in.html", form=form), (422 if form.errors else 200)
    outcome = _try(form.tenant.data.strip().lower(), form.email.data.strip(), form.password.data)
    if outcome.session is not None:
        session.clear()  # a form made before the sign-in is not good after it
        response = redirect(url_for("console.start"), 303)
        set_session_cookie(response, outcome.session)
        return response
    if outcome.wait:
        seconds = str(math.ceil(outcome.wait))
        message = f"Too many tries with this address. Wait {seconds} seconds, then try again."
        return (
            render_template("console/sign_in.html", form=form, refusal=message),
            429,
            {"Retry-After": seconds},
        )
    return render_template("console/sign_in.html", form=form, refusal=WRONG), 403


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session on the server and in the browser."""
    _close(session_value())
    session.clear()
    response = redirect(url_for("console.sign_in"), 303)
    drop_session_cookie(response)
    return response


def _try(slug: str, email: str, password: str) -> _Outcome:
    """Verify a password. The try is counted before, so that guesses sent all at once are counted too."""
    tenant = _tenant(slug)
    with writing() as connection:
        wait = admins.count_try(connection, tenant, email)
    if wait > 0:
        return _Outcome(wait=wait)
    with reading() as connection:
        match = admins.verified(connection, tenant, email, password)
    if tenant is None or match is None:
        return _Outcome()
    _close(session_value())
    with writing() as connection:
        return _Outcome(session=admins.open_session(connection, tenant, match, email))


def _tenant(slug: str) -> Tenant | None:
    with reading() as connection:
        try:
            return tenants.named(connection, slug)
        except NotFoundError:
            return None


def _close(value: str | None) -> None:
    if value:
        with writing() as connection:
            admins.close_session(connection, value)
