"""Pinning a value: somebody decides, and no source and no client changes it until it is let go."""

from __future__ import annotations

import time

from flask import flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import Length

from app import directory
from app.access.roles import HR
from app.database import reading, writing
from app.directory.documents import forms_of
from app.errors import NotFoundError, WrongUse
from app.sources import pins, pushing
from app.sources.fields import TargetField
from app.sources.precedence import field_named, path_of
from app.web.console.blueprint import blueprint
from app.web.console.field_words import field_words
from app.web.console.people.fields import Field, fields_of, shown
from app.web.console.people.someone import employee, someone
from app.web.console.proving import Answer
from app.web.console.sessions import current_admin
from scim.errors import ScimError


class PinForm(FlaskForm):
    """The value that is to stand, and why."""

    value = StringField("Value that stays", [Length(max=2000)])
    note = StringField("Why", [Length(max=pins.LONGEST_NOTE)])


@blueprint.fills_in("/people/<employee:employee_id>/pin", HR)
def pin_value(employee_id: str) -> Answer:
    """Ask for the value of a field that is to stay, and pin it."""
    field, form = _field(request.args.get("field", "")), PinForm()
    with reading() as connection:
        found = employee(connection, employee_id)
        who, now = someone(connection, found), _now(connection, found, field)
        is_masked = forms_of(found.resource_type).is_concealed(path_of(field))
        values = directory.flatten(found.document)
    if not form.is_submitted() and not is_masked:
        form.value.data = shown(values[path_of(field)]) if path_of(field) in values else ""
    if form.validate_on_submit():
        try:
            _pin(employee_id, field, _chosen(form, is_masked=is_masked), form.note.data or "")
        except (WrongUse, ScimError) as refusal:
            form.value.errors = (_complaint(refusal, field),)
        else:
            flash(f"{field_words(field.name)} of {who.name} is pinned.", "success")
            return redirect(url_for("console.person_fields", employee_id=employee_id), 303)
    page = render_template(
        "console/people/pin.html", who=who, form=form, now=now, field=field, words=field_words(field.name),
        is_masked=is_masked,
    )  # fmt: skip
    return page, (422 if form.errors else 200)


@blueprint.does("/people/<employee:employee_id>/unpin", HR)
def unpin_value(employee_id: str) -> Response:
    """Let a pinned value go."""
    field, admin = _field(request.form.get("field", "")), current_admin()
    try:
        with writing() as connection:
            employee(connection, employee_id)
            pins.take_away(connection, admin.tenant_id, employee_id, field, _actor())
        flash(
            f"{field_words(field.name)} is not pinned any more; what the sources say counts with their next import.",
            "success",
        )
    except NotFoundError:
        flash(f"{field_words(field.name)} is not pinned; somebody has let it go already.", "warning")
    return redirect(url_for("console.person_fields", employee_id=employee_id), 303)


def _field(name: str) -> TargetField:
    try:
        return field_named(name)
    except WrongUse as unknown:
        raise NotFound from unknown


def _actor() -> directory.Actor:
    return directory.Actor("admin", current_admin().email)


def _now(connection: Connection, found: directory.Resource, field: TargetField) -> Field | None:
    """Return the field as it stands, None when nothing is known of it."""
    return next((each for each in fields_of(connection, found) if each.path == path_of(field)), None)


def _chosen(form: PinForm, *, is_masked: bool) -> str | None:
    """Return the value to pin, None for the one that stands: a masked one is not typed again."""
    typed = form.value.data or ""
    return None if is_masked and not typed.strip() else typed


def _pin(employee_id: str, field: TargetField, value: str | None, note: str) -> None:
    """Pin a value, and write it once more when every process knows of the pin: a client may have come between."""
    tenant_id = current_admin().tenant_id
    with writing() as connection:
        chosen = pins.AS_IT_IS if value is None else value
        pins.put(connection, tenant_id, employee_id, field, _actor(), value=chosen, note=note)
    if value is None:
        return
    time.sleep(pushing.BELIEF_SECONDS)
    with writing() as connection:
        directory.merge(connection, tenant_id, employee_id, _actor(), pins.fragment_with(field, value))


def _complaint(refusal: Exception, field: TargetField) -> str:
    """Return what is wrong with a value, with the field in HR words."""
    text = str(getattr(refusal, "detail", "") or refusal).removeprefix(f"{field.name}: ")
    return text[:1].upper() + text[1:]
