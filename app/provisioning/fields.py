"""The fields a target can get, and what a directory document says for each of them (provisioning.md §3).

One table, pure functions. A *field* is neutral: `workPhone`, not `phoneNumbers[type eq "work"].value`; an
adapter knows what its target calls it. A *value* is non-empty text, except `active`, which is a bool.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from app.provisioning import readers
from app.provisioning.readers import Document, Reader
from scim.keys import comparison_key
from scim.resources import ENTERPRISE, HR

Value = readers.Value
Values = dict[str, Value]


class Effect(Enum):
    """What a directory change means for a target."""

    TRIGGERS = "triggers"
    RIDES_ALONG = "rides along"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the field table.

    `paths` are the directory paths that feed the field, as a `Change` names them. `fixed` fields are always
    selected; `create_only` ones are never part of an update; `needs` names a field without which this one is
    not sent (the seed: location address fields need `location`).
    """

    name: str
    label: str
    group: str
    read: Reader
    paths: tuple[str, ...]
    triggers: bool = True
    create_only: bool = False
    fixed: bool = False
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which fields a target gets and which of them start a push.

    The fixed fields are always part of `sent`.
    """

    sent: frozenset[str]
    triggering: frozenset[str]

    @classmethod
    def of(
        cls,
        sent: Iterable[str] | None = None,
        *,
        triggering: Iterable[str] | None = None,
        supported: Iterable[str] | None = None,
    ) -> Selection:
        """The selection of these names; None means the seed's default (everything, the table's triggers).

        Names that the target does not support are left out. Raises ValueError naming unknown fields.
        """
        chosen = set(FIELDS if sent is None else sent)
        triggers = {name for name, field in FIELDS.items() if field.triggers}
        triggers = triggers if triggering is None else set(triggering)
        unknown = sorted((chosen | triggers) - FIELDS.keys())
        if unknown:
            raise ValueError(f"unknown fields {', '.join(unknown)}; known are {', '.join(FIELDS)}")
        chosen |= FIXED
        if supported is not None:
            chosen &= set(supported) | FIXED
        return cls(frozenset(chosen), frozenset(triggers | (FIXED & _TRIGGERING)))

    def sends(self, name: str) -> bool:
        """Whether the field leaves for the target: selected, and what it needs is selected too."""
        needed = FIELDS[name].needs
        return name in self.sent and (needed is None or needed in self.sent)


# --- the table ---------------------------------------------------------------------------------------------

_NAMES = ("name.givenName", "name.familyName")
_WORK_EMAIL = ("emails[work].value", "emails[work].primary", "emails[work].type")
_WORK_PHONE = ("phoneNumbers[work].value",)
_ADDRESS_PARTS = (
    # neutral suffix, label, sub-attribute
    ("Country", "country", "country"),
    ("Street", "street address", "streetAddress"),
    ("City", "city", "locality"),
    ("State", "state", "region"),
    ("PostalCode", "postal code", "postalCode"),
)


def _address_rows(kind: str, group: str, *, triggers: bool, needs: str | None) -> Iterable[Field]:
    for suffix, label, name in _ADDRESS_PARTS:
        yield Field(
            f"{kind}{suffix}",
            f"{kind.capitalize()} {label}",
            group,
            readers.address(kind, name),
            (f"addresses[{kind}].{name}",),
            triggers=triggers,
            needs=needs,
        )


_ROWS: tuple[Field, ...] = (
    Field("givenName", "First name", "standard", readers.within("name", "givenName"), ("name.givenName",)),
    Field("familyName", "Last name", "standard", readers.within("name", "familyName"), ("name.familyName",)),
    Field("active", "Status", "standard", readers.active, ("active",), fixed=True),
    Field("workEmail", "Work e-mail", "standard", readers.work_email, _WORK_EMAIL, fixed=True),
    Field("userName", "User name", "standard", readers.user_name, _WORK_EMAIL, create_only=True, fixed=True),
    Field("displayName", "Display name", "standard", readers.display_name, (*_NAMES, "nickName")),
    Field(
        "middleName", "Middle name", "optional", readers.within("name", "middleName"), ("name.middleName",)
    ),
    Field(
        "employeeNumber",
        "Employee number",
        "optional",
        readers.within(ENTERPRISE, "employeeNumber"),
        (f"{ENTERPRISE}:employeeNumber",),
    ),
    Field("title", "Job title", "optional", readers.core("title"), ("title",)),
    Field(
        "division",
        "Division",
        "optional",
        readers.within(ENTERPRISE, "division"),
        (f"{ENTERPRISE}:division",),
    ),
    Field(
        "department",
        "Department",
        "optional",
        readers.within(ENTERPRISE, "department"),
        (f"{ENTERPRISE}:department",),
    ),
    Field("location", "Location", "optional", readers.within(HR, "locationName"), (f"{HR}:locationName",)),
    *_address_rows("work", "location address", triggers=False, needs="location"),
    Field("workPhone", "Work phone", "phones", readers.work_phone(0), _WORK_PHONE),
    Field(
        "workPhoneExtension",
        "Work phone extension",
        "phones",
        readers.work_phone(1),
        _WORK_PHONE,
        triggers=False,
        needs="workPhone",
    ),
    Field("homePhone", "Home phone", "phones", readers.phone("home"), ("phoneNumbers[home].value",)),
    Field("mobilePhone", "Mobile phone", "phones", readers.phone("mobile"), ("phoneNumbers[mobile].value",)),
    *_address_rows("home", "home address", triggers=True, needs=None),
)

FIELDS: dict[str, Field] = {row.name: row for row in _ROWS}
FIXED: frozenset[str] = frozenset(row.name for row in _ROWS if row.fixed)
CREATE_ONLY: frozenset[str] = frozenset(row.name for row in _ROWS if row.create_only)
NEVER_CLEARED: frozenset[str] = FIXED
_TRIGGERING: frozenset[str] = frozenset(row.name for row in _ROWS if row.triggers)

# --- what a target gets ------------------------------------------------------------------------------------


def outgoing_values(document: Document, selection: Selection) -> Values:
    """Field → value for every selected field that the document has; `active` is always there, as a bool."""
    read = ((name, field.read(document)) for name, field in FIELDS.items() if selection.sends(name))
    return {name: value for name, value in read if value is not None}


def fields_fed_by(path: str) -> tuple[str, ...]:
    """The names of the fields that a directory path feeds.

    A path of a whole attribute (`name`, `emails`, `addresses[work]`, an extension URN) feeds what its parts
    feed.
    """
    return tuple(row.name for row in _ROWS if any(_covers(path, known) for known in row.paths))


def _covers(path: str, known: str) -> bool:
    path, known = re.sub(r"#\d+\]", "]", path).lower(), known.lower()
    return known == path or known.startswith((f"{path}.", f"{path}[", f"{path}:"))


def effect_of(
    before: Document | None, after: Document, selection: Selection, paths: Iterable[str] | None = None
) -> Effect:
    """Whether a change of the document triggers a push, rides along, or is none of the target's.

    Values decide, not paths alone: a work phone of which only the extension changed rides along. `paths` (of
    the `Change`) let a change that feeds no field be dismissed without reading the documents; they may be
    left out.
    """
    if before is None:
        return Effect.TRIGGERS
    if paths is not None and not any(fields_fed_by(path) for path in paths):
        return Effect.NOTHING
    old, new = outgoing_values(before, selection), outgoing_values(after, selection)
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    if not changed:
        return Effect.NOTHING
    return (
        Effect.TRIGGERS if any(_starts(n, before, after, selection) for n in changed) else Effect.RIDES_ALONG
    )


def _starts(name: str, before: Document, after: Document, selection: Selection) -> bool:
    if name not in selection.triggering:
        return False
    if name != "displayName":
        return True
    return any(FIELDS[n].read(before) != FIELDS[n].read(after) for n in ("givenName", "familyName"))


def difference(
    wanted: Mapping[str, Value], held: Mapping[str, Value], clearable: Iterable[str]
) -> dict[str, Value | None]:
    """Field → value to write, None to clear it, for every field in which `held` is not what is wanted.

    Create-only fields never appear. A field is cleared only when it is in `clearable` (what Rollcall itself
    has sent before: rule 3) and held, and never when it is part of the key (rule 10).
    """
    changed: dict[str, Value | None] = {
        name: value
        for name, value in wanted.items()
        if name not in CREATE_ONLY and not same_value(name, value, held.get(name))
    }
    for name in set(clearable) - wanted.keys() - NEVER_CLEARED:
        if held.get(name) is not None:
            changed[name] = None
    return changed


_PHONES = frozenset({"workPhone", "homePhone", "mobilePhone"})
_VISUAL_SEPARATORS = re.compile(r"[\s\-.()]+")  # RFC 3966 §5.1.1


def same_value(name: str, one: Value | None, other: Value | None) -> bool:
    """Whether two values of a field mean the same, however a target likes to store them.

    E-mail addresses compare by comparison key, telephone numbers without visual separators, other text
    exactly but for the form of white space (a target that has one line for an address gets its lines joined).
    """
    if not isinstance(one, str) or not isinstance(other, str):
        return one is other or one == other
    return one == other or _normal(name, one) == _normal(name, other)


def _normal(name: str, value: str) -> str:
    if name in ("workEmail", "userName"):
        return comparison_key(value)
    if name in _PHONES:
        return _VISUAL_SEPARATORS.sub("", value)
    return " ".join(unicodedata.normalize("NFC", value).split())
