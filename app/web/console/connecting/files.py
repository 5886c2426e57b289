"""The first step of a file: it is sent by the browser, and what its columns mean is found out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from wtforms import FileField, StringField
from wtforms.validators import InputRequired, Length

from app import registry
from app.database import reading, writing
from app.errors import RollcallError
from app.sources import catalog, drafts
from app.sources.adapter import SourceAdapter, SourceContext
from app.sources.drafts import GUESS, Draft
from app.sources.errors import MappingError
from app.sources.guessing import ORDERS
from app.sources.guide import guide_of
from app.sources.mapping_writing import Parts
from app.web.console import sessions
from app.web.console.connecting import steps, uploads
from app.web.console.connecting.hand import Answer, Hand, change, first_tread
from app.web.console.connecting.names import free_name
from app.web.console.runs.finding import by
from app.web.console.runs.wording import plain
from app.web.console.sessions import current_admin

KIND = "csv"
_TWO_WAYS = "Some dates of this file can be read in two ways. Choose below which one is right."
_NOT_FOUND_OUT = "What the columns mean could not be found out: {why} Say it under Mapping."

for _endpoint in ("console.connect_file", "console.replace_file"):
    sessions.LARGER_BODIES[_endpoint] = uploads.LARGEST_FILE + sessions.LARGEST_FORM


class FileForm(FlaskForm):
    """A file, and what the connection is called."""

    name = StringField("Name of the connection", [InputRequired("Give it a name."), Length(max=63)])
    file = FileField("CSV file")


def begin() -> Answer:
    """Show what a file must be; its form takes one and makes the draft."""
    tenant_id = current_admin().tenant_id
    with reading() as connection:
        form = FileForm(
            data=None if request.method == "POST" else {"name": free_name(connection, tenant_id, KIND)}
        )
    if not form.validate_on_submit():
        return _page(form, 422 if form.errors else 200)
    sent = _sent(form)
    if sent is None:
        return _page(form, 422)
    path = uploads.keep(tenant_id, sent)
    try:
        draft, warning = _drafted(form.name.data.strip(), path)
        with writing() as connection:
            known = catalog.add(connection, tenant_id, draft, by(), as_draft=True)
    except RollcallError as error:
        uploads.forget(tenant_id, str(path))
        form.file.errors = [*form.file.errors, _without_path(error, path)]
        return _page(form, 422)
    if warning:
        flash(warning, "warning")
    return redirect(url_for("console.connect_step", source_id=known.id, step=steps.CHOICES.name), 303)


def page(hand: Hand) -> Answer:
    """Show how the file is read; another one may take its place."""
    form = FileForm(data={"name": hand.known.name} if request.method != "POST" else None)
    columns, problem = _columns(hand)
    facts: dict[str, Any] = {
        "form": form,
        "columns": columns,
        "problem": problem,
        "largest": uploads.LARGEST_FILE >> 20,
    }
    if request.method != "POST":
        return hand.page(**facts)
    if not form.file.data:
        return hand.onward()
    sent = _sent(form)
    if sent is None:
        return hand.page(422, **facts)
    path = uploads.keep(hand.known.tenant_id, sent)
    try:
        refit(hand, {steps.FILE_OPTION: str(path)})
    except RollcallError as error:
        uploads.forget(hand.known.tenant_id, str(path))
        form.file.errors = [*form.file.errors, _without_path(error, path)]
        return hand.page(422, **facts)
    uploads.forget(hand.known.tenant_id, hand.known.settings[steps.FILE_OPTION])
    flash("The new file is read from now on.", "success")
    return hand.onward()


def refit(hand: Hand, given: Mapping[str, str]) -> None:
    """Change how a file is read. The mapping of a draft that does not fit its columns any more is guessed anew.

    :raises WrongSource: the file cannot be read so, or its columns are not those that the mapping reads.
    """
    try:
        change(hand.known, given)
    except MappingError:
        if hand.known.is_published or "mapping" in given:
            raise
        change(hand.known, {**given, "mapping": GUESS})
        flash("The file has other columns now, so the mapping was made anew. Look at it.", "warning")


def _page(form: FileForm, status: int) -> tuple[str, int]:
    adapter: SourceAdapter = registry.source_adapter(KIND)()
    return render_template(
        "console/connecting/begin_file.html",
        adapter=adapter,
        guide=guide_of(adapter),
        form=form,
        largest=uploads.LARGEST_FILE >> 20,
        trodden=first_tread(adapter),
    ), status


def _sent(form: FileForm) -> FileStorage | None:
    """Return the file that a form brings; None, and said at its field, when there is none or it is too large."""
    sent = form.file.data
    if not isinstance(sent, FileStorage) or not sent.filename:
        form.file.errors = [*form.file.errors, "Choose a CSV file."]
        return None
    size = sent.stream.seek(0, 2)
    sent.stream.seek(0)
    if not 0 < size <= uploads.LARGEST_FILE:
        most = uploads.LARGEST_FILE >> 20
        words = "The file is empty." if size == 0 else f"The file is larger than {most} MB."
        form.file.errors = [*form.file.errors, words]
        return None
    return sent


def _drafted(name: str, path: Path) -> tuple[Draft, str]:
    """Return the draft of a file with the mapping that its columns suggest, and what is still to be said."""
    given = {steps.FILE_OPTION: str(path)}
    try:
        return drafts.drafted(KIND, name, {**given, "mapping": GUESS}, {}), ""
    except MappingError as error:
        why = " ".join(error.problems)
    for order in ORDERS:
        try:
            return drafts.drafted(KIND, name, {**given, "mapping": GUESS, "dates": order}, {}), _TWO_WAYS
        except MappingError:
            continue
    warning = _NOT_FOUND_OUT.format(why=f"{why[:1].upper()}{why[1:]}.")
    return drafts.drafted(KIND, name, {**given, "mapping": _first_column(path)}, {}), warning


def _first_column(path: Path) -> str:
    """Return a mapping that adds nobody: only the first column is the key."""
    adapter: SourceAdapter = registry.source_adapter(KIND)()
    columns = adapter.record_fields(SourceContext("", {steps.FILE_OPTION: str(path)}))
    first = columns[0].name
    return Parts({"key": first}, {}, {"enterprise.employeeNumber": first}).text()


def _columns(hand: Hand) -> tuple[list[str], str]:
    try:
        return [field.name for field in hand.adapter.record_fields(hand.known.context())], ""
    except RollcallError as error:
        return [], _without_path(error, Path(hand.known.settings[steps.FILE_OPTION]))


def _without_path(error: RollcallError, path: Path) -> str:
    return plain(str(error).replace(str(path), "The file"))
