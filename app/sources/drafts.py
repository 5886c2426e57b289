"""Sources as they are described by somebody: settings, secrets, mapping and choices, checked before they are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from email_validator import EmailNotValidError, validate_email

from app.registry import source_adapter
from app.sources import accounts
from app.sources.adapter import SourceAdapter, SourceContext
from app.sources.catalog import Source
from app.sources.errors import WrongSource
from app.sources.mapping_text import compile_mapping
from app.sources.records import Option
from app.sources.schedules import Schedule, parse_schedule

GUESS = "guess"
#: The settings that every source has; a kind adds its own.
COMMON_OPTIONS = (
    Option("mapping", "How columns become fields: @FILE.toml, or guess"),
    Option("work_email", "Where work e-mail addresses come from: source, none, or a template"),
    Option("schedule", "When it is imported by itself: 15m, 24h, daily 00:00 America/Los_Angeles, or off"),
    Option(
        "full_read", "How often everything is read again, not only what is new: 1d, 7d, or off", default="1d"
    ),
    Option("report_to", "The e-mail address that gets a report of each import"),
    Option("report", "Which imports are reported", default="changes", choices=("every", "changes", "off")),
    Option(
        "welcome", "Whether new members get the tenant's welcome mail", default="no", choices=("yes", "no")
    ),
)
_COMMON = frozenset(option.name for option in COMMON_OPTIONS)
#: Common settings that have columns of their own; the others are kept among the settings.
_COLUMNS = frozenset({"mapping", "work_email", "schedule", "report_to"})
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Draft:
    """A source that was checked and may be added or put in place of what was there."""

    kind: str
    name: str
    settings: dict[str, str]
    secrets: dict[str, str] = field(repr=False)
    mapping: str
    work_email: str
    schedule: Schedule
    report_to: str | None = None
    was_guessed: bool = False


def drafted(
    kind: str,
    name: str,
    given: Mapping[str, str],
    secrets: Mapping[str, str],
    keeps: Mapping[str, str] | None = None,
) -> Draft:
    """Return a checked source; reads a file's own description (its header) but calls nobody and writes nothing.

    ``given["mapping"]`` is the mapping's text or ``guess``. ``keeps`` are secrets that are kept beside those given, as
    an adapter made them. Credentials may come later; publishing asks for them.

    :raises WrongSource: the first thing that is wrong, with the way out.
    """
    if not _NAME.fullmatch(name):
        raise WrongSource(
            f"{name!r} cannot be a source's name; use 1 to 63 letters, digits, dots, hyphens, underscores."
        )
    adapter: SourceAdapter = source_adapter(kind)()
    _check_names("--set", given, (*COMMON_OPTIONS, *adapter.options), kind)
    _check_names("--secret", secrets, adapter.secrets, kind)
    _check_needed("--set", given, adapter.options, kind)
    settings = adapter.settle({key: value for key, value in given.items() if key not in _COMMON})
    all_secrets = {key: value for key, value in {**(keeps or {}), **secrets}.items() if value}
    context = SourceContext(name, settings, all_secrets)
    mapping, was_guessed = _mapping_text(adapter, context, given.get("mapping"))
    compiled = compile_mapping(mapping, [f.name for f in adapter.record_fields(context)])
    work_email = given.get("work_email") or adapter.default_work_email
    if work_email not in ("source", "none"):
        compiled.address_template(work_email)
    return Draft(
        kind=kind,
        name=name,
        settings=settings | _common_settings(given),
        secrets=all_secrets,
        mapping=mapping,
        work_email=work_email,
        schedule=parse_schedule(given.get("schedule") or adapter.default_schedule),
        report_to=_address(given.get("report_to")),
        was_guessed=was_guessed,
    )


def redrafted(known: Source, given: Mapping[str, str], secrets: Mapping[str, str]) -> Draft:
    """Return a known source with some settings and secrets changed; an empty value takes a setting back.

    :raises WrongSource: as :func:`drafted`, or the stored credentials would go to another system.
    """
    base = {
        **known.settings,
        "mapping": known.mapping,
        "work_email": known.work_email,
        "schedule": str(known.schedule),
        "report_to": known.report_to or "",
    }
    settings = {key: value for key, value in {**base, **given}.items() if value != ""}
    draft = drafted(known.kind, known.name, settings, secrets, {**known.secrets, **secrets})
    accounts.require_own_key(known, draft.settings, secrets)
    return draft


def _common_settings(given: Mapping[str, str]) -> dict[str, str]:
    """Return the common settings that are kept as text, checked."""
    kept = {}
    for option in COMMON_OPTIONS:
        value = given.get(option.name)
        if option.name in _COLUMNS or not value:
            continue
        if option.choices and value not in option.choices:
            raise WrongSource(f"{option.name}={value!r} is unknown; use {' or '.join(option.choices)}.")
        if option.name == "full_read" and parse_schedule(value).at is not None:
            raise WrongSource(f"full_read={value!r} cannot be used; write 1d, 7d, or off.")
        kept[option.name] = value
    return kept


def _address(text: str | None) -> str | None:
    if not text:
        return None
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise WrongSource(f"report_to={text!r} is no e-mail address: {error}") from None


def _check_names(option: str, given: Mapping[str, str], known: tuple[Option, ...], kind: str) -> None:
    names = [entry.name for entry in known]
    for name in given:
        if name not in names:
            allowed = ", ".join(names) or "none"
            raise WrongSource(f"{option} {name}=… is not known to {kind} sources; they have: {allowed}.")


def _check_needed(option: str, given: Mapping[str, str], known: tuple[Option, ...], kind: str) -> None:
    for entry in known:
        if entry.required and not given.get(entry.name):
            raise WrongSource(f"A {kind} source needs {option} {entry.name}=… ({entry.label}).")


def check_secrets(known: Source) -> None:
    """Raise ``WrongSource`` when credentials are missing that its kind needs."""
    _check_needed("--secret", known.secrets, known.adapter().secrets, known.kind)


def _mapping_text(adapter: SourceAdapter, context: SourceContext, given: str | None) -> tuple[str, bool]:
    if given == GUESS:
        guessed = adapter.guessed_mapping(context)
        if guessed is not None:
            return guessed, True
        given = None
    text = given if given is not None else adapter.default_mapping()
    if text is None:
        raise WrongSource(
            f"A {adapter.kind} source needs --set mapping=@FILE.toml (form: docs/mapping.md) or --set mapping=guess."
        )
    return text, False
