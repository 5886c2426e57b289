"""The fields a target can get, and what a directory document says for each of them (provisioning.md §3).

One table, pure functions. A *field* is neutral: `workPhone`, not `phoneNumbers[type eq "work"].value`; an
adapter knows what its target calls it. A *value* is non-empty text, except `active`, which is a bool.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.provisioning import readers
from app.provisioning.expressions import MappingFailed
from app.provisioning.readers import Document, Reader
from scim.keys import comparison_key
from scim.resources import ENTERPRISE, HR

Value = readers.Value
Values = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the field table.

    `paths` are the directory paths that feed the field, as a `Change` names them. `fixed` fields are always
    selected; `create_only` ones are never part of an update; `needs` names a field without which this one is
    not sent (the seed: location address fields need `location`). `starters` are readers of which one must have
    changed for a change of the field to start a push, None where any change does.
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
    starters: tuple[Reader, ...] | None = None
    selected_by_default: bool = True


@dataclass(frozen=True, slots=True)
class Mapped:
    """How a field is made where a target's settings map it: `read` raises `MappingFailed`.

    `paths` and `starters` take the place of those of the field's row.
    """

    text: str
    read: Reader
    paths: tuple[str, ...]
    starters: tuple[Reader, ...] | None = None


@dataclass(frozen=True)
class Selection:
    """What a target gets: the three switches of every field (rule 9), its mappings, whether emptied fields are cleared.

    The fixed fields are always part of `sent`, the user name always of `create_only`.
    """

    sent: frozenset[str]
    triggering: frozenset[str]
    create_only: frozenset[str]
    mappings: Mapping[str, Mapped] = field(default_factory=dict)
    clears: bool = True

    @classmethod
    def of(
        cls,
        sent: Iterable[str] | None = None,
        *,
        triggering: Iterable[str] | None = None,
        create_only: Iterable[str] = (),
        mappings: Mapping[str, Mapped] | None = None,
        clears: bool = True,
        supported: Iterable[str] | None = None,
    ) -> Selection:
        """The selection of these names; None means the seed's default (the table's switches).

        Names that the target does not support are left out. Raises ValueError naming unknown fields.
        """
        usual = (name for name, row in FIELDS.items() if row.selected_by_default)
        chosen = set(usual if sent is None else sent)
        triggers = set(_TRIGGERING if triggering is None else triggering)
        once = set(create_only)
        unknown = sorted((chosen | triggers | once) - FIELDS.keys())
        if unknown:
            raise ValueError(f"unknown fields {', '.join(unknown)}; known are {', '.join(FIELDS)}")
        chosen |= FIXED
        if supported is not None:
            chosen &= set(supported) | FIXED
        return cls(
            frozenset(chosen),
            frozenset(triggers | (FIXED & _TRIGGERING)),
            frozenset(once - FIXED | CREATE_ONLY),
            mappings or {},
            clears,
        )

    def sends(self, name: str) -> bool:
        """Whether the field leaves for the target: selected, and what it needs is selected too."""
        needed = FIELDS[name].needs
        return name in self.sent and (needed is None or needed in self.sent)

    @cached_property
    def sources(self) -> Mapping[str, Field | Mapped]:
        """Field → its row or its mapping, of every field that leaves for the target."""
        return {name: self.mappings.get(name, row) for name, row in FIELDS.items() if self.sends(name)}


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
    Field(
        "displayName",
        "Display name",
        "standard",
        readers.display_name,
        (*_NAMES, "nickName"),
        starters=(readers.within("name", "givenName"), readers.within("name", "familyName")),
    ),
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
    # For systems that keep employment itself (write-back to a source); accounts elsewhere know none.
    Field(
        "startDate",
        "Start date",
        "employment",
        readers.within(HR, "startDate"),
        (f"{HR}:startDate",),
        selected_by_default=False,
    ),
    Field(
        "terminationDate",
        "Separation date",
        "employment",
        readers.within(HR, "terminationDate"),
        (f"{HR}:terminationDate",),
        selected_by_default=False,
    ),
    # Read out of the directory as the manager's employee id; managers.py puts the account's remote id in its place.
    Field(
        "manager",
        "Manager",
        "optional",
        readers.manager,
        (f"{ENTERPRISE}:manager.value",),
        selected_by_default=False,
    ),
)

FIELDS: dict[str, Field] = {row.name: row for row in _ROWS}
FIXED: frozenset[str] = frozenset(row.name for row in _ROWS if row.fixed)
CREATE_ONLY: frozenset[str] = frozenset(row.name for row in _ROWS if row.create_only)
NEVER_CLEARED: frozenset[str] = FIXED
_TRIGGERING: frozenset[str] = frozenset(row.name for row in _ROWS if row.triggers)

# --- what a target gets ------------------------------------------------------------------------------------


def outgoing_values(
    document: Document, selection: Selection, failures: dict[str, str] | None = None
) -> Values:
    """Field → value for every selected field that the document has; `active` is always there, as a bool.

    A field whose mapping fails is left out; `failures` gets field → why.
    """
    found: Values = {}
    for name, source in selection.sources.items():
        try:
            value = source.read(document)
        except MappingFailed as error:
            if failures is not None:
                failures[name] = str(error)
            continue
        if value is not None:
            found[name] = value
    return found


def difference(
    wanted: Mapping[str, Value],
    held: Mapping[str, Value],
    clearable: Iterable[str],
    create_only: Collection[str] | None = None,
) -> dict[str, Value | None]:
    """Field → value to write, None to clear it, for every field in which `held` is not what is wanted.

    Create-only fields (those of the table unless given) never appear. A field is cleared only when it is in
    `clearable` (what Rollcall itself has sent before: rule 3) and held, and never when it is part of the key (rule 10).
    """
    once = CREATE_ONLY if create_only is None else create_only
    changed: dict[str, Value | None] = {
        name: value
        for name, value in wanted.items()
        if name not in once and not same_value(name, value, held.get(name))
    }
    for name in set(clearable) - wanted.keys() - NEVER_CLEARED - set(once):
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
