"""The form of a source's settings, made from what its kind knows, and the settings that a filled-in one stands for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional, Regexp, ValidationError

from app.sources.catalog import Source
from app.sources.records import Option
from app.sources.schedules import Schedule
from app.web.console.sources.wording import schedule_words

DAILY, OFF, TEMPLATE = "daily", "off", "template"
#: Prefix of the fields that stand for settings of a kind.
OWN = "own_"
_FREQUENCIES = ("15m", "1h", "6h", "12h", "1d")
_YES_NO = {"yes", "no"}
_PLAIN_MAIL = ("source", "none")
#: Settings that bring in what is confidential; a warning stands beside the switch.
_CONFIDENTIAL = ("salary", "national_id", "date_of_birth")


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Return the names of all time zones."""
    return tuple(
        sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    )


def _is_zone(form: FlaskForm, field: Any) -> None:
    if form.frequency.data == DAILY and field.data not in available_timezones():
        raise ValidationError("Choose a time zone from the list, such as America/Los_Angeles.")


def _is_time(form: FlaskForm, field: Any) -> None:
    if form.frequency.data == DAILY:
        Regexp(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z", message="Type a time of day, such as 00:30 or 23:00.")(
            form, field
        )


def _is_template(form: FlaskForm, field: Any) -> None:
    if form.mail_from.data == TEMPLATE and "@" not in (field.data or ""):
        raise ValidationError("Type how addresses are formed, such as {given}.{family}@example.com.")


class CommonForm(FlaskForm):
    """What every source has."""

    frequency = SelectField("How often people are imported")
    at = StringField("At what time", [_is_time])
    zone = StringField("In which time zone", [_is_zone])
    full_read = SelectField(
        "How often everything is read again",
        choices=[
            SelectChoice("1d", "Every day"),
            SelectChoice("7d", "Every 7 days"),
            SelectChoice("off", "Only when somebody asks for it"),
        ],
    )
    report_to = StringField("Who gets a report of imports", [Optional(), Length(max=320)])
    report = SelectField(
        "Which imports are reported",
        choices=[
            SelectChoice("changes", "Those that changed or refused something"),
            SelectChoice("every", "Every import"),
            SelectChoice("off", "None"),
        ],
    )
    mail_from = SelectField(
        "Where work e-mail addresses come from",
        choices=[
            SelectChoice("source", "The source brings them"),
            SelectChoice(TEMPLATE, "They are formed from the name"),
            SelectChoice("none", "They are given in the directory, by hand or by another system"),
        ],
    )
    mail_template = StringField("How they are formed", [_is_template, Length(max=300)])
    welcome = BooleanField("Write a welcome mail to new people")


def own_options(known: Source) -> tuple[Option, ...]:
    """Return the settings of a source's kind that may be changed here: none of a file, which is the server's."""
    adapter = known.adapter()
    return adapter.options if adapter.needs_consent else ()


def is_switch(option: Option) -> bool:
    """Whether a setting is switched on and off."""
    return set(option.choices) == _YES_NO


def is_confidential(option: Option) -> bool:
    """Whether a setting brings in what is confidential."""
    return is_switch(option) and any(word in option.name for word in _CONFIDENTIAL)


def option_words(option: Option) -> str:
    """Return the label of a setting as a field has it.

    >>> option_words(Option("include_salary", "Whether the desired salary is taken over"))
    'The desired salary is taken over'
    """
    text = option.label.removeprefix("Whether ").removesuffix(": yes or no")
    return text[:1].upper() + text[1:]


def form_of(known: Source) -> CommonForm:
    """Return the form of a source, filled with its settings, or with what was sent."""
    members = {OWN + option.name: _field(option) for option in own_options(known)}
    form: CommonForm = type("SettingsForm", (CommonForm,), members)(data=_data(known))
    form.frequency.choices = [SelectChoice(*each) for each in _frequencies(known.schedule)]
    kept = known.settings.get("full_read", "1d")
    if kept not in {choice.value for choice in form.full_read.choices}:
        form.full_read.choices = [*form.full_read.choices, SelectChoice(kept, f"Every {kept}")]
    return form


def _field(option: Option) -> Any:
    words = option_words(option)
    if is_switch(option):
        return BooleanField(words)
    if option.choices:
        return SelectField(words, choices=[SelectChoice(choice, choice) for choice in option.choices])
    return StringField(words, [Length(max=1000)])


def _frequencies(schedule: Schedule) -> list[tuple[str, str]]:
    chosen = [(text, schedule_words(Schedule(every=_SECONDS[text]))) for text in _FREQUENCIES]
    own = str(schedule)
    if schedule.every is not None and own not in _FREQUENCIES:
        chosen.insert(0, (own, schedule_words(schedule)))
    return [(DAILY, "Once a day, at a time of day"), *chosen, (OFF, "On request only")]


_SECONDS = {"15m": 900, "1h": 3600, "6h": 21600, "12h": 43200, "1d": 86400}


def _data(known: Source) -> dict[str, Any]:
    """Return what the form shows of a source as it is."""
    schedule, kept = known.schedule, known.settings
    data: dict[str, Any] = {
        "frequency": DAILY if schedule.at is not None else str(schedule),
        "at": f"{schedule.at:%H:%M}" if schedule.at is not None else "00:00",
        "zone": schedule.zone,
        "full_read": kept.get("full_read", "1d"),
        "report_to": known.report_to or "",
        "report": kept.get("report", "changes"),
        "mail_from": known.work_email if known.work_email in _PLAIN_MAIL else TEMPLATE,
        "mail_template": "" if known.work_email in _PLAIN_MAIL else known.work_email,
        "welcome": kept.get("welcome", "no") == "yes",
    }
    for option in own_options(known):
        value = kept.get(option.name, option.default or "")
        data[OWN + option.name] = value == "yes" if is_switch(option) else value
    return data


def changed_settings(known: Source, form: CommonForm) -> dict[str, str]:
    """Return the settings that a filled-in form changes; "" takes one back."""
    before = _settings(_data(known))
    return {name: value for name, value in _settings(form.data).items() if value != before.get(name)}


def _settings(data: Mapping[str, Any]) -> dict[str, str]:
    is_daily = data["frequency"] == DAILY
    settings = {
        "schedule": f"daily {data['at']} {data['zone']}" if is_daily else data["frequency"],
        **{name: (data[name] or "").strip() for name in ("full_read", "report_to", "report")},
        "work_email": data["mail_template"].strip() if data["mail_from"] == TEMPLATE else data["mail_from"],
        "welcome": _text(data["welcome"]),
    }
    return settings | {
        name.removeprefix(OWN): _text(value) for name, value in data.items() if name.startswith(OWN)
    }


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (value or "").strip()
