"""Settings of the sign-in: the tenant's OpenID Connect provider, and whether passwords still open sessions."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.access import admins_roster, oidc
from app.access.oidc import Provider
from app.access.roles import OWNER
from app.database import reading, writing
from app.errors import WrongUse
from app.web.console.admins import trying
from app.web.console.admins.arriving import redirect_uri
from app.web.console.admins.typed import PRINTABLE
from app.web.console.blueprint import blueprint
from app.web.console.proving import Answer, proven
from app.web.console.sessions import current_admin


class ProviderForm(FlaskForm):
    """How Rollcall is registered at the provider."""

    issuer = StringField("Issuer", [InputRequired("Type the issuer's address."), Length(max=500), PRINTABLE])
    client_id = StringField("Client ID", [InputRequired("Type the client ID."), Length(max=300), PRINTABLE])
    client_secret = PasswordField("Client secret", [Length(max=1000)])
    is_required = BooleanField("Only this provider signs people in; passwords stay for owners")


@blueprint.shows("/settings/sign-in", OWNER)
def settings_sign_in() -> str:
    """Show how people sign in."""
    return _page(())


@blueprint.shows("/settings/sign-in/check", OWNER)
def check_sign_in() -> str:
    """Try the provider and show what was found, check by check."""
    provider = _provider()
    return _page(trying.checks(provider) if provider else ())


@blueprint.fills_in("/settings/sign-in/change", OWNER)
@proven
def change_sign_in() -> Answer:
    """Show the provider's settings as a form; right, they count from the next sign-in on."""
    provider = _provider()
    form = ProviderForm(obj=provider)
    if form.validate_on_submit():
        try:
            _keep(form)
        except WrongUse as error:
            field = form.client_secret if "secret" in str(error) else form.issuer
            field.errors = (str(error),)
        else:
            flash("Kept. Try it now, before anybody needs it.", "success")
            return redirect(url_for("console.settings_sign_in"), 303)
    page = render_template(
        "console/admins/provider_form.html", form=form, provider=provider, redirect_uri=redirect_uri()
    )
    return page, (422 if form.errors else 200)


@blueprint.does("/settings/sign-in/remove", OWNER)
@proven
def remove_sign_in() -> Answer:
    """Remove the provider; people sign in with passwords again."""
    admin = current_admin()
    if _provider() is None:
        abort(404)
    with writing() as connection:
        oidc.remove(connection, admin.tenant_id, f"admin:{admin.email}")
    flash(
        "The provider is removed. Who has no password needs a one-time password now: People and roles.",
        "success",
    )
    return redirect(url_for("console.settings_sign_in"), 303)


def _keep(form: ProviderForm) -> None:
    admin = current_admin()
    with writing() as connection:
        oidc.keep(
            connection,
            admin.tenant_id,
            f"admin:{admin.email}",
            issuer=form.issuer.data.strip(),
            client_id=form.client_id.data.strip(),
            client_secret=form.client_secret.data or None,
            is_required=form.is_required.data,
        )


def _page(checks: tuple[trying.Check, ...]) -> str:
    with reading() as connection:
        members = admins_roster.listed(connection, current_admin().tenant_id)
    without = [member for member in members if not member.has_password]
    return render_template(
        "console/admins/provider.html",
        provider=_provider(),
        checks=checks,
        redirect_uri=redirect_uri(),
        members=members,
        without_password=without,
    )


def _provider() -> Provider | None:
    with reading() as connection:
        return oidc.provider_of(connection, current_admin().tenant_id)
