"""Field values ↔ JumpCloud systemusers (vendors.md §6.3, §7.2). Pure functions on plain documents."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from app.provisioning.fields import CREATE_ONLY, FIELDS, Value
from app.provisioning.readers import split_phone

Record = dict[str, Any]
Changed = Mapping[str, Value | None]

ACTIVE, SUSPENDED = "ACTIVATED", "SUSPENDED"

# field → member of the systemuser
MEMBERS: dict[str, str] = {
    "givenName": "firstname",
    "familyName": "lastname",
    "workEmail": "email",
    "userName": "username",
    "displayName": "displayname",
    "middleName": "middlename",
    "employeeNumber": "employeeIdentifier",
    "title": "jobTitle",
    "division": "company",
    "department": "department",
    "location": "location",
    "manager": "manager",
}
_ADDRESS_MEMBERS = {
    "Country": "country",
    "Street": "streetAddress",
    "City": "locality",
    "State": "region",
    "PostalCode": "postalCode",
}
# field → (array, type of the entry, member of the entry); vendors.md §6.3 for the types
ENTRIES: dict[str, tuple[str, str, str]] = {
    **{
        f"{kind}{suffix}": ("addresses", kind, member)
        for kind in ("work", "home")
        for suffix, member in _ADDRESS_MEMBERS.items()
    },
    "workPhone": ("phoneNumbers", "work", "number"),
    "workPhoneExtension": ("phoneNumbers", "work", "number"),
    "homePhone": ("phoneNumbers", "home", "number"),
    "mobilePhone": ("phoneNumbers", "mobile", "number"),
}
SUPPORTED = frozenset(MEMBERS) | frozenset(ENTRIES) | {"active"}

# A unique member that is empty must not collide with other empty ones; a manager is an `_id` or nobody.
_CLEARED: dict[str, str | None] = {"employeeIdentifier": None, "manager": None}
_BARE = frozenset({"id", "type"})
# What makes an account one that an HR sync must not touch unasked, and how to say so.
_PROTECTED = {
    "sudo": "the account is a sudo user",
    "passwordless_sudo": "the account is a sudo user",
    "admin": "the account belongs to a JumpCloud administrator",
}


# --- reading -----------------------------------------------------------------------------------------------


def values_of(record: Mapping[str, Any]) -> dict[str, Value]:
    """Field → value for every field that the systemuser has; `active` is always there."""
    found: dict[str, Value] = {"active": is_active(record)}
    for field, member in MEMBERS.items():
        text = text_of(record.get(member))
        if text is not None:
            found[field] = text
    for field, (array, kind, member) in ENTRIES.items():
        entry = _entry(_entries(record, array), kind)
        text = text_of(entry.get(member)) if entry else None
        if field in ("workPhone", "workPhoneExtension") and text is not None:
            text = split_phone(text)[field == "workPhoneExtension"]
        if text is not None:
            found[field] = text
    return found


def is_active(record: Mapping[str, Any]) -> bool:
    """Whether the account is not suspended: by `state`, else by the older `suspended`; STAGED is not."""
    state = record.get("state")
    return state != SUSPENDED if isinstance(state, str) else record.get("suspended") is not True


def protection(record: Mapping[str, Any]) -> str | None:
    """Why the account must not be changed without approval, None when it may be."""
    return next((why for member, why in _PROTECTED.items() if record.get(member)), None)


def attribute(record: Mapping[str, Any], name: str) -> str | None:
    """The value of a custom attribute (`attributes[]`), None without one."""
    return next(
        (text_of(e.get("value")) for e in _entries(record, "attributes") if e.get("name") == name), None
    )


def text_of(value: object) -> str | None:
    """The text without surrounding white space, None for nothing."""
    return value.strip() or None if isinstance(value, str) else None


# --- writing -----------------------------------------------------------------------------------------------


def new_record(values: Mapping[str, Value]) -> Record:
    """The members of a POST: what has a value, in the order of the field table."""
    return {**_members(values), **_arrays({}, dict(values), values)}


def changed_members(before: Mapping[str, Any], changed: Changed, values: Mapping[str, Value]) -> Record:
    """The members of a PUT, which merges: what changed; arrays whole, entries we do not map untouched."""
    kept = {name: changed[name] for name in FIELDS if name in changed and name not in CREATE_ONLY}
    return {**_members(kept), **_arrays(before, kept, values)}


def needs_record(changed: Changed) -> bool:
    """Whether the changes go into arrays, which PUT replaces as a whole."""
    return any(field in ENTRIES for field in changed)


def _members(changed: Changed) -> Record:
    members: Record = {}
    for field, value in changed.items():
        if field == "active":
            members["state"] = ACTIVE if value else SUSPENDED
        elif field in MEMBERS:
            name = MEMBERS[field]
            members[name] = _CLEARED.get(name, "") if value is None else _one_line(value)
    return members


def _arrays(before: Mapping[str, Any], changed: Changed, values: Mapping[str, Value]) -> Record:
    """The arrays that the changes touch. An entry that has to be made gets all values that belong into it."""
    arrays = {array: copy.deepcopy(_entries(before, array)) for array in dict.fromkeys(_touched(changed))}
    for array, kind in dict.fromkeys(
        ENTRIES[field][:2] for field in FIELDS if field in changed and field in ENTRIES
    ):
        entry = _entry(arrays[array], kind)
        if entry is None:
            entry = {"type": kind}
            arrays[array].append(entry)
            _fill(entry, array, kind, {**values, **changed}, values, before)
        else:
            _fill(entry, array, kind, changed, values, before)
        if not any(text_of(value) for name, value in entry.items() if name not in _BARE):
            arrays[array].remove(entry)
    return dict(arrays)


def _fill(
    entry: Record,
    array: str,
    kind: str,
    changed: Changed,
    values: Mapping[str, Value],
    before: Mapping[str, Any],
) -> None:
    for field, place in ENTRIES.items():
        if place[:2] != (array, kind) or field not in changed:
            continue
        value = changed[field]
        if field in ("workPhone", "workPhoneExtension"):
            value = _work_phone(changed, values, values_of(before))
        entry[place[2]] = "" if value is None else _one_line(value)


def _work_phone(*sources: Changed) -> str | None:
    """`555-0101 x12`, as JumpCloud shows it; number and extension from the first source that knows it."""
    number, extension = (
        next((source[name] for source in sources if name in source), None)
        for name in ("workPhone", "workPhoneExtension")
    )
    return f"{number} x{extension}" if number and extension else str(number) if number else None


def _touched(changed: Changed) -> Iterator[str]:
    return (ENTRIES[field][0] for field in FIELDS if field in changed and field in ENTRIES)


def _entries(record: Mapping[str, Any], array: str) -> list[Record]:
    entries = record.get(array)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _entry(entries: list[Record], kind: str) -> Record | None:
    return next((entry for entry in entries if str(entry.get("type", "")).lower() == kind), None)


def _one_line(value: Value) -> str:
    """JumpCloud has one line for a street address: the lines are joined with a blank."""
    return " ".join(str(value).split("\n"))
