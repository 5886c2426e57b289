"""What is asked of a target's address, header, token and settings before they are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.errors import WrongUse
from app.outbound import OutboundError
from app.outbound.addresses import check_url, place_of
from app.provisioning.kinds import adapter_for, check_names
from app.provisioning.policies import SETTINGS, parse_setting

if TYPE_CHECKING:
    from app.provisioning.adapter import TargetAdapter
    from app.provisioning.targets import Target

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_PRINTABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def check_wire(url: str, header: str, token: str | None) -> None:
    """Check where a target is called and how it is signed in to. Raises `WrongUse`."""
    try:
        check_url(url)
    except OutboundError as error:
        raise WrongUse(f"--url {url[:200]}: {error.message}") from error
    if not _HEADER.fullmatch(header):
        raise WrongUse(f"--auth-header {header[:100]!r} is not the name of an HTTP header.")
    if token is not None and not _PRINTABLE.fullmatch(token):
        raise WrongUse(
            "--secret token: a token is one line of printable ASCII characters, without blanks around it."
        )


def require_own_token(target: Target, url: str, settings: Mapping[str, Any]) -> None:
    """Keep the stored token from going to a system for which nobody gave it. Raises `WrongUse`."""
    if target.token is None:
        return
    trusted = _origins(target.url, target.adapter)
    if not _origins(url, adapter_for(target.kind, settings)) <= trusted:
        raise WrongUse(
            f"--secret token: the address is another system's, so the stored token of {target.name} does not go there. "
            f"Give the token of that system with it: `rollcall target set {target.name} … --secret token=-`."
        )


def _origins(url: str, adapter: TargetAdapter) -> set[str]:
    """Where a token of the target goes: its address, or the one that gives tokens for it (connections.py)."""
    signs_in = getattr(adapter, "client_credentials", None)
    return {place_of(each) for each in (url, *([signs_in("").token_url] if signs_in else []))}


def parsed_settings(
    kind: str, current: Mapping[str, Any], options: Mapping[str, str]
) -> tuple[dict[str, Any], int | None]:
    """The settings with the options laid over them, and the interval if one is named; `KEY=` takes a setting away.

    Raises `WrongUse`.
    """
    settings, interval = dict(current), None
    check_names(kind, set(options) - {"interval"})
    for name, text in options.items():
        if name == "interval":
            interval = _interval(text)
        elif text == "":
            settings.pop(name, None)
        else:
            settings[name] = parse_setting(name, text) if name in SETTINGS else text
    adapter_for(kind, settings)
    return settings, interval


def _interval(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 86_400:
        raise WrongUse(f"--set interval={text}: use seconds, from 1 to 86400.")
    return int(text)
