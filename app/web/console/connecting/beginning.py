"""``/sources/connect/KIND``: the first step of a source that is not there yet; its form makes the draft."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.exceptions import NotFound
from wtforms import Field, StringField
from wtforms.validators import InputRequired, Length

from app import registry
from app.access.roles import ADMIN
from app.database import reading, writing
from app.errors import RollcallError
from app.registry import SOURCES
from app.sources import catalog, drafts, vendors
from app.sources.adapter import SourceAdapter
from app.sources.guide import guide_of
from app.web.console.blueprint import blueprint
from app.web.console.connecting import files, steps
from app.web.console.connecting.forms import SETTING, form_of, place_error, setting_field, settings_given
from app.web.console.connecting.hand import Answer, first_tread
from app.web.console.connecting.names import free_name
from app.web.console.runs.finding import by
from app.web.console.sessions import current_admin

NAME_HINT = "Letters, digits, dots, hyphens and underscores. It stands in lists and reports."


@blueprint.fills_in("/sources/connect/<kind:kind>", ADMIN)
def connect_source(kind: str) -> Answer:
    """Show what one needs to connect a kind of source; its form makes the draft and leads on."""
    if kind not in registry.kinds(SOURCES):
        raise NotFound
    adapter: SourceAdapter = registry.source_adapter(kind)()
    if steps.takes_file(adapter):
        raise NotFound  # which file of the server is read is never said from a browser
    form = form_of(_fields(adapter))
    if not form.validate_on_submit():
        return _page(adapter, form, 422 if form.errors else 200)
    account = [option for option in adapter.options if option.name in guide_of(adapter).account]
    try:
        given = {name: value for name, value in settings_given(form, account).items() if value}
        draft = drafts.drafted(kind, form["name"].data.strip(), given, {})
        with writing() as connection:
            if adapter.needs_consent:
                vendors.enable(connection, current_admin().tenant_id, kind, by())
            known = catalog.add(connection, current_admin().tenant_id, draft, by(), as_draft=True)
    except RollcallError as error:
        place_error(form, error)
        return _page(adapter, form, 422)
    onward = steps.steps_of(adapter)[1]
    return redirect(url_for("console.connect_step", source_id=known.id, step=onward.name), 303)


@blueprint.fills_in("/sources/connect/csv", ADMIN)
def connect_file() -> Answer:
    """Show what a file must be; its form takes one, finds out what its columns mean, and makes the draft."""
    return files.begin()


def _fields(adapter: SourceAdapter) -> dict[str, Field]:
    with reading() as connection:
        name = free_name(connection, current_admin().tenant_id, adapter.kind)
    needed = [InputRequired("Give it a name."), Length(max=63)]
    fields: dict[str, Field] = {"name": StringField("Name of the connection", needed, default=name)}
    for option in adapter.options:
        if option.name in guide_of(adapter).account:
            fields[SETTING + option.name] = setting_field(option, None, is_required=True)
    return fields


def _page(adapter: SourceAdapter, form: FlaskForm, status: int) -> tuple[str, int]:
    with reading() as connection:
        is_enabled = adapter.kind in vendors.enabled(connection, current_admin().tenant_id)
    return render_template(
        "console/connecting/begin.html",
        adapter=adapter,
        guide=guide_of(adapter),
        form=form,
        name_hint=NAME_HINT,
        is_enabled=is_enabled or not adapter.needs_consent,
        trodden=first_tread(adapter),
    ), status
