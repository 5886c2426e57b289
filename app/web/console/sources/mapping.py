"""The mapping of a source in HR words, and a look at what its first records become."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from app.access.roles import HR
from app.database import reading
from app.errors import RollcallError
from app.sources import previewing
from app.sources.errors import SourceError
from app.sources.patience import patient_context
from app.web.console.blueprint import blueprint
from app.web.console.field_words import field_words
from app.web.console.runs.changes import shown
from app.web.console.runs.fixes import fix_of
from app.web.console.runs.rows import worded
from app.web.console.runs.wording import plain
from app.web.console.sources.finding import source_here
from app.web.console.sources.rule_lines import example_of, told_of
from app.web.console.sources.tabs import tab

LOOKED_AT = 5


@blueprint.shows("/sources/<number:source_id>/mapping")
def source_mapping(source_id: int) -> str:
    """Show where each field of a person comes from; nobody is called for it."""
    with reading() as connection:
        known = source_here(connection, source_id)
        example = example_of(connection, known)
    told, problem = None, ""
    try:
        told = told_of(known, known.compiled_mapping(known.context()), example)
    except SourceError as error:
        problem = plain(str(error))
    return tab("mapping.html", known, told=told, example=example, problem=problem)


@blueprint.shows("/sources/<number:source_id>/mapping/look", HR)
def look_at_source(source_id: int) -> str | Response:
    """Show what the first records of the source become now; changes nobody, and calls the vendor."""
    with reading() as connection:
        known = source_here(connection, source_id)
    try:
        found = previewing.previewed(known, patient_context(known), LOOKED_AT)
        records = [_looked_at(record) for record in found]
    except RollcallError as error:
        flash(f"{known.name} could not be looked at. {plain(str(error))}", "danger")
        return redirect(url_for("console.source_mapping", source_id=source_id), 303)
    return tab("look.html", known, records=records)


def _looked_at(record: dict[str, Any]) -> dict[str, Any]:
    problems = [
        {
            "title": fix_of(each["code"]).title,
            "reason": worded(each["reason"]),
            "way_out": fix_of(each["code"]).way_out,
        }
        for each in record["problems"]
    ]
    fields = {field_words(name): shown(value) for name, value in record["fields"].items()}
    return {**record, "fields": fields, "problems": problems}
