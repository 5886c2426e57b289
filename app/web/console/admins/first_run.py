"""The first run: an installation without any admin asks for the set-up code and makes its first owner."""

from __future__ import annotations

import math

import structlog
from email_validator import EmailNotValidError, validate_email
from flask import abort, current_app, render_template
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from app.access import admins, admins_tries, passwords, setup
from app.access.passwords import PasswordRefused
from app.database import reading, writing
from app.web.console.admins import opening
from app.web.console.blueprint import blueprint
from app.web.console.password import PasswordForm
from app.web.console.proving import Answer
from app.web.console.sessions import settings

log = structlog.get_logger(__name__)
_KNOWN = "rollcall.is_set_up"
#: Under this name, which is no e-mail address, tries with the code are counted.
_TRIES = "first-run"


class FirstRunForm(PasswordForm):
    """The code that only who runs Rollcall can read, and whom the installation belongs to."""

    code = StringField("Set-up code", [InputRequired("Type the set-up code."), Length(max=100)])
    organisation = StringField(
        "Organisation", [InputRequired("Type your organisation's name."), Length(max=200)]
    )
    email = StringField("Your e-mail address", [InputRequired("Type your e-mail address."), Length(max=320)])


def is_wanted() -> bool:
    """Return whether nobody is an admin yet. The last owner stays for good, so that "no" is remembered."""
    if current_app.extensions.get(_KNOWN):
        return False
    with reading() as connection:
        wanted = setup.is_wanted(connection)
    if not wanted:
        current_app.extensions[_KNOWN] = True
    return wanted


@blueprint.fills_in("/first-run", None)
def first_run() -> Answer:
    """Show the form while there is no admin; right, it makes the tenant and its owner, who is signed in then."""
    if not is_wanted():
        abort(404)
    form = FirstRunForm()
    if form.validate_on_submit() and (answer := _set_up(form)) is not None:
        return answer
    page = render_template("console/admins/first_run.html", form=form, shortest=passwords.SHORTEST)
    return page, (422 if form.errors else 200)


def _set_up(form: FirstRunForm) -> Answer | None:
    """Return the way to the start page; None when a field says what is wrong with it."""
    slug, email = setup.slug_of(form.organisation.data), _address(form)
    if not slug:
        form.organisation.errors = ("Use some letters from a to z, so that a short name can be made of it.",)
    try:
        passwords.require_fit(form.password.data, email=email)
    except PasswordRefused as refusal:
        form.password.errors = (str(refusal),)
    if form.errors or not _knows_the_code(form):
        return None
    hashed = passwords.hashed(form.password.data)
    with writing() as connection:
        made = setup.set_up(connection, slug, email, hashed)
        if made is None:
            abort(404)
        tenant, match = made
        value = admins.open_session(connection, tenant, match, email, opening.place())
        admins_tries.forget(connection, None, _TRIES)
    setup.forget_code(settings().instance_path)
    log.info("the installation is set up", tenant=slug)
    greeting = f"Rollcall is yours. The short name of your organisation is {slug}: you sign in with it."
    return opening.welcomed(value or "", None, greeting)


def _knows_the_code(form: FirstRunForm) -> bool:
    with writing() as connection:
        wait = admins_tries.count(connection, None, _TRIES)
    if wait > 0:
        form.code.errors = (f"Too many tries. Wait {math.ceil(wait)} seconds, then try again.",)
    elif not setup.is_right(settings().instance_path, form.code.data):
        form.code.errors = ("This is not the set-up code. It stands where Rollcall was started.",)
    return not form.code.errors


def _address(form: FirstRunForm) -> str:
    try:
        return validate_email(form.email.data.strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        form.email.errors = ("This is not an e-mail address that can be used; use name@domain.",)
        return ""
