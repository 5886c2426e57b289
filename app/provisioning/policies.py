"""What an admin may set about a target, as values the planner and the deliverer read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.errors import WrongUse
from app.provisioning.fields import FIELDS, FIXED, Selection
from scim.keys import comparison_key

_RESERVED = """
    root admin administrator system daemon bin sys sync nobody guest operator sudo wheel
    postmaster hostmaster webmaster abuse security support mail www ftp ssh jumpcloud
"""
#: Names that operating systems and directories keep for themselves (rule 4).
RESERVED_USER_NAMES = frozenset(_RESERVED.split())


@dataclass(frozen=True, slots=True)
class Limit:
    """How many changes of a class import runs may make unasked: the larger of both; a `floor` of None is no limit."""

    floor: int | None
    percent: float

    def allows(self, people: int) -> float:
        """The number for a target with so many linked people."""
        return float("inf") if self.floor is None else max(self.floor, int(people * self.percent / 100))


#: Class of change → its limit, per run and over a rolling 24 hours (rule 16).
LIMITS = {
    "suspend": Limit(5, 20.0),
    "create": Limit(50, 50.0),
    "email": Limit(20, 20.0),
    "blank": Limit(20, 20.0),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """How one target is treated. `rate` are requests a second, 0 for no limit."""

    selection: Selection
    vanished: str = "hold"
    breaker: bool = True
    limits: Mapping[str, Limit] = field(default_factory=lambda: dict(LIMITS))
    reserved: frozenset[str] = RESERVED_USER_NAMES
    protected: frozenset[str] = frozenset()
    concurrency: int = 4
    rate: float = 25.0

    def protects(self, *names: str | None) -> bool:
        """Whether one of an account's names (remote id, user name, e-mail) is on the target's protected list."""
        return bool(self.protected) and any(name and comparison_key(name) in self.protected for name in names)


def _whole(minimum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if value < minimum:
            raise ValueError(f"use a whole number from {minimum}")
        return value

    return parse


def _number(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError("use a number from 0 (no limit)")
    return value


def _floor(text: str) -> int | str:
    return "off" if text.lower() == "off" else _whole(0)(text)


def _word(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in allowed:
            raise ValueError(f"use one of {', '.join(allowed)}")
        return text.lower()

    return parse


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


#: Settings of every target, whatever its kind: name → parser of `--set NAME=TEXT`.
SETTINGS: dict[str, Callable[[str], Any]] = {
    "breaker": _word("on", "off"),
    "concurrency": _whole(1),
    "protected": _names,
    "rate": _number,
    "reserved": _names,
    "vanished": _word("hold", "recreate"),
    **{f"{name}_floor": _floor for name in LIMITS},
    **{f"{name}_percent": _number for name in LIMITS},
}


def parse_setting(name: str, text: str) -> Any:
    """The value of a setting of `SETTINGS` written as text. Raises `WrongUse`."""
    try:
        return SETTINGS[name](text)
    except ValueError as error:
        raise WrongUse(f"--set {name}={text}: {error}.") from error


def policy_of(settings: Mapping[str, Any], supported: frozenset[str] | None = None) -> Policy:
    """The policy that a target's settings describe; `supported` are the fields its adapter can write."""
    plain = {name: settings[name] for name in ("vanished", "concurrency", "rate") if name in settings}
    reserved = settings.get("reserved")
    return Policy(
        selection=Selection.of(
            settings.get("fields"), triggering=settings.get("triggers"), supported=supported
        ),
        breaker=settings.get("breaker", "on") != "off",
        limits={name: _limit(settings, name, limit) for name, limit in LIMITS.items()},
        reserved=RESERVED_USER_NAMES if reserved is None else frozenset(map(comparison_key, reserved)),
        protected=frozenset(map(comparison_key, settings.get("protected", ()))),
        **plain,
    )


def _limit(settings: Mapping[str, Any], name: str, usual: Limit) -> Limit:
    floor = settings.get(f"{name}_floor", usual.floor)
    return Limit(None if floor == "off" else floor, float(settings.get(f"{name}_percent", usual.percent)))


def changed_fields(
    current: list[str] | None, select: tuple[str, ...], deselect: tuple[str, ...]
) -> list[str]:
    """The field list after selecting and deselecting. Raises `WrongUse` naming what is unknown or always sent."""
    unknown = sorted({*select, *deselect} - FIELDS.keys())
    if unknown:
        raise WrongUse(f"Unknown field {', '.join(unknown)}; known are {', '.join(FIELDS)}.")
    fixed = sorted(set(deselect) & FIXED)
    if fixed:
        raise WrongUse(
            f"{', '.join(fixed)} cannot be deselected: nothing can be matched or suspended without it."
        )
    chosen = (set(FIELDS if current is None else current) | set(select)) - set(deselect)
    return [name for name in FIELDS if name in chosen]
