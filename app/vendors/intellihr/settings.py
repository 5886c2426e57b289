"""What can be set of a connection to intelliHR, and what it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.outbound import OutboundError
from app.outbound.addresses import check_url
from app.sources.calling import require_rate
from app.sources.errors import WrongSource
from app.sources.records import Option

BASE_URL = "https://api.intellihr.io/v1"
#: The most records that intelliHR gives on a page (vendors.md §4.1).
LARGEST_PAGE = 100
_YES_NO = ("yes", "no")

OPTIONS = (
    Option("subdomain", "Your company's part of https://your-company.intelliHR.net", required=True),
    Option(
        "upcoming_staff",
        "How people count whose job has not begun (Upcoming Staff, Returning Staff)",
        default="inactive",
        choices=("inactive", "active"),
    ),
    Option("include_salary", "Whether the pay of the job is read", default="no", choices=_YES_NO),
    Option("include_gender", "Whether the gender is read", default="no", choices=_YES_NO),
    Option("include_date_of_birth", "Whether the date of birth is read", default="no", choices=_YES_NO),
    Option("cost_centre_field", "The custom field with the cost centre, by its name", default="costCentre"),
    Option("custom_fields", "More custom fields to read, by their names, with commas between", default=""),
    Option("base_url", "Address of the API", default=BASE_URL),
    Option("calls_per_second", "Most calls in a second; 0 for no limit", default="4"),
    Option("retry_seconds", "First wait before a failed call is tried again; it doubles", default="1"),
    Option("page_size", "People on a page, 1 to 100", default=str(LARGEST_PAGE)),
)
_DEFAULTS = {option.name: option.default or "" for option in OPTIONS}
_DOMAIN = ".intellihr.net"
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LIST = re.compile(r"[,;]")
_SWITCH = {"yes": "yes", "true": "yes", "1": "yes", "on": "yes"} | {
    "no": "no",
    "false": "no",
    "0": "no",
    "off": "no",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """The settings in the form in which they are used. `switched_on` are the sensitive groups that are read."""

    subdomain: str
    upcoming_is_active: bool
    switched_on: frozenset[str]
    cost_centre_field: str
    custom_fields: tuple[str, ...]
    base_url: str
    calls_per_second: float
    retry_seconds: float
    page_size: int


def settled(given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings checked, with the defaults in the places of those not given. Raises ``WrongSource``."""
    kept = _DEFAULTS | {name: value.strip() for name, value in given.items() if value.strip()}
    kept["subdomain"] = subdomain_of(kept["subdomain"])
    for name in ("include_salary", "include_gender", "include_date_of_birth"):
        if kept[name].lower() not in _SWITCH:
            raise WrongSource(f"{name}={kept[name]!r} is unknown; use yes or no.")
        kept[name] = _SWITCH[kept[name].lower()]
    kept["upcoming_staff"] = kept["upcoming_staff"].lower()
    if kept["upcoming_staff"] not in ("inactive", "active"):
        raise WrongSource(f"upcoming_staff={kept['upcoming_staff']!r} is unknown; use inactive or active.")
    require_rate("calls_per_second", kept["calls_per_second"])
    if _number(kept["retry_seconds"]) is None:
        raise WrongSource(f"retry_seconds={kept['retry_seconds']!r} is no number from 0 up.")
    if not (kept["page_size"].isdecimal() and 1 <= int(kept["page_size"]) <= LARGEST_PAGE):
        raise WrongSource(f"page_size={kept['page_size']!r} is no whole number from 1 to {LARGEST_PAGE}.")
    try:
        check_url(kept["base_url"])
    except OutboundError as error:
        raise WrongSource(f"base_url={kept['base_url']!r} cannot be called: {error.message}") from None
    return kept


def subdomain_of(text: str) -> str:
    """Return the subdomain of an address of intelliHR, or of the bare word. Raises ``WrongSource``.

    >>> subdomain_of("https://Your-Company.intelliHR.net/login"), subdomain_of("your-company")
    ('your-company', 'your-company')
    """
    host = text.strip().lower().rpartition("://")[2].partition("/")[0]
    label = host.removesuffix(_DOMAIN)
    if not _LABEL.fullmatch(label):
        raise WrongSource(
            f"subdomain={text!r} is no subdomain of intelliHR; write the address at which you log in "
            "(https://your-company.intelliHR.net), or its first part (your-company)."
        )
    return label


def choices_of(settings: Mapping[str, str]) -> Choices:
    """Return what settings mean that :func:`settled` has accepted; what is not in them has its default."""
    kept = {**_DEFAULTS, **settings}
    groups = ("salary", "gender", "date_of_birth")
    return Choices(
        subdomain=kept["subdomain"],
        upcoming_is_active=kept["upcoming_staff"] == "active",
        switched_on=frozenset(group for group in groups if kept[f"include_{group}"] == "yes"),
        cost_centre_field=kept["cost_centre_field"],
        custom_fields=tuple(name.strip() for name in _LIST.split(kept["custom_fields"]) if name.strip()),
        base_url=kept["base_url"],
        calls_per_second=_number(kept["calls_per_second"]) or 0.0,
        retry_seconds=_number(kept["retry_seconds"]) or 0.0,
        page_size=int(kept["page_size"]),
    )


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 1e6 else None
