"""People and roles: who may come in, and what they may do; owners invite, change and remove."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import AnyOf, InputRequired, Length

from app.access import admins_roster, oidc, roles, tenants
from app.access.admins_roster import Member
from app.access.roles import OWNER
from app.access.tenants import Tenant
from app.database import reading, writing
from app.errors import NotFoundError, WrongUse
from app.web.console.blueprint import blueprint
from app.web.console.proving import Answer, proven
from app.web.console.sessions import current_admin


class InvitationForm(FlaskForm):
    """Whom to let in, and with which role."""

    email = StringField(
        "E-mail address", [InputRequired("Type the person's e-mail address."), Length(max=320)]
    )
    role = StringField("Role", [AnyOf(roles.BY_NAME, "Choose one of the roles.")], default=roles.HR)


@blueprint.shows("/settings/people")
def settings_people() -> str:
    """Show who may come in."""
    admin = current_admin()
    with reading() as connection:
        members = admins_roster.listed(connection, admin.tenant_id)
        provider = oidc.provider_of(connection, admin.tenant_id)
    return render_template(
        "console/admins/people.html",
        members=members,
        provider=provider,
        roles=roles.ROLES,
        labels=roles.BY_NAME,
    )


@blueprint.fills_in("/settings/people/invite", OWNER)
@proven
def invite_admin() -> Answer:
    """Show the invitation; right, it gives the one-time password, once."""
    form = InvitationForm()
    if form.validate_on_submit():
        tenant = _tenant()
        try:
            with writing() as connection:
                password = admins_roster.invite(
                    connection, tenant, form.email.data.strip(), form.role.data, _by()
                )
        except WrongUse as error:
            form.email.errors = (str(error),)
        else:
            return _password_page(form.email.data.strip(), password, "Invited")
    page = render_template("console/admins/invite.html", form=form, roles=roles.ROLES)
    return page, (422 if form.errors else 200)


@blueprint.shows("/settings/people/<number:admin_id>", OWNER)
def settings_person(admin_id: int) -> str:
    """Show one of them, with what an owner can do."""
    return render_template(
        "console/admins/person.html", member=_member(admin_id), roles=roles.ROLES, labels=roles.BY_NAME
    )


@blueprint.does("/settings/people/<number:admin_id>/role", OWNER)
@proven
def give_role(admin_id: int) -> Answer:
    """Give somebody another role."""
    _member(admin_id)
    try:
        with writing() as connection:
            role = request.form.get("role", "")
            member = admins_roster.give_role(connection, current_admin().tenant_id, admin_id, role, _by())
    except WrongUse as error:
        flash(str(error), "danger")
        return redirect(url_for("console.settings_person", admin_id=admin_id), 303)
    flash(f"{member.email} has the role {roles.BY_NAME[member.role].label} now.", "success")
    return redirect(url_for("console.settings_people"), 303)


@blueprint.does("/settings/people/<number:admin_id>/password", OWNER)
@proven
def issue_password(admin_id: int) -> Answer:
    """Give somebody a new one-time password, shown once."""
    member, tenant = _member(admin_id), _tenant()
    with writing() as connection:
        password = admins_roster.issue_password(connection, tenant, admin_id, _by())
    return _password_page(member.email, password, "New one-time password")


@blueprint.does("/settings/people/<number:admin_id>/remove", OWNER)
@proven
def remove_admin(admin_id: int) -> Answer:
    """Remove somebody, who is signed out at once."""
    _member(admin_id)
    try:
        with writing() as connection:
            member = admins_roster.remove(connection, current_admin().tenant_id, admin_id, _by())
    except WrongUse as error:
        flash(str(error), "danger")
        return redirect(url_for("console.settings_person", admin_id=admin_id), 303)
    flash(f"{member.email} is removed and signed out.", "success")
    return redirect(url_for("console.settings_people"), 303)


def _password_page(email: str, password: str, title: str) -> str:
    with reading() as connection:
        provider = oidc.provider_of(connection, current_admin().tenant_id)
    return render_template(
        "console/admins/one_time.html", email=email, password=password, title=title, provider=provider
    )


def _member(admin_id: int) -> Member:
    """Return an admin of the tenant; ends in 404 when there is none with this number."""
    with reading() as connection:
        try:
            return admins_roster.with_id(connection, current_admin().tenant_id, admin_id)
        except NotFoundError:
            abort(404)


def _tenant() -> Tenant:
    with reading() as connection:
        tenant = tenants.with_id(connection, current_admin().tenant_id)
    assert tenant is not None  # the session belongs to it
    return tenant


def _by() -> str:
    return f"admin:{current_admin().email}"
