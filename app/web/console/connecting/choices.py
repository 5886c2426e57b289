"""Step 4, choices: when it is imported, how dates are read, work addresses, welcome mail, what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flask import request
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, Length, Optional, Regexp

from app.database import reading
from app.errors import RollcallError
from app.sources import welcome
from app.sources.adapter import WritesBack
from app.sources.mapping_writing import date_order, parts_of, with_date_order
from app.sources.records import Option
from app.web.console.connecting import dates, files, steps, timing
from app.web.console.connecting.credentials import CONNECTION
from app.web.console.connecting.forms import (
    SETTING,
    YES_NO,
    form_of,
    place_error,
    setting_field,
    settings_given,
)
from app.web.console.connecting.hand import Answer, Hand, change
from app.web.console.connecting.sampling import sample_of

TEMPLATE = "template"
_KEEP = ""
#: Settings that other fields of the form say.
_SAID_ELSEWHERE = frozenset({steps.FILE_OPTION, "dates"})
_TIME = Regexp(r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]\Z", message="Write a time of day such as 03:00.")


def page(hand: Hand) -> Answer:
    """Show the choices with the source's own dates; the form stores them."""
    form = form_of(dict(_fields(hand)))
    if not form.validate_on_submit():
        return _shown(hand, form, 422 if form.errors else 200)
    try:
        (files.refit if steps.takes_file(hand.adapter) else _changed)(hand, _given(hand, form))
    except RollcallError as error:
        place_error(form, error)
        return _shown(hand, form, 422)
    return hand.onward()


def _changed(hand: Hand, given: Mapping[str, str]) -> None:
    change(hand.known, given)


def _fields(hand: Hand) -> Iterator[tuple[str, Field]]:
    known, schedule = hand.known, hand.known.schedule
    hows = timing.choices_of(schedule)
    zones = AnyOf(timing.zones(), message="Choose a zone of the list, such as America/Los_Angeles.")
    yield (
        "how",
        SelectField(
            "Automatic import",
            choices=[SelectChoice(*each) for each in hows],
            default=timing.how_of(schedule),
        ),
    )
    yield "at", StringField("Time of day", [Optional(), _TIME], default=timing.time_of(schedule))
    yield "zone", StringField("Time zone", [Optional(), zones], default=schedule.zone)
    yield from _date_field(hand)
    rule = known.work_email if known.work_email in ("source", "none") else TEMPLATE
    yield (
        "rule",
        SelectField(
            "Work e-mail addresses", choices=[SelectChoice(*each) for each in _rules(hand)], default=rule
        ),
    )
    formed = known.work_email if rule == TEMPLATE else ""
    yield "work_email", StringField("Form of the address", [Optional(), Length(max=200)], default=formed)
    is_welcome = known.settings.get("welcome") == "yes"
    yield "welcome", BooleanField("Send the welcome mail to new people", default=is_welcome)
    yield (
        "report_to",
        StringField("Send a report of each import to", [Length(max=320)], default=known.report_to or ""),
    )
    for option in _options(hand):
        yield SETTING + option.name, setting_field(option, known.settings.get(option.name))


def _date_field(hand: Hand) -> Iterator[tuple[str, Field]]:
    parts = parts_of(hand.known.mapping)
    order = date_order(parts)
    own = [] if order else [(_KEEP, "As the mapping says, field by field")]
    yield (
        "order",
        SelectField(
            "How dates are written",
            choices=[SelectChoice(*each) for each in (*own, *dates.WORDS.items())],
            default=order or _KEEP,
        ),
    )


def _rules(hand: Hand) -> list[tuple[str, str]]:
    return [
        ("source", f"They come from {hand.label}"),
        (TEMPLATE, "They are formed from the name"),
        ("none", "Nobody gets one from this source"),
    ]


def _options(hand: Hand) -> list[Option]:
    """Return the kind's own settings that are choices; those of the connection were said with the credentials."""
    said = CONNECTION | _SAID_ELSEWHERE | frozenset(hand.guide.account)
    return [option for option in hand.adapter.options if option.name not in said]


def _given(hand: Hand, form: FlaskForm) -> dict[str, str]:
    """Return what the form says, as ``source set`` takes it."""
    rule, order = form["rule"].data, form["order"].data
    given = settings_given(form, _options(hand)) | {
        "schedule": timing.text_of(form["how"].data, form["at"].data or "00:00", form["zone"].data or "UTC"),
        "work_email": (form["work_email"].data or "").strip() if rule == TEMPLATE else rule,
        "welcome": "yes" if form["welcome"].data else "",
        "report_to": (form["report_to"].data or "").strip(),
    }
    parts = parts_of(hand.known.mapping)
    if order not in (_KEEP, date_order(parts)):
        given["mapping"] = with_date_order(parts, order).text()
    return given


def _shown(hand: Hand, form: FlaskForm, status: int) -> Answer:
    sample = sample_of(hand.known)
    options = [(form[SETTING + option.name], option.choices == YES_NO) for option in _options(hand)]
    with reading() as connection:
        has_text = welcome.of_tenant(connection, hand.known.tenant_id) is not None
    return hand.page(
        status,
        form=form,
        sample=sample,
        readings=dates.readings(parts_of(hand.known.mapping), sample.records),
        orders=dates.WORDS,
        zones=timing.zones(),
        toggles=[bound for bound, is_toggle in options if is_toggle],
        further=[bound for bound, is_toggle in options if not is_toggle],
        has_welcome_text=has_text,
        writes_back=isinstance(hand.adapter, WritesBack),
        is_reading=not sample.is_done and request.method == "GET",
    )
