"""Rippling's custom integration "User Management via SCIM".

Sources: WorkOS, "Rippling SCIM", Kombo, "Rippling SCIM: How do I link my account" and Adaptive Security, "Rippling SCIM
User Provisioning" (SCIM 2.0, bearer token; the choices pagination, groups, create and delete groups, PATCH for groups;
the attributes externalId, emails.primary, name.givenName, name.familyName, employeeNumber); authn.sh, "SCIM 2.0 with
Rippling" (the probe, e-mails without a type). The bodies are not published: those steps are ``unverified``.
"""

from __future__ import annotations

from typing import Any

from scim.resources import ENTERPRISE, GROUP, USER
from tests.web.scim.dialects.script import ABSENT, NOBODY, Script, Step, patch

HEADERS = {"Accept": "application/scim+json", "Content-Type": "application/scim+json"}


def _person(user_name: str, given: str, **changes: Any) -> dict[str, Any]:
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": f"rippling-{given.lower()}",
        "userName": user_name,
        "name": {"givenName": given, "familyName": "User"},
        "emails": [{"value": user_name, "primary": True}],
        ENTERPRISE: {"employeeNumber": "1815"},
        "active": True,
        **changes,
    }


LIFE = Script(
    "Rippling",
    [
        Step(
            "tests the connection",
            "GET",
            "/ServiceProviderConfig",
            answer={"patch": {"supported": True}},
            unverified=True,
        ),
        Step(
            "pages through the users to match them",
            "GET",
            "/Users?startIndex=1&count=100",
            answer=NOBODY,
            unverified=True,
        ),
        Step(
            "pages through the groups",
            "GET",
            "/Groups?startIndex=1&count=100",
            answer=NOBODY,
            unverified=True,
        ),
        Step(
            "looks the first user up",
            "GET",
            '/Users?filter=userName eq "ada@example.com"',
            answer=NOBODY,
            unverified=True,
        ),
        Step(
            "creates the first user",
            "POST",
            "/Users",
            _person("ada@example.com", "Ada"),
            status=201,
            answer={"externalId": "rippling-ada"},
            keeps={"ada": "id"},
            people={
                "ada@example.com": {
                    "active": True,
                    "emails": [{"value": "ada@example.com", "primary": True, "type": ABSENT}],
                    ENTERPRISE: {"employeeNumber": "1815"},
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
            unverified=True,
        ),
        Step(
            "finds the first user by primary e-mail",
            "GET",
            '/Users?filter=emails[primary eq true and value eq "ada@example.com"]',
            answer={"totalResults": 1, "Resources": [{"id": "{ada}"}]},
            unverified=True,
        ),
        Step(
            "updates the user",
            "PATCH",
            "/Users/{ada}",
            patch(
                {"op": "replace", "path": "name.familyName", "value": "Lovelace"},
                {"op": "replace", "path": "emails[primary eq true].value", "value": "lovelace@example.com"},
            ),
            people={
                "ada@example.com": {
                    "name": {"familyName": "Lovelace"},
                    "emails": [{"value": "lovelace@example.com", "primary": True}],
                }
            },
            unverified=True,
        ),
        Step(
            "deactivates who was terminated",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "replace", "path": "active", "value": False}),
            people={"ada@example.com": {"active": False}},
            unverified=True,
        ),
        Step(
            "re-activates who was hired again",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "replace", "value": {"active": True}}),
            people={"ada@example.com": {"active": True}},
            unverified=True,
        ),
        Step(
            "creates the group",
            "POST",
            "/Groups",
            {"schemas": [GROUP], "displayName": "Engineers", "members": [{"value": "{ada}"}]},
            status=201,
            keeps={"group": "id"},
            groups={"Engineers": ["ada@example.com"]},
            unverified=True,
        ),
        Step(
            "adds a member",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "add", "path": "members", "value": [{"value": "{grace}"}]}),
            groups={"Engineers": ["ada@example.com", "grace@example.com"]},
            unverified=True,
        ),
        Step(
            "removes a member",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "remove", "path": 'members[value eq "{grace}"]'}),
            groups={"Engineers": ["ada@example.com"]},
            unverified=True,
        ),
        Step(
            "renames the group",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "replace", "value": {"displayName": "Builders"}}),
            groups={"Builders": ["ada@example.com"]},
            unverified=True,
        ),
        Step(
            "replaces the members",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "replace", "path": "members", "value": [{"value": "{grace}"}]}),
            groups={"Builders": ["grace@example.com"]},
            unverified=True,
        ),
        Step(
            "deletes the group",
            "DELETE",
            "/Groups/{group}",
            status=204,
            groups={"Builders": ABSENT},
            unverified=True,
        ),
        Step(
            "deletes the user",
            "DELETE",
            "/Users/{ada}",
            status=204,
            people={"ada@example.com": ABSENT},
            unverified=True,
        ),
    ],
    HEADERS,
)
SCRIPTS = (LIFE,)
