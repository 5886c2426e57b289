"""Signing in with a password, and signing out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flask import redirect, render_template, request, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.access import admins, admins_roster, admins_tries, oidc
from app.access.oidc import Provider
from app.access.roles import OWNER, VIEWER
from app.access.tenants import Tenant
from app.database import reading, writing
from app.web.console.admins import first_run, opening
from app.web.console.admins.typed import PRINTABLE
from app.web.console.blueprint import blueprint
from app.web.console.sessions import drop_session_cookie, own_path, session_value

WRONG = "Tenant, e-mail address and password do not belong together. Check all three and try again."
Answer = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]


class SignInForm(FlaskForm):
    """The three things that an admin signs in with, and the page that was wanted."""

    tenant = StringField(
        "Tenant",
        [InputRequired("Type the tenant's short name, for example demo."), Length(max=63), PRINTABLE],
    )
    email = StringField(
        "E-mail address", [InputRequired("Type your e-mail address."), Length(max=320), PRINTABLE]
    )
    password = PasswordField("Password", [InputRequired("Type your password."), Length(max=1000)])
    next = HiddenField()


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a try: the session it opened, the seconds to wait, or why it opened none."""

    session: str | None = None
    wait: float = 0.0
    refusal: str = WRONG


@blueprint.fills_in("/sign-in", None)
def sign_in() -> Answer:
    """Show the sign-in page; a right password opens a session and leads to the page that was wanted."""
    if first_run.is_wanted():
        return redirect(url_for("console.first_run"), 303)
    form = SignInForm()
    if not form.is_submitted():
        form.tenant.data = request.args.get("tenant", "")[:63]
        form.next.data = own_path(request.args.get("next"), "")
    elif form.validate():
        return _answer(form)
    return _page(form), (422 if form.errors else 200)


@blueprint.does("/sign-out", VIEWER)
def sign_out() -> Response:
    """End the session on the server and in the browser."""
    opening.close(session_value())
    session.clear()
    response = redirect(url_for("console.sign_in"), 303)
    drop_session_cookie(response)
    return response


def _answer(form: SignInForm) -> Answer:
    outcome = _try(form.tenant.data.strip().lower(), form.email.data.strip(), form.password.data)
    if outcome.session is not None:
        return opening.welcomed(outcome.session, form.next.data)
    if outcome.wait:
        seconds = str(math.ceil(outcome.wait))
        message = f"Too many tries with this address. Wait {seconds} seconds, then try again."
        return _page(form, message), 429, {"Retry-After": seconds}
    return _page(form, outcome.refusal), 403


def _page(form: SignInForm, refusal: str = "") -> str:
    provider = _provider(opening.tenant_called((form.tenant.data or "").strip().lower()))
    return render_template("console/sign_in.html", form=form, refusal=refusal, provider=provider)


def _provider(tenant: Tenant | None) -> Provider | None:
    if tenant is None:
        return None
    with reading() as connection:
        return oidc.provider_of(connection, tenant.id)


def _try(slug: str, email: str, password: str) -> _Outcome:
    """Verify a password. The try is counted before, so that guesses sent all at once are counted too."""
    tenant = opening.tenant_called(slug)
    with writing() as connection:
        wait = admins_tries.count(connection, tenant, email)
    if wait > 0:
        return _Outcome(wait=wait)
    with reading() as connection:
        match = admins.verified(connection, tenant, email, password)
    if tenant is None or match is None:
        return _Outcome()
    if refusal := _must_go_elsewhere(tenant, match.admin_id):
        return _Outcome(refusal=refusal)
    opening.close(session_value())
    with writing() as connection:
        return _Outcome(session=admins.open_session(connection, tenant, match, email, opening.place()))


def _must_go_elsewhere(tenant: Tenant, admin_id: int) -> str:
    """Return why a right password opens nothing: the tenant's provider is required, and this is no owner."""
    provider = _provider(tenant)
    if provider is None or not provider.is_required:
        return ""
    with reading() as connection:
        member = admins_roster.with_id(connection, tenant.id, admin_id)
    if member.role == OWNER:
        return ""
    return f"This organisation signs in with {provider.host}. Use the button for that; passwords open nothing here."
