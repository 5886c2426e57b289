"""Okta: an integration of its catalogue, which patches, and a custom one, which puts whole objects.

Sources, Okta Developer: "SCIM 2.0 Protocol Reference" (every request here, which of the two kinds of integration sends
PATCH and which PUT, and that Okta deletes no users), and the public Runscope tests "Okta SCIM 2.0 Tests" (headers, the
test of the credentials, the look-up of a user that cannot exist).
"""

from __future__ import annotations

from typing import Any

from scim.resources import GROUP, USER
from tests.web.scim.dialects.script import ABSENT, ANYTHING, LIST, NOBODY, Script, Step, patch

HEADERS = {
    "Accept": "application/scim+json",
    "Accept-Charset": "utf-8",
    "Content-Type": "application/scim+json; charset=utf-8",
    "User-Agent": "Okta SCIM Client 1.0.0",
}


def _profile(user_name: str, given: str, external_id: str) -> dict[str, Any]:
    return {
        "schemas": [USER],
        "userName": user_name,
        "name": {"givenName": given, "familyName": "User"},
        "emails": [{"primary": True, "value": user_name, "type": "work"}],
        "displayName": f"{given} User",
        "locale": "en-US",
        "externalId": external_id,
        "groups": [],
        "password": "1mz050nq",
        "active": True,
    }


def _whole(**changes: Any) -> dict[str, Any]:
    """Return the first user as Okta sends it back: what it read, with the changes in it."""
    return {
        "schemas": [USER],
        "id": "{ada}",
        "userName": "ada@okta.local",
        "name": {"givenName": "Ada", "middleName": "Excited", "familyName": "User"},
        "emails": [{"primary": True, "value": "ada@okta.local", "type": "work", "display": "ada@okta.local"}],
        "active": True,
        "groups": [],
        "meta": {"resourceType": "User"},
        **changes,
    }


def _member(name: str) -> dict[str, str]:
    return {"value": f"{{{name}}}", "display": f"{name}@okta.local"}


_ARRIVALS = [
    Step(
        "tests the credentials",
        "GET",
        "/Users?startIndex=1&count=2",
        answer={"schemas": [LIST], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": []},
    ),
    Step("lists the groups", "GET", "/Groups?startIndex=1&count=100", answer=NOBODY),
    Step("asks for a user id that cannot exist", "GET", "/Users/010101001010101011001010101011", status=404),
    Step(
        "looks the first user up",
        "GET",
        '/Users?filter=userName eq "ada@okta.local"&startIndex=1&count=100',
        answer=NOBODY,
    ),
    Step(
        "creates the first user",
        "POST",
        "/Users",
        _profile("ada@okta.local", "Ada", "00ujl29u0le5T6Aj10h7"),
        status=201,
        answer={"id": ANYTHING, "externalId": "00ujl29u0le5T6Aj10h7", "active": True, "password": ABSENT},
        keeps={"ada": "id"},
        people={"ada@okta.local": {"active": True, "locale": "en-US", "password": ABSENT}},
    ),
    Step(
        "creates the second user",
        "POST",
        "/Users",
        _profile("grace@okta.local", "Grace", "00ujl29u0le5T6Aj10h8"),
        status=201,
        keeps={"grace": "id"},
    ),
    Step(
        "creates a user that exists already",
        "POST",
        "/Users",
        _profile("ADA@okta.local", "Ada", "00ujl29u0le5T6Aj10h9"),
        status=409,
        answer={"scimType": "uniqueness"},
    ),
    Step(
        "imports the users of the first page",
        "GET",
        "/Users?startIndex=1&count=100",
        answer={"totalResults": 2, "startIndex": 1, "itemsPerPage": 2},
    ),
    Step("reads the user that it is going to change", "GET", "/Users/{ada}", answer={"id": "{ada}"}),
    Step(
        "updates the user with the whole object",
        "PUT",
        "/Users/{ada}",
        _whole(),
        answer={"id": "{ada}", "active": True, "name": {"middleName": "Excited"}},
        people={"ada@okta.local": {"name": {"middleName": "Excited"}, "displayName": ABSENT}},
    ),
]

_NEW_GROUP = Step(
    "pushes the group",
    "POST",
    "/Groups",
    {"schemas": [GROUP], "displayName": "Engineers", "members": []},
    status=201,
    answer={"id": ANYTHING, "displayName": "Engineers"},
    keeps={"group": "id"},
    groups={"Engineers": []},
)
_END = [
    Step("asks whether the group is still there", "GET", "/Groups/{group}", answer={"id": "{group}"}),
    Step(
        "unlinks and deletes the group", "DELETE", "/Groups/{group}", status=204, groups={"Builders": ABSENT}
    ),
    Step(
        "finds the user that it never deletes",
        "GET",
        "/Users/{ada}",
        answer={"active": False, "groups": ABSENT},
        people={"ada@okta.local": {"active": False}},
    ),
]

CATALOGUE = Script(
    "Okta, an integration of the catalogue",
    [
        *_ARRIVALS,
        Step(
            "deactivates without a path",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "replace", "value": {"active": False}}),
            answer={"active": False},
            people={"ada@okta.local": {"active": False, "name": {"givenName": "Ada"}}},
        ),
        Step(
            "re-activates without a path",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "replace", "value": {"active": True}}),
            people={"ada@okta.local": {"active": True}},
        ),
        Step(
            "syncs the password, which is not kept",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "replace", "value": {"password": "2mz051nr"}}),
            answer={"password": ABSENT},
            people={"ada@okta.local": {"password": ABSENT}},
        ),
        _NEW_GROUP,
        Step(
            "pushes the whole membership",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "replace", "path": "members", "value": [_member("ada"), _member("grace")]}),
            groups={"Engineers": ["ada@okta.local", "grace@okta.local"]},
        ),
        Step(
            "removes one member and adds another in one request",
            "PATCH",
            "/Groups/{group}",
            patch(
                {"op": "remove", "path": 'members[value eq "{grace}"]'},
                {"op": "add", "path": "members", "value": [_member("ada")]},
            ),
            groups={"Engineers": ["ada@okta.local"]},
        ),
        Step(
            "renames the group with its id beside the name",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "replace", "value": {"id": "{group}", "displayName": "Builders"}}),
            answer={"id": "{group}", "displayName": "Builders"},
            groups={"Engineers": ABSENT, "Builders": ["ada@okta.local"]},
        ),
        Step(
            "repeats the name with each change of members",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "replace", "value": {"id": "{group}", "displayName": "Builders"}}),
            groups={"Builders": ["ada@okta.local"]},
        ),
        Step(
            "deactivates the user that was removed over there",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "replace", "value": {"active": False}}),
            people={"ada@okta.local": {"active": False}},
            groups={"Builders": ["ada@okta.local"]},
        ),
        Step(
            "takes the last member out of the group",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "remove", "path": 'members[value eq "{ada}"]'}),
            groups={"Builders": []},
        ),
        *_END,
    ],
    HEADERS,
)

CUSTOM = Script(
    "Okta, a custom integration",
    [
        *_ARRIVALS,
        Step(
            "deactivates with the whole object",
            "PUT",
            "/Users/{ada}",
            _whole(active=False),
            answer={"active": False},
            people={"ada@okta.local": {"active": False}},
        ),
        Step(
            "re-activates with the whole object",
            "PUT",
            "/Users/{ada}",
            _whole(),
            people={"ada@okta.local": {"active": True}},
        ),
        _NEW_GROUP,
        Step(
            "puts members into the group",
            "PUT",
            "/Groups/{group}",
            {
                "schemas": [GROUP],
                "id": "{group}",
                "displayName": "Engineers",
                "members": [_member("ada"), _member("grace")],
            },
            groups={"Engineers": ["ada@okta.local", "grace@okta.local"]},
        ),
        Step(
            "renames the group and takes a member out",
            "PUT",
            "/Groups/{group}",
            {"schemas": [GROUP], "id": "{group}", "displayName": "Builders", "members": [_member("ada")]},
            groups={"Engineers": ABSENT, "Builders": ["ada@okta.local"]},
        ),
        Step(
            "deactivates the user that was removed over there, who is in a group",
            "PUT",
            "/Users/{ada}",
            _whole(active=False, groups=[{"value": "{group}", "display": "Builders"}]),
            people={"ada@okta.local": {"active": False}},
            groups={"Builders": ["ada@okta.local"]},
        ),
        Step(
            "empties the group",
            "PUT",
            "/Groups/{group}",
            {"schemas": [GROUP], "id": "{group}", "displayName": "Builders", "members": []},
            groups={"Builders": []},
        ),
        *_END,
    ],
    HEADERS,
)
SCRIPTS = (CATALOGUE, CUSTOM)
