"""What a JazzHR source can be told."""

from __future__ import annotations

from collections.abc import Mapping

from app.outbound import OutboundError
from app.outbound.addresses import check_url
from app.sources.calling import require_rate
from app.sources.errors import WrongSource
from app.sources.records import Option

OPTIONS = (
    Option("base_url", "Address of the API", default="https://api.resumatorapi.com/v1"),
    Option("calls_per_minute", "Most calls in a minute; 0 for no limit", default="80"),
    Option("retry_seconds", "First wait before a failed call is tried again; it doubles", default="1"),
    Option("include_salary", "Whether the desired salary is taken over", default="no", choices=("yes", "no")),
)
SECRETS = (
    Option("api_key", "API key (Settings > Integrations in JazzHR)", required=True),
    Option("webhook_secret", "Secret Key of the candidate export; `rollcall source webhook` makes one"),
    Option("webhook_secret_previous", "The one before it, still taken for a day"),
)
_SWITCH = {
    "yes": True,
    "true": True,
    "1": True,
    "on": True,
    "no": False,
    "false": False,
    "0": False,
    "off": False,
}


def settled(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings with their defaults filled in. Raises ``WrongSource``."""
    settled = {option.name: settings.get(option.name) or str(option.default) for option in OPTIONS}
    try:
        check_url(settled["base_url"])
    except OutboundError as error:
        raise WrongSource(f"base_url={settled['base_url']!r} cannot be called: {error.message}") from None
    require_rate("calls_per_minute", settled["calls_per_minute"])
    if number_of(settled["retry_seconds"]) is None:
        raise WrongSource(f"retry_seconds={settled['retry_seconds']!r} is no number from 0 up.")
    if settled["include_salary"].lower() not in _SWITCH:
        raise WrongSource(f"include_salary={settled['include_salary']!r} is unknown; use yes or no.")
    return settled


def includes_salary(settings: Mapping[str, str]) -> bool:
    """Whether the tenant has switched the salary on."""
    return _SWITCH[settings["include_salary"].lower()]


def number_of(text: str) -> float | None:
    """Return a number from 0 up, None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 1e6 else None
