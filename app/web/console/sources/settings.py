"""The settings of a source: how often it is imported, who hears of it, and what is read."""

from __future__ import annotations

import re
from typing import Any

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from app.access.roles import ADMIN, includes
from app.database import reading, writing
from app.errors import WrongUse
from app.sources import catalog, drafts
from app.sources.catalog import Source
from app.sources.errors import MappingError
from app.web.console.blueprint import blueprint
from app.web.console.runs.finding import by
from app.web.console.runs.wording import plain
from app.web.console.sessions import current_admin
from app.web.console.sources.finding import source_here
from app.web.console.sources.settings_form import (
    OWN,
    CommonForm,
    changed_settings,
    form_of,
    is_confidential,
    is_switch,
    own_options,
    zones,
)
from app.web.console.sources.tabs import tab
from app.web.console.sources.wording import schedule_words

Answer = str | Response | tuple[str, int]
_NAMES = re.compile(r"[a-z_]+(?==)|^work_email(?=:)|^There is no time zone")
#: Setting whose value is refused → the field at which it is told, where the names differ.
_FIELDS = {"schedule": "frequency", "There is no time zone": "zone", "work_email": "mail_template"}


@blueprint.shows("/sources/<number:source_id>/settings")
def source_settings(source_id: int) -> str:
    """Show the settings of a source."""
    with reading() as connection:
        known = source_here(connection, source_id)
    return _shown(known, form_of(known))


@blueprint.does("/sources/<number:source_id>/settings", ADMIN)
def change_source_settings(source_id: int) -> Answer:
    """Keep changed settings; show the form again with what is wrong in it."""
    with reading() as connection:
        known = source_here(connection, source_id)
    form = form_of(known)
    if not form.validate():
        return _shown(known, form), 422
    given = changed_settings(known, form)
    if not given:
        flash("Nothing was changed.", "info")
        return redirect(url_for("console.source_settings", source_id=source_id), 303)
    try:
        with writing() as connection:
            known = source_here(connection, source_id, to_change=True)
            draft = drafts.redrafted(known, given, {})
            changed = catalog.change(connection, known.tenant_id, draft, by())
    except MappingError as error:
        _put_at_its_field(form, "; ".join(error.problems))
        return _shown(known, form), 422
    except WrongUse as error:
        _put_at_its_field(form, str(error))
        return _shown(known, form), 422
    flash(_what_happens(changed), "success")
    return redirect(url_for("console.source_settings", source_id=source_id), 303)


def _put_at_its_field(form: CommonForm, message: str) -> None:
    """Show what is refused at the field that it is about; at the first one when it names none."""
    found = _NAMES.search(message)
    name = _FIELDS.get(found[0], found[0]) if found else ""
    fields = form._fields
    field: Any = fields.get(name) or fields.get(OWN + name) or form.frequency
    field.errors = [*field.errors, plain(message.removeprefix("work_email: "))]


def _what_happens(changed: Source) -> str:
    when = schedule_words(changed.schedule)
    is_active = changed.state == "active"
    sentence = f"It is imported {when[:1].lower()}{when[1:]}." if is_active else "Its schedule stands still."
    return (
        f"Saved. {sentence} The next import reads everything again, so that the settings count for everybody."
    )


def _shown(known: Source, form: CommonForm) -> str:
    own = [(option, form[OWN + option.name]) for option in own_options(known)]
    return tab(
        "settings.html",
        known,
        form=form,
        may_change=includes(current_admin().role, ADMIN),
        confidential=[field for option, field in own if is_confidential(option)],
        switches=[field for option, field in own if is_switch(option) and not is_confidential(option)],
        technical=[(option, field) for option, field in own if not is_switch(option)],
        zones=zones(),
        has_errors=bool(form.errors),
    )
