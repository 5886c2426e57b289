"""What a simulated service provider refuses: by the shape of a PATCH, by the state of a user, by the rate of calls."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from app.simulation.scim_provider.errors import ScimRefusal
from app.simulation.scim_provider.paths import key_of
from app.simulation.scim_provider.personas import Persona

ONE_VALUE = ("emails", "phoneNumbers", "addresses")
_KINDS = {"GET": "reads"}
_PER_MINUTE = {"reads": 300.0, "writes": 180.0}


class RateLimit:
    """Two buckets of calls, one for reads (a minute's worth) and one for writes (`burst`), filled again evenly."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def check(self, method: str, persona: Persona) -> None:
        """Take a call out of its bucket; raises ScimRefusal (429) with the whole seconds to wait when it is empty."""
        asked = persona("rate-limit")
        if asked is None:
            return
        kind, now = _KINDS.get(method, "writes"), time.monotonic()
        per_minute = float(asked.get(kind, _PER_MINUTE[kind]))
        burst = float(asked.get("burst", 20)) if kind == "writes" else per_minute
        speed = per_minute / 60
        with self._lock:
            left, at = self._buckets.get(kind, (burst, now))
            left = min(burst, left + (now - at) * speed)
            is_empty = left < 1
            self._buckets[kind] = (left if is_empty else left - 1, now)
        if is_empty:
            wait = ceil((1 - left) / speed)
            raise ScimRefusal(429, f"more than {per_minute:g} {kind} a minute", retry_after=str(wait))


def check_operations(body: Any, persona: Persona) -> None:
    """Raise ScimRefusal (400) for a PATCH that the personas do not take."""
    steps = body.get(key_of(body, "Operations")) if isinstance(body, dict) else None
    steps = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    most = persona("patch-limit")
    if most is not None and len(steps) > int(most.get("operations", 20)):
        raise ScimRefusal(400, f"{len(steps)} operations are too many", "tooMany")
    for step in steps:
        _check_form(step, persona)
    style = persona("clear-with")
    for found in {way for step in steps for way in clearings(step)} if style is not None else ():
        if style is not None and found != style.get("style", "remove"):
            raise ScimRefusal(400, f"an attribute cannot be cleared with {found}", "invalidValue")


def _check_form(step: Mapping[str, Any], persona: Persona) -> None:
    value = step.get("value")
    if persona("pathless-patch-only") is not None and step.get("path"):
        raise ScimRefusal(400, "operations with a path are not supported", "invalidPath")
    if step.get("path") or not isinstance(value, dict):
        return
    if persona("one-pathless-attribute") is not None and len(value) > 1:
        raise ScimRefusal(400, "an operation without a path takes one attribute", "invalidPath")


def clearings(step: Mapping[str, Any]) -> Iterator[str]:
    """Yield how an operation clears: `remove`, `null`, `empty`; nothing when it does not."""
    if str(step.get("op", "")).lower() == "remove":
        yield "remove"
    elif "value" in step:
        yield from _emptied(step["value"])


def _emptied(value: Any) -> Iterator[str]:
    if value is None:
        yield "null"
    elif value == "":
        yield "empty"
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _emptied(inner)


def check_user(old: Mapping[str, Any] | None, new: Mapping[str, Any], persona: Persona) -> None:
    """Raise ScimRefusal (400) for a user that may not become like this; ``old`` is None for a new one."""
    if persona("one-value") is not None:
        for name in ONE_VALUE:
            if len(new.get(name) or ()) > 1:
                raise ScimRefusal(400, f"{name} takes one value", "invalidValue")
    if old is None:
        return
    for habit, name in (("fixed-usernames", "userName"), ("fixed-emails", "emails")):
        if persona(habit) is not None and old.get(name) != new.get(name):
            raise ScimRefusal(400, f"{name} cannot be changed", "mutability")
    stays_inactive = old.get("active") is False and new.get("active") is False
    if persona("frozen-when-inactive") is not None and stays_inactive and _told(old) != _told(new):
        raise ScimRefusal(400, "properties of a deactivated user other than 'active' cannot be changed")


def _told(document: Mapping[str, Any]) -> dict[str, Any]:
    unsaid = ("active", "schemas", "id", "meta")
    return {name: value for name, value in document.items() if name not in unsaid}
