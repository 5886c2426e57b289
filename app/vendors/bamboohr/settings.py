"""What a BambooHR source is told: its settings and secrets, checked and in the form in which they are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.outbound import OutboundError
from app.outbound.addresses import check_url
from app.sources.calling import require_rate
from app.sources.errors import WrongSource
from app.sources.records import Option
from app.vendors.bamboohr import records

OPTIONS = (
    Option("subdomain", "The account's name: the first word of its address, NAME.bamboohr.com"),
    Option("base_url", "Address of the API; without it that of the account", default=""),
    Option(
        "read_everyone",
        "How everybody is read: each (one call a person) or report (one call for all; BambooHR calls it deprecated)",
        default="each",
        choices=("each", "report"),
    ),
    Option(
        "locations",
        "Where the addresses of locations come from: ats (needs applicant tracking rights), hris, or none",
        default="ats",
        choices=("ats", "hris", "none"),
    ),
    Option("extra_fields", "Further BambooHR fields to read, separated by commas", default=""),
    Option("include_gender", "Whether the gender is read", default="no", choices=("yes", "no")),
    Option("include_date_of_birth", "Whether the date of birth is read", default="no", choices=("yes", "no")),
    Option("calls_per_second", "Most calls in a second; 0 for no limit", default="5"),
    Option("retry_seconds", "First wait before a failed call is tried again; it doubles", default="1"),
)
SECRETS = (
    Option("api_key", "API key (your picture > API Keys in BambooHR)", required=True),
    Option("webhook_secret", "Private key of the webhook; kept by itself when Rollcall makes the webhook"),
    Option("webhook_secret_previous", "The private key before, while deliveries signed with it may arrive"),
    Option("webhook_id", "BambooHR's number of the webhook; kept by itself"),
)
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_FIELD = re.compile(r"[A-Za-z0-9_.]{1,80}")
_MOST_EXTRA_FIELDS = 300
#: Read from nowhere, whatever a source asks for; compared without case. The switches below have their own settings.
_NEVER = frozenset(
    {
        *("ssn", "sin", "nin", "nationalid", "taxid", "payrate", "paytype", "payperiod", "payper", "paidper"),
        *("payratechange", "payrateeffectivedate", "payschedule", "paygroup", "payreason", "paychangereason"),
        *("overtimerate", "bonusamount", "commissionamount"),
    }
)
_SWITCHED = {name.lower(): setting for name, setting in records.SWITCHED.items()}


def settle(given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings with their defaults filled in. Raises ``WrongSource`` that names the setting."""
    settled = {option.name: (given.get(option.name) or option.default or "").strip() for option in OPTIONS}
    settled["subdomain"] = _subdomain(settled["subdomain"])
    if not (settled["subdomain"] or settled["base_url"]):
        raise WrongSource(
            "A bamboohr source needs --set subdomain=NAME, the first word of your address NAME.bamboohr.com."
        )
    try:
        check_url(base_url(settled))
    except OutboundError as error:
        raise WrongSource(f"base_url={settled['base_url']!r} cannot be called: {error.message}") from None
    for option in OPTIONS:
        settled[option.name] = _chosen(option, settled[option.name])
    require_rate("calls_per_second", settled["calls_per_second"])
    if number(settled["retry_seconds"]) is None:
        raise WrongSource(f"retry_seconds={settled['retry_seconds']!r} is no number from 0 up.")
    settled["extra_fields"] = ",".join(_extra_fields(settled["extra_fields"]))
    return settled


def base_url(settings: Mapping[str, str]) -> str:
    """Return the address of the API (vendors.md §5.1)."""
    return settings["base_url"] or f"https://{settings['subdomain']}.bamboohr.com/api/v1"


def number(text: str) -> float | None:
    """Return a setting as a number from 0 up; None when it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e6 else None


def wanted_fields(settings: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the fields that are asked for; nothing else ever leaves BambooHR."""
    switched = {name for name, setting in records.SWITCHED.items() if settings.get(setting) != "yes"}
    asked = [name for name in records.EMPLOYEE_FIELDS if name not in switched]
    return (*asked, *(name for name in extra_fields(settings) if name not in asked))


def extra_fields(settings: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the further fields that the source asks for."""
    return tuple(filter(None, settings.get("extra_fields", "").split(",")))


def _subdomain(text: str) -> str:
    # People paste the whole address.
    name = text.lower().removeprefix("https://").partition("/")[0].removesuffix(".bamboohr.com")
    if name and not _SUBDOMAIN.fullmatch(name):
        raise WrongSource(
            f"subdomain={text!r} cannot be used; write the first word of your address NAME.bamboohr.com."
        )
    return name


def _chosen(option: Option, text: str) -> str:
    if option.choices and text.lower() not in option.choices:
        raise WrongSource(f"{option.name}={text!r} is unknown; use one of {', '.join(option.choices)}.")
    return text.lower() if option.choices else text


def _extra_fields(text: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if not _FIELD.fullmatch(name):
            raise WrongSource(f"extra_fields: {name!r} is no name of a BambooHR field (see /meta/fields).")
        if name.lower() in _NEVER:
            raise WrongSource(f"extra_fields: {name!r} is never read: pay and national ids stay in BambooHR.")
        if name.lower() in _SWITCHED:
            raise WrongSource(f"extra_fields: {name!r} has its own setting, {_SWITCHED[name.lower()]}=yes.")
    if len(names) > _MOST_EXTRA_FIELDS:
        raise WrongSource(f"extra_fields names {len(names)} fields; the most are {_MOST_EXTRA_FIELDS}.")
    return names
