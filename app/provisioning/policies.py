"""What an admin may set about a target, as values the planner and the deliverer read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.errors import WrongUse
from app.provisioning import mappings
from app.provisioning.fields import FIELDS, FIXED, NEVER_CLEARED, Mapped, Selection
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
    """How one target is treated. `rate` are requests a second, 0 for no limit.

    `start_gate` are the days before the first day of work from which a person gets an account, None for no gate.
    """

    selection: Selection
    vanished: str = "hold"
    adopt: str = "on"
    inactive: str = "suspend"
    numbers_user_names: bool = False
    start_gate: int | None = None
    paired_client: str | None = None
    paired_source: str | None = None
    #: `departments` makes a group of every department; see app/provisioning/groups.
    groups: str = "off"
    group_prefix: str = ""
    group_members: str = "keep"
    #: The target changes nothing of a suspended account (its profile says so; no setting).
    freezes_inactive: bool = False
    #: Only accounts that are known by a source's records are written (write-back; no setting): nobody is looked for by
    #: address, created or suspended, and who is not known there is not needed there.
    only_known: bool = False
    breaker: bool = True
    limits: Mapping[str, Limit] = field(default_factory=lambda: dict(LIMITS))
    reserved: frozenset[str] = RESERVED_USER_NAMES
    protected: frozenset[str] = frozenset()
    concurrency: int = 4
    rate: float = 25.0

    def clears_field(self, name: str) -> bool:
        """Whether an emptied field is cleared at the target (rules 8 and 10)."""
        selection = self.selection
        may_be = name not in NEVER_CLEARED and name not in selection.create_only
        return may_be and selection.clears and selection.sends(name)

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


def _fields(text: str) -> list[str]:
    chosen = _names(text)
    unknown = sorted(set(chosen) - FIELDS.keys())
    if unknown:
        raise ValueError(f"unknown field {', '.join(unknown)}; known are {', '.join(FIELDS)}")
    return [name for name in FIELDS if name in chosen]


def _short(text: str) -> str:
    if len(text) > 100 or not text.isprintable():
        raise ValueError("use at most 100 visible characters")
    return text


def _days(text: str) -> int | str:
    return "off" if text.lower() == "off" else _whole(0)(text)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of `--set NAME=TEXT`: how its text is read (ValueError), and what it means in a line."""

    parse: Callable[[str], Any]
    says: str


MAP = "map."
_LIMITED = {
    "suspend": "suspends",
    "create": "creations",
    "email": "changes of work e-mail",
    "blank": "clearings",
}
#: Settings of every target, whatever its kind.
SETTINGS: dict[str, Setting] = {
    "fields": Setting(_fields, "the fields that are sent; without it those that docs/mapping-targets.md marks"),
    "triggers": Setting(_fields, "the fields of which a change starts a push"),
    "create_only": Setting(_fields, "the fields that are sent when an account is created, and never later"),
    "user_name": Setting(_word(*mappings.USER_NAMES), "what a new account's user name is made of"),
    "user_name_suffix": Setting(_word("off", "number"), "number: a taken user name gets a number, ana2; off: held"),
    "display_name": Setting(_word(*mappings.DISPLAY_NAMES), "how the display name is put together"),
    "clear": Setting(_word("on", "off"), "off: an emptied field stays at the target as it was"),
    "inactive": Setting(_word("suspend", "keep"), "keep: an inactive person's account is left as it is"),
    "adopt": Setting(_word("on", "hold"), "hold: taking over an existing account needs `rollcall plan approve`"),
    "vanished": Setting(_word("hold", "recreate"), "what becomes of a person whose account is gone at the target"),
    "start_gate": Setting(_days, "days before the first day of work from which a person gets an account, or off"),
    "protected": Setting(_names, "accounts (id, user name, e-mail) that are never changed without approval"),
    "reserved": Setting(_names, "user names that are never given"),
    "paired_client": Setting(str.strip, "the SCIM client that is this system: its changes are not sent back"),
    "paired_source": Setting(str.strip, "the source that is this system: its changes are not sent back"),
    "groups": Setting(_word("off", "departments"), "departments: the target gets a group of every department"),
    "group_prefix": Setting(_short, "what stands before the department in the name of a group, blanks included"),
    "group_members": Setting(_word("keep", "exact"), "exact: a full resync takes out members we never put there"),
    "breaker": Setting(_word("on", "off"), "off: import runs may change as many people as they like"),
    "concurrency": Setting(_whole(1), "calls at the same time"),
    "rate": Setting(_number, "requests a second, 0 for no limit"),
    **{
        f"{name}_floor": Setting(_floor, f"{plural} of an import run that always pass; off: all of them")
        for name, plural in _LIMITED.items()
    },
    **{
        f"{name}_percent": Setting(
            _number, f"percent of the linked people up to which {plural} of an import run pass too"
        )
        for name, plural in _LIMITED.items()
    },
    **{
        f"{MAP}{name}": Setting(mappings.checked, f"the expression that {name} is made by")
        for name in mappings.MAPPABLE
    },
}  # fmt: skip


def parse_setting(name: str, text: str) -> Any:
    """The value of a setting of `SETTINGS` written as text. Raises `WrongUse`."""
    try:
        return SETTINGS[name].parse(text)
    except ValueError as error:
        raise WrongUse(f"--set {name}={text}: {error}.") from error


def with_options(settings: Mapping[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    """The settings with `--set` options of `SETTINGS` laid over them; `KEY=` takes one away. Raises `WrongUse`."""
    changed = dict(settings)
    for name, text in options.items():
        if text == "":
            changed.pop(name, None)
        else:
            changed[name] = parse_setting(name, text) if name in SETTINGS else text
    return changed


#: Settings that are members of `Policy` as they are stored.
_PLAIN = ("vanished", "adopt", "inactive", "paired_client", "paired_source", "concurrency", "rate",
          "groups", "group_prefix", "group_members")  # fmt: skip


def policy_of(settings: Mapping[str, Any], supported: frozenset[str] | None = None) -> Policy:
    """The policy that a target's settings describe; `supported` are the fields its adapter can write."""
    plain = {name: settings[name] for name in _PLAIN if name in settings}
    reserved, gate = settings.get("reserved"), settings.get("start_gate", "off")
    return Policy(
        selection=_selection(settings, supported),
        breaker=settings.get("breaker", "on") != "off",
        limits={name: _limit(settings, name, limit) for name, limit in LIMITS.items()},
        reserved=RESERVED_USER_NAMES if reserved is None else frozenset(map(comparison_key, reserved)),
        protected=frozenset(map(comparison_key, settings.get("protected", ()))),
        numbers_user_names=settings.get("user_name_suffix") == "number",
        start_gate=None if gate == "off" else int(gate),
        **plain,
    )


def _selection(settings: Mapping[str, Any], supported: frozenset[str] | None) -> Selection:
    return Selection.of(
        settings.get("fields"),
        triggering=settings.get("triggers"),
        create_only=settings.get("create_only", ()),
        mappings=_mappings(settings),
        clears=settings.get("clear", "on") != "off",
        supported=supported,
    )


def _mappings(settings: Mapping[str, Any]) -> dict[str, Mapped]:
    """Field → mapping; an expression of one's own goes before a ready-made one."""
    ready = {
        "userName": mappings.USER_NAMES.get(settings.get("user_name", "")),
        "displayName": mappings.DISPLAY_NAMES.get(settings.get("display_name", "")),
    }
    own = {name: settings.get(f"{MAP}{name}") for name in mappings.MAPPABLE}
    texts = {name: own[name] or ready.get(name) for name in mappings.MAPPABLE}
    return {name: mappings.mapped(text) for name, text in texts.items() if text}


def _limit(settings: Mapping[str, Any], name: str, usual: Limit) -> Limit:
    floor = settings.get(f"{name}_floor", usual.floor)
    return Limit(None if floor == "off" else floor, float(settings.get(f"{name}_percent", usual.percent)))


def switched(
    current: Collection[str], on: Collection[str], off: Collection[str], *, fixed: str = ""
) -> list[str]:
    """The fields of a switch after turning some on and some off. Raises `WrongUse` naming what cannot be.

    `fixed` says what happens without the fixed fields where they cannot be turned off.
    """
    unknown = sorted({*on, *off} - FIELDS.keys())
    if unknown:
        raise WrongUse(f"Unknown field {', '.join(unknown)}; known are {', '.join(FIELDS)}.")
    both = sorted(set(on) & set(off))
    if both:
        raise WrongUse(f"{', '.join(both)} is to be switched on and off at once: give one of them.")
    held = sorted(set(off) & FIXED)
    if held and fixed:
        raise WrongUse(f"{', '.join(held)} cannot be switched off: {fixed}.")
    chosen = (set(current) | set(on)) - set(off)
    return [name for name in FIELDS if name in chosen]
