"""Forms that are made of an adapter's options, and refusals that find their field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from app.errors import RollcallError
from app.sources.records import Option
from app.web.console.runs.wording import plain

SETTING, SECRET = "set_", "secret_"
YES_NO = ("yes", "no")
_LONGEST = 2000
#: "base_url='x' cannot be called: …": the setting that a refusal is about, and the rest.
_ABOUT = re.compile(r"(?P<name>[a-z][a-z0-9_]*)(?:=|: )")
#: Option → its words as a person reads them; any other has its label.
WORDS = {
    "include_salary": "Take over pay",
    "include_gender": "Take over the gender",
    "include_date_of_birth": "Take over the date of birth",
    "include_national_id": "Take over the national id (SSN)",
}
HINTS = {
    "include_salary": "Off: pay is dropped where it is read, before anything is stored. On: it is stored encrypted "
    "and shown in no list, log or report.",
    "include_national_id": "Stored encrypted; who looks at it is recorded.",
}


def form_of(fields: Mapping[str, Field]) -> FlaskForm:
    """Return a form with these fields, bound to the request."""
    return type("OptionsForm", (FlaskForm,), dict(fields))()


def setting_field(option: Option, value: str | None, *, is_required: bool = False) -> Field:
    """Return the field of a setting: a switch, a choice, or a text."""
    label, current = (
        WORDS.get(option.name, option.label),
        value if value is not None else option.default or "",
    )
    hint = HINTS.get(option.name, "")
    if option.choices == YES_NO:
        return BooleanField(label, default=current == "yes", description=hint)
    if option.choices:
        return SelectField(
            label, choices=[SelectChoice(c, c) for c in option.choices], default=current, description=hint
        )
    needed = [InputRequired(f"Fill this in: {option.label}.")] if is_required else []
    return StringField(label, [*needed, Length(max=_LONGEST)], default=current, description=hint)


def secret_field(option: Option, *, is_required: bool) -> Field:
    """Return the field of a secret; what is kept never comes back to the browser."""
    needed = [InputRequired(f"Fill this in: {option.label}.")] if is_required else []
    return PasswordField(option.label, [*needed, Length(max=_LONGEST)])


def settings_given(form: FlaskForm, options: Iterable[Option]) -> dict[str, str]:
    """Return what a form says of settings; an empty text takes one back."""
    given = {}
    for option in options:
        bound = form[SETTING + option.name]
        given[option.name] = _word(bound.data)
    return given


def _word(data: Any) -> str:
    if isinstance(data, bool):
        return "yes" if data else "no"
    return (data or "").strip()


def place_error(form: FlaskForm, error: RollcallError) -> None:
    """Put a refusal at the field that it names, else at the head of the form."""
    words = plain(str(error))
    found = _ABOUT.match(str(error))
    for prefix in (SETTING, SECRET, ""):
        if found and prefix + found["name"] in form:
            bound = form[prefix + found["name"]]
            bound.errors = [*bound.errors, words]
            return
    form.form_errors.append(words)
