"""Random PATCH bodies (RFC 7644 §3.5.2): every verb on every form of path, good and bad."""

from __future__ import annotations

from typing import Any

from scim.operations import PATCH_SCHEMA
from scim.resources import ENTERPRISE
from tests.referees.differential import values as v
from tests.referees.differential.chance import Chance, Make
from tests.referees.differential.values import Document

#: Paths into a User and what makes values that fit there.
_USER_PATHS: dict[str, Make] = {
    **{name: make for name, make in v.USER_VALUES.items() if name not in (ENTERPRISE, "password")},
    "userName": v.user_names,
    "DISPLAYNAME": v.words,
    "name.familyName": v.words,
    "name.givenName": v.words,
    'emails[type eq "work"]': v.email,
    'emails[type eq "work"].value': v.addresses,
    'emails[type eq "home"].display': v.words,
    'emails[value eq "ann@example.com"].primary': v.booleans,
    'emails[type eq "work" and primary eq true].value': v.addresses,
    'emails[type ne "work"].display': v.words,
    'emails[value sw "a" or type eq "home"].type': v.types,
    'addresses[type eq "work"].locality': v.words,
    'addresses[locality co "a"].region': v.words,
    'roles[value eq "Ann"]': v.role,
    f"{ENTERPRISE}:employeeNumber": v.words,
    f"{ENTERPRISE}:manager": v.managers,
    f"{ENTERPRISE}:department": v.words,
    "urn:ietf:params:scim:schemas:core:2.0:User:nickName": v.words,
    "urn:ietf:params:scim:schemas:core:2.0:User:name.givenName": v.words,
}
_GROUP_PATHS: dict[str, Make] = {
    "displayName": v.words,
    "externalId": v.external_ids,
    "members": v.members,
    'members[value eq "{u1}"]': v.members,
    'members[value eq "{u2}"]': v.members,
}
#: Paths that lead nowhere, are malformed, or to what clients may not write.
_BAD_PATHS = [
    "shoeSize",
    "name.shoeSize",
    "emails[shoeSize eq 1]",
    "emails[type eq",
    'emails[type eq "work"',
    'emails[type xx "work"]',
    "emails[]",
    "name[",
    "..",
    "urn:example:unknown:thing",
    "id",
    "meta.created",
    "meta",
    "groups",
    "schemas",
    'title[value eq "x"]',
    "displayName.value",
]
_VERBS = ["add", "replace", "remove", "remove", "Add", "REPLACE"]
_BAD_OPERATIONS: list[Any] = [
    {"op": "move", "path": "displayName", "value": "x"},
    {"op": "replace", "path": "displayName", "value": {"x": 1}},
    {"op": "remove"},
    {"op": "add", "path": "displayName"},
    {"op": "add"},
    {"op": "add", "value": "text"},
    {"path": "displayName", "value": "x"},
    {"op": "add", "path": 5, "value": "x"},
    {"op": "replace", "value": {"shoeSize": 43}},
    {"op": "replace", "value": {"id": "mine", "displayName": "Ann"}},
]
_BAD_OPERATIONS_ON_USERS: list[Any] = [
    {"op": "add", "path": "emails", "value": [{"value": 5}]},
    {"op": "replace", "path": "active", "value": [1]},
    {"op": "remove", "path": "userName"},
    {"op": "replace", "path": "userName", "value": None},
    {"op": "replace", "path": "title", "value": None},
    {"op": "replace", "path": "emails", "value": []},
]
_BAD_OPERATIONS_ON_GROUPS: list[Any] = [
    {"op": "add", "path": "members", "value": [{"value": 5}]},
    {"op": "add", "path": "members", "value": [{"display": "nobody"}]},
    {"op": "add", "path": "members", "value": [5]},
    {"op": "replace", "path": "members.value", "value": "{u1}"},
    {"op": "remove", "path": "displayName"},
    {"op": "replace", "path": "members", "value": []},
    {"op": "add", "path": "members", "value": None},
    {"op": "add", "path": "members"},
]
_BAD_BODIES: list[Any] = [
    {"schemas": [PATCH_SCHEMA]},
    {"schemas": [PATCH_SCHEMA], "Operations": []},
    {"schemas": [PATCH_SCHEMA], "Operations": {"op": "remove", "path": "displayName"}},
    {"schemas": ["urn:example:other"], "Operations": [{"op": "remove", "path": "displayName"}]},
    [],
    "text",
]


def _good_operation(chance: Chance, paths: dict[str, Make], is_user: bool) -> Document:
    """Return an operation that the RFC allows, on what may be there or not."""
    verb, path = chance.choice(_VERBS), chance.choice(list(paths))
    if verb == "remove":
        is_chosen = path == "members" and chance.one_in(2)
        return {"op": verb, "path": path, **({"value": v.members(chance)} if is_chosen else {})}
    if chance.one_in(5):
        plain = chance.choice([name for name in paths if "[" not in name and ":" not in name])
        return {"op": verb, "value": {plain: paths[plain](chance)}}
    if is_user and chance.one_in(10):
        return {"op": verb, "value": {ENTERPRISE: v.enterprises(chance)}}
    return {"op": verb, "path": path, "value": paths[path](chance)}


def _bad_operation(chance: Chance, paths: dict[str, Make], is_user: bool) -> Document:
    """Return an operation with one fault: in its form, its path or its value."""
    if chance.one_in(3):
        special = _BAD_OPERATIONS_ON_USERS if is_user else _BAD_OPERATIONS_ON_GROUPS
        return chance.choice([*_BAD_OPERATIONS, *special])
    if chance.one_in(2):
        verb = chance.choice(_VERBS)
        value = {} if verb == "remove" else {"value": v.words(chance)}
        return {"op": verb, "path": chance.choice(_BAD_PATHS), **value}
    path = chance.choice([path for path in paths if "[" not in path])
    return {"op": chance.choice(["add", "replace"]), "path": path, "value": v.wrong(chance)}


def patches(chance: Chance, *, of_users: bool) -> Any:
    """Return the body of a PATCH with one to three operations; one in five has a fault, and then one only."""
    if chance.one_in(20):
        return chance.choice(_BAD_BODIES)
    paths = _USER_PATHS if of_users else _GROUP_PATHS
    if chance.one_in(6):
        operations = [_bad_operation(chance, paths, of_users)]
    else:
        operations = [_good_operation(chance, paths, of_users) for _ in range(chance.choice([1, 1, 2, 3]))]
    return {"schemas": [PATCH_SCHEMA], "Operations": operations}
