"""What JumpCloud accepts in a systemuser (vendors.md §6.3). Rules marked [G] are our guess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.vendors.jumpcloud.simulator.errors import Refusal

TEXT_MEMBERS = frozenset(
    [
        "username",
        "email",
        "alternateEmail",
        "firstname",
        "middlename",
        "lastname",
        "displayname",
        "company",
        "costCenter",
        "department",
        "description",
        "employeeIdentifier",
        "employeeType",
        "jobTitle",
        "location",
        "manager",
        "external_dn",
        "external_source_type",
        "managedAppleId",
        "state",
        "recoveryEmail",
        "password",
    ]
)
FLAG_MEMBERS = frozenset(
    [
        "suspended",
        "sudo",
        "passwordless_sudo",
        "enable_managed_uid",
        "allow_public_key",
        "enable_user_portal_multifactor",
        "externally_managed",
        "ldap_binding_user",
        "password_never_expires",
        "samba_service_user",
        "disableDeviceMaxLoginAttempts",
    ]
)
ENTRY_MEMBERS: dict[str, tuple[str, ...]] = {
    "addresses": (
        "type",
        "poBox",
        "extendedAddress",
        "streetAddress",
        "locality",
        "region",
        "postalCode",
        "country",
    ),
    "phoneNumbers": ("type", "number"),
    "attributes": ("name", "value"),
    "relationships": ("type", "value"),
}
WITH_IDS = frozenset({"addresses", "phoneNumbers"})
WRITABLE = TEXT_MEMBERS | FLAG_MEMBERS | ENTRY_MEMBERS.keys()
MAX_LENGTH: dict[str, int] = {"employeeIdentifier": 256}
DEFAULT_MAX_LENGTH = 1024
CREATE_STATES = ("STAGED", "ACTIVATED", "SUSPENDED")
PUT_STATES = ("ACTIVATED", "SUSPENDED")
# "Naming Conventions for Users" (support.jumpcloud.com): starts with a letter, no blanks or @, Unix
# characters, at most 30 of them.
USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,29}")
RESERVED = frozenset({"root", "daemon", "nobody", "jumpcloud"})  # [G]
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def accepted(members: Mapping[str, Any], states: tuple[str, ...]) -> dict[str, Any]:
    """Return the writable members, checked and with ``state`` and ``suspended`` in agreement; unknown members
    are dropped [G].

    Raises Refusal (400), naming the member.
    """
    kept = {name: value for name, value in members.items() if name in WRITABLE}
    for name, value in kept.items():
        _check_member(name, value)
    if "username" in kept:
        _check_username(kept["username"])
    if "email" in kept and not EMAIL.fullmatch(kept["email"] or ""):
        raise Refusal(400, "Bad Request: email is not valid")
    _settle_state(kept, states)
    return kept


def _check_member(name: str, value: Any) -> None:
    if name in FLAG_MEMBERS:
        if not isinstance(value, bool):
            raise Refusal(400, f"Bad Request: {name} must be a boolean")
    elif name in ENTRY_MEMBERS:
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise Refusal(400, f"Bad Request: {name} must be an array of objects")
        for entry in value:
            for member in ENTRY_MEMBERS[name]:
                _check_text(f"{name}.{member}", entry.get(member))
    else:
        _check_text(name, value)


def _check_text(name: str, value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise Refusal(400, f"Bad Request: {name} must be a string")
    limit = MAX_LENGTH.get(name, DEFAULT_MAX_LENGTH)
    if value is not None and len(value) > limit:
        raise Refusal(400, f"Bad Request: {name} is longer than {limit} characters")


def _check_username(username: Any) -> None:
    if not isinstance(username, str) or not USERNAME.fullmatch(username):
        raise Refusal(
            400,
            "Bad Request: username must start with a letter and hold at most 30 letters, digits, '.', '_', '-'",
        )
    if username.lower() in RESERVED:
        raise Refusal(400, f"Bad Request: username {username} is reserved")


def _settle_state(kept: dict[str, Any], states: tuple[str, ...]) -> None:
    if "state" in kept:
        if kept["state"] not in states:
            raise Refusal(400, f"Bad Request: state must be one of {', '.join(states)}")
        kept["suspended"] = kept["state"] == "SUSPENDED"  # both given: state wins [G]
    elif "suspended" in kept:
        kept["state"] = "SUSPENDED" if kept["suspended"] else "ACTIVATED"
