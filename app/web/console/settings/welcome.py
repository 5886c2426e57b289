"""The welcome mail: what new members are written to."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.access.roles import ADMIN
from app.database import reading, writing
from app.errors import RollcallError
from app.notices import letters
from app.notices.delivering import missing_for_mail
from app.sources import catalog, welcome
from app.sources.welcome import LONGEST_SUBJECT, LONGEST_TEXT, SUBJECT, TEXT, Welcome
from app.web.console.blueprint import blueprint
from app.web.console.proving import Answer
from app.web.console.sessions import current_admin, settings

#: Somebody for the preview.
SOMEBODY = {"name": {"givenName": "Maya", "familyName": "Okafor"}, "displayName": "Maya Okafor"}
#: How a refusal begins → the field that it is about.
_ABOUT = (("The subject", "subject"), ("The text", "text"), ("link=", "link"))


class WelcomeForm(FlaskForm):
    """The mail with its placeholders."""

    subject = StringField("Subject", [InputRequired("Type a subject."), Length(max=LONGEST_SUBJECT)])
    text = TextAreaField("Text", [InputRequired("Type a text."), Length(max=LONGEST_TEXT)])
    link = StringField(
        "Where the link leads", [InputRequired("Type the address where new members begin."), Length(max=2000)]
    )


@blueprint.shows("/settings/welcome")
def settings_welcome() -> str:
    """Show the mail as somebody gets it, who gets it, and how many were sent."""
    tenant_id = current_admin().tenant_id
    with reading() as connection:
        found = welcome.of_tenant(connection, tenant_id)
        sources = catalog.listed(connection, tenant_id)
        mails = letters.counted(connection, tenant_id, letters.WELCOME)
    senders = [each for each in sources if each.settings.get("welcome") == "yes"]
    return render_template(
        "console/settings/welcome.html",
        welcome=found,
        example=found.filled(SOMEBODY) if found else None,
        senders=senders,
        sources=sources,
        mails=mails,
        missing=missing_for_mail(settings()),
    )


@blueprint.fills_in("/settings/welcome/edit", ADMIN)
def edit_welcome() -> Answer:
    """Show the form of the mail; sent, keep it."""
    admin = current_admin()
    with reading() as connection:
        found = welcome.of_tenant(connection, admin.tenant_id)
    form = WelcomeForm(obj=found or Welcome(SUBJECT, TEXT, ""))
    if form.validate_on_submit() and _kept(form):
        flash("The welcome mail is set. This is how somebody gets it.", "success")
        return redirect(url_for("console.settings_welcome"), 303)
    page = render_template("console/settings/welcome_edit.html", form=form, is_set=found is not None)
    return page, (422 if form.errors else 200)


def _kept(form: WelcomeForm) -> bool:
    """Keep the mail; False when a field now says what is wrong with it."""
    admin = current_admin()
    text = (form.text.data or "").replace("\r\n", "\n")
    try:
        with writing() as connection:
            wanted = Welcome(form.subject.data, text, form.link.data.strip())
            welcome.keep(connection, admin.tenant_id, wanted, f"admin:{admin.email}")
    except RollcallError as refusal:
        field = next((name for start, name in _ABOUT if str(refusal).startswith(start)), "text")
        is_link = field == "link"
        form[field].errors = ["This is no web address; write https://…" if is_link else str(refusal)]
        return False
    return True


@blueprint.does("/settings/welcome/off", ADMIN)
def welcome_off() -> Response:
    """Forget the mail; nobody gets one until it is set again."""
    admin = current_admin()
    with writing() as connection:
        was_set = welcome.remove(connection, admin.tenant_id, f"admin:{admin.email}")
    flash(
        "New members get no welcome mail any more." if was_set else "No welcome mail was set.",
        "success" if was_set else "info",
    )
    return redirect(url_for("console.settings_welcome"), 303)
