"""JumpCloud's custom SCIM integration ("Identity Management" of an SSO application).

Sources: JumpCloud Support, "Identity Management using a Custom SCIM Integration" (a test user and a test group are made
and deleted to test the connection; user and group attributes; deactivation and re-activation; renamed groups; events)
and "Get Started: SCIM Identity Management". The bodies of its PATCH requests (one operation for each attribute,
members with ``value`` alone, removal by a list of values) are those of public test data of a SCIM server in Rust.
"""

from __future__ import annotations

from typing import Any

from scim.resources import ENTERPRISE, GROUP, USER
from tests.web.scim.dialects.script import ABSENT, ANYTHING, NOBODY, Script, Step, patch

HEADERS = {"Accept": "application/scim+json, application/json", "Content-Type": "application/scim+json"}


def _person(user_name: str, given: str, **more: Any) -> dict[str, Any]:
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": user_name,
        "name": {"givenName": given, "familyName": "User"},
        "displayName": f"{given} User",
        "emails": [{"value": user_name, "type": "work", "primary": True}],
        "active": True,
        "externalId": f"jc-{given.lower()}",
        **more,
    }


_CONNECTION = [
    Step(
        "asks for users to test the connection",
        "GET",
        "/Users?startIndex=1&count=1",
        answer=NOBODY,
        unverified=True,
    ),
    Step(
        "looks the test user up",
        "GET",
        '/Users?filter=userName eq "test@jumpcloud.example"',
        answer=NOBODY,
        unverified=True,
    ),
    Step(
        "makes the test user",
        "POST",
        "/Users",
        _person("test@jumpcloud.example", "Test"),
        status=201,
        keeps={"test": "id"},
    ),
    Step(
        "makes the test group",
        "POST",
        "/Groups",
        {"schemas": [GROUP], "displayName": "JumpCloud Test Group", "members": [{"value": "{test}"}]},
        status=201,
        keeps={"test_group": "id"},
        groups={"JumpCloud Test Group": ["test@jumpcloud.example"]},
        unverified=True,
    ),
    Step("deletes the test group", "DELETE", "/Groups/{test_group}", status=204),
    Step(
        "deletes the test user",
        "DELETE",
        "/Users/{test}",
        status=204,
        people={"test@jumpcloud.example": ABSENT},
    ),
]

LIFE = Script(
    "JumpCloud",
    [
        *_CONNECTION,
        Step("looks the first user up", "GET", '/Users?filter=userName eq "ada@example.com"', answer=NOBODY),
        Step(
            "creates the first user",
            "POST",
            "/Users",
            _person(
                "ada@example.com",
                "Ada",
                title="Analyst",
                addresses=[{"type": "work", "locality": "London", "country": "GB", "postalCode": ""}],
                phoneNumbers=[{"type": "work", "value": "+44 20 7946 0018"}],
                **{ENTERPRISE: {"employeeNumber": "1815", "department": "Engines", "costCenter": ""}},
            ),
            status=201,
            answer={"id": ANYTHING, "externalId": "jc-ada"},
            keeps={"ada": "id"},
            people={
                "ada@example.com": {
                    "title": "Analyst",
                    "addresses": [{"locality": "London", "postalCode": ABSENT}],
                    ENTERPRISE: {"employeeNumber": "1815", "department": "Engines", "costCenter": ABSENT},
                }
            },
            unverified=True,
        ),
        Step(
            "creates the second user",
            "POST",
            "/Users",
            _person("grace@example.com", "Grace"),
            status=201,
            keeps={"grace": "id"},
        ),
        Step(
            "finds the first user before it updates it",
            "GET",
            '/Users?filter=userName eq "ada@example.com"',
            answer={"totalResults": 1, "Resources": [{"id": "{ada}", "externalId": "jc-ada"}]},
        ),
        Step(
            "updates with one operation for each attribute",
            "PATCH",
            "/Users/{ada}",
            patch(
                {"op": "replace", "path": "name.givenName", "value": "Augusta"},
                {"op": "replace", "path": "name.familyName", "value": "King"},
                {"op": "replace", "path": "active", "value": True},
            ),
            people={
                "ada@example.com": {"name": {"givenName": "Augusta", "familyName": "King"}, "active": True}
            },
        ),
        Step(
            "updates with the whole object",
            "PUT",
            "/Users/{ada}",
            _person("ada@example.com", "Ada", id="{ada}"),
            people={"ada@example.com": {"name": {"givenName": "Ada"}, "title": ABSENT, "active": True}},
            unverified=True,
        ),
        Step(
            "deactivates who is suspended or no longer associated",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "replace", "path": "active", "value": False}),
            people={"ada@example.com": {"active": False}},
        ),
        Step(
            "re-activates",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "replace", "path": "active", "value": True}),
            people={"ada@example.com": {"active": True}},
        ),
        Step(
            "looks the group up",
            "GET",
            '/Groups?filter=displayName eq "Engineers"',
            answer=NOBODY,
            unverified=True,
        ),
        Step(
            "creates the group with its first member, as it makes no empty ones",
            "POST",
            "/Groups",
            {"schemas": [GROUP], "displayName": "Engineers", "members": [{"value": "{ada}"}]},
            status=201,
            keeps={"group": "id"},
            groups={"Engineers": ["ada@example.com"]},
        ),
        Step(
            "adds a member by value alone",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "add", "path": "members", "value": [{"value": "{grace}"}]}),
            groups={"Engineers": ["ada@example.com", "grace@example.com"]},
        ),
        Step(
            "removes a member by a list of values",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "remove", "path": "members", "value": [{"value": "{grace}"}]}),
            groups={"Engineers": ["ada@example.com"]},
        ),
        Step(
            "renames the group",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "replace", "path": "displayName", "value": "Builders"}),
            groups={"Builders": ["ada@example.com"]},
            unverified=True,
        ),
        Step(
            "replaces the members",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "replace", "path": "members", "value": [{"value": "{ada}"}, {"value": "{grace}"}]}),
            groups={"Builders": ["ada@example.com", "grace@example.com"]},
            unverified=True,
        ),
        Step("deletes the group", "DELETE", "/Groups/{group}", status=204, groups={"Builders": ABSENT}),
        Step(
            "deletes the user who was deleted over there",
            "DELETE",
            "/Users/{ada}",
            status=204,
            people={"ada@example.com": ABSENT, "grace@example.com": {"active": True}},
            unverified=True,
        ),
    ],
    HEADERS,
)
SCRIPTS = (LIFE,)
