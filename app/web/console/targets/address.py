"""Where a target is and with what key: the second step of the wizard, and later the page that changes both."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from app.access.roles import ADMIN
from app.database import writing
from app.errors import WrongUse
from app.provisioning import kinds as provisioning_kinds
from app.provisioning import resync, targets
from app.provisioning.targets import Target
from app.web.console.blueprint import blueprint
from app.web.console.proving import proven
from app.web.console.sessions import current_admin
from app.web.console.targets.asking import Answer, actor, complaint, is_draft, known, target_of, to
from app.web.console.targets.kinds import Kind, choices_of, kind_named
from app.web.console.targets.notes import belongs_to_source

#: How a refusal begins → the field that it is about.
_PLACES = (
    ("--url", "url"),
    ("--secret token", "token"),
    ("--auth-header", "auth_header"),
    ("A target", "name"),
)
_OWN = "own_"


class AddressForm(FlaskForm):
    """Name, address and key; the fields of the kind's own settings stand beside them."""

    name = StringField("What should it be called here?", [InputRequired("Give it a name."), Length(max=100)])
    url = StringField("Address", [InputRequired("Type its address.")])
    token = PasswordField("Token")
    auth_header = StringField("HTTP header that carries the key")


def _form(kind: Kind, target: Target | None) -> Any:
    """Return the form of a kind, with what a target has already."""
    fields = {f"{_OWN}{own.name}": _own_field(kind, own) for own in kind.own}
    made = type("KindForm", (AddressForm,), fields)
    shown = {"name": kind.name, "url": kind.address}
    if target is not None:
        usual, _ = provisioning_kinds.credentials_place(target.adapter)
        header = "" if target.auth_header.lower() == usual.lower() else target.auth_header
        shown = {"url": target.url, "auth_header": header}
        shown |= {f"{_OWN}{own.name}": str(target.settings.get(own.name, "")) for own in kind.own}
    form = made(data=shown)
    if target is not None:
        del form.name
    form.token.label.text = kind.token_label
    return form


def _own_field(kind: Kind, own: Any) -> Any:
    choices = choices_of(kind, own)
    if choices:
        return SelectField(own.label, choices=[SelectChoice(*each) for each in choices.items()])
    return StringField(own.label, [Length(max=200)])


@blueprint.fills_in("/targets/connect/<kind:kind>/address", ADMIN)
def new_target(kind: str) -> Answer:
    """Ask for name, address and key; what comes of it is a paused target, whose set-up goes on with checks."""
    introduced = kind_named(kind)
    if introduced.source is not None:
        return redirect(url_for("console.connect_target", kind=kind), 303)
    form = _form(introduced, None)
    if form.validate_on_submit() and _has_key(form):
        try:
            with writing() as connection:
                made = targets.add(
                    connection,
                    current_admin().tenant_id,
                    actor(),
                    kind=kind,
                    name=form.name.data.strip(),
                    url=form.url.data.strip(),
                    auth_header=form.auth_header.data or None,
                    token=form.token.data,
                    options=_options(form, introduced, {}),
                    paused=True,
                )
        except WrongUse as error:
            _place(form, error)
        else:
            return to("check_target", made)
    page = render_template("console/targets/address.html", kind=introduced, form=form, target=None)
    return page, (422 if form.errors else 200)


@blueprint.fills_in("/targets/<number:target_id>/address", ADMIN)
@proven
def change_address(target_id: int) -> Answer:
    """Change address and key; an empty key keeps the old one, which ``targets.change`` lets go to no other system."""
    target = known(target_id)
    if target.source_id is not None:
        return belongs_to_source(target)
    introduced = kind_named(target.kind)
    form = _form(introduced, target)
    if form.validate_on_submit():
        try:
            return _changed(target, introduced, form)
        except WrongUse as error:
            _place(form, error)
    page = render_template("console/targets/address.html", kind=introduced, form=form, target=target)
    return page, (422 if form.errors else 200)


def _changed(target: Target, introduced: Kind, form: Any) -> Response:
    with writing() as connection:
        now = target_of(connection, target.id)
        changed = targets.change(
            connection,
            now,
            actor(),
            url=form.url.data.strip(),
            auth_header=form.auth_header.data or _usual_header(now, form, introduced),
            token=form.token.data or None,
            options=_options(form, introduced, now.settings),
        )
        if not is_draft(changed):
            resync.after_change_of_settings(connection, changed)
    return to("check_target", target)


def _usual_header(target: Target, form: Any, introduced: Kind) -> str:
    """Return the header that the adapter of the chosen settings names."""
    settings = dict(target.settings) | _options(form, introduced, target.settings)
    return provisioning_kinds.credentials_place(provisioning_kinds.adapter_for(target.kind, settings))[0]


def _options(form: Any, introduced: Kind, held: Any) -> dict[str, str]:
    """Return the kind's own settings that were changed."""
    typed = {own.name: (form[f"{_OWN}{own.name}"].data or "").strip() for own in introduced.own}
    return {name: text for name, text in typed.items() if text != str(held.get(name, ""))}


def _has_key(form: Any) -> bool:
    if form.token.data:
        return True
    form.token.errors = [f"{form.token.label.text}: paste it here."]
    return False


def _place(form: Any, error: WrongUse) -> None:
    """Put a refusal at the field that it is about; one about a kind's own setting at that, else at the address."""
    text = str(error)
    place = next((name for start, name in _PLACES if text.startswith(start)), None)
    own = next((f.name for f in form if f.name.startswith(_OWN) and f.name.removeprefix(_OWN) in text), "url")
    form[place or own].errors = [complaint(error, form.url.data)]
