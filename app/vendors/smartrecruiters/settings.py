"""What an admin may set about a SmartRecruiters source. Guesses of vendors.md §10 stand here, to be corrected."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.outbound import OutboundError
from app.outbound.addresses import check_url
from app.sources.calling import require_rate
from app.sources.errors import WrongSource
from app.sources.records import Option

BASE_URL = "https://api.smartrecruiters.com"
#: The events that tell of a hire, and of a candidate who is no more (§3.6). Those of every applicant's every change
#: (``candidate.updated``) would be many and of little use: changes of hires come with the next import.
EVENTS = ("application.status.updated", "application.onboarding-status.updated", "candidate.deleted")
_YES_NO = ("yes", "no")
SWITCH = {"yes": True, "true": True, "1": True, "on": True} | dict.fromkeys(
    ("no", "false", "0", "off"), False
)

OPTIONS = (
    Option("base_url", "Address of the API", default=BASE_URL),
    Option("token_url", "Address of the token, for OAuth credentials; left out: below base_url", default=""),
    Option("calls_per_second", "Most calls in a second; 0 for no limit", default="10"),
    Option("retry_seconds", "First wait before a failed call is tried again; it doubles", default="1"),
    Option(
        "candidates",
        "Which candidates are listed: hired (SmartRecruiters finds the hires), all (every one is looked at)",
        default="hired",
        choices=("hired", "all"),
    ),
    Option("overlap_minutes", "How far an import reaches back behind the last one", default="5"),
    Option(
        "hire_date", "Whether the day of the hire is read from the history", default="no", choices=_YES_NO
    ),
    Option("onboarding_status", "Whether the onboarding status is read", default="yes", choices=_YES_NO),
    Option(
        "hiring_manager_role",
        "The role in the hiring team that is the manager's; several: separated by commas",
        default="HIRING_MANAGER",
    ),
    Option("offer_start_date", "Key of the offer property with the first day", default=""),
    Option("offer_salary", "Key of the offer property with the salary", default=""),
    Option("offer_fields", "Keys of further offer properties to be read, separated by commas", default=""),
    Option("include_salary", "Whether pay is read", default="no", choices=_YES_NO),
    Option(
        "write_onboarding_status",
        "Whether ONBOARDING_SUCCESSFUL or ONBOARDING_FAILED is written back after an import",
        default="no",
        choices=_YES_NO,
    ),
    Option("webhook_events", "Events to be told of, separated by commas", default=",".join(EVENTS)),
    Option("webhook_minutes", "How old a signed webhook call may be; 0: of any age", default="5"),
)
SECRETS = (
    Option("api_key", "API key (Settings > Administration > Apps & Integrations > Credentials)"),
    Option("client_id", "Client id of OAuth credentials, in place of the API key"),
    Option("client_secret", "Client secret of OAuth credentials"),
    Option("subscription", "The webhook subscription's id; Rollcall keeps it itself"),
    Option("signing_key", "The key that signs webhook calls; Rollcall keeps it itself"),
    Option("signing_key_previous", "The signing key before it; Rollcall keeps it itself"),
)
_NUMBERS = ("retry_seconds", "overlap_minutes", "webhook_minutes")
_EVENT = re.compile(r"[a-z]+(?:[.-][a-z]+)+")


def settled(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings with their defaults, checked. Raises ``WrongSource`` that names the setting."""
    found = {option.name: str(settings.get(option.name) or option.default) for option in OPTIONS}
    for name in ("base_url", "token_url"):
        _check_address(name, found[name])
    require_rate("calls_per_second", found["calls_per_second"])
    for name in _NUMBERS:
        if number(found[name]) is None:
            raise WrongSource(f"{name}={found[name]!r} is no number from 0 up.")
    for option in OPTIONS:
        if option.choices:
            found[option.name] = _chosen(option, found[option.name])
    for event in names(found["webhook_events"]):
        if not _EVENT.fullmatch(event):
            raise WrongSource(f"webhook_events has {event!r}; an event is written like {EVENTS[0]}.")
    return found


def number(text: str) -> float | None:
    """Return the number from 0 up that a text is, None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e6 else None


def names(text: str) -> tuple[str, ...]:
    """Return what is separated by commas, each once.

    >>> names("salary.base, , bonus,bonus")
    ('salary.base', 'bonus')
    """
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _check_address(name: str, url: str) -> None:
    if not url:
        return
    try:
        check_url(url)
    except OutboundError as error:
        raise WrongSource(f"{name}={url!r} cannot be called: {error.message}") from None


def _chosen(option: Option, text: str) -> str:
    word = text.lower()
    if option.choices == _YES_NO and word in SWITCH:
        return "yes" if SWITCH[word] else "no"
    if word not in option.choices:
        raise WrongSource(f"{option.name}={text!r} is unknown; use {' or '.join(option.choices)}.")
    return word
