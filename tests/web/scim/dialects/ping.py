"""Ping Identity: PingFederate's SCIM Provisioner and PingOne's outbound SCIM connection, which share their settings.

Sources, Ping Identity documentation: "SCIM provisioner settings reference" (filters ``userName eq`` and ``emails eq``,
bearer tokens and OAuth client credentials), "User and group management" of the SCIM Provisioner (create, update,
disable or delete, group names and memberships), "User and group management" of the GitHub EMU Provisioner (a look at
the user ``0`` before each operation, which answers 404) and "SCIM provisioning features" of PingOne. Bodies are not
published: those steps are ``unverified``.
"""

from __future__ import annotations

from typing import Any

from scim.resources import ENTERPRISE, GROUP, USER
from tests.web.scim.dialects.script import ABSENT, NOBODY, Script, Step, patch

HEADERS = {"Accept": "application/scim+json", "Content-Type": "application/scim+json"}
#: The provisioner's look whether somebody answers, before each operation.
ALIVE = Step("looks whether the service answers", "GET", "/Users/0", status=404)


def _person(user_name: str, given: str, **changes: Any) -> dict[str, Any]:
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": user_name,
        "name": {"givenName": given, "familyName": "User"},
        "emails": [{"type": "work", "value": user_name, "primary": True}],
        "active": True,
        ENTERPRISE: {"department": "Engines"},
        **changes,
    }


LIFE = Script(
    "Ping",
    [
        Step(
            "reads what the service can do",
            "GET",
            "/ServiceProviderConfig",
            answer={"patch": {"supported": True}},
            unverified=True,
        ),
        ALIVE,
        Step(
            "looks the first user up by name",
            "GET",
            '/Users?filter=userName eq "ada@example.com"',
            answer=NOBODY,
        ),
        Step(
            "creates the first user",
            "POST",
            "/Users",
            _person("ada@example.com", "Ada"),
            status=201,
            keeps={"ada": "id"},
            people={"ada@example.com": {"active": True, ENTERPRISE: {"department": "Engines"}}},
            unverified=True,
        ),
        Step(
            "finds the first user by work e-mail, as it may be set",
            "GET",
            '/Users?filter=emails eq "ada@example.com"',
            answer={"totalResults": 1, "Resources": [{"id": "{ada}"}]},
        ),
        Step(
            "creates the second user disabled",
            "POST",
            "/Users",
            _person("grace@example.com", "Grace", active=False),
            status=201,
            keeps={"grace": "id"},
            people={"grace@example.com": {"active": False}},
            unverified=True,
        ),
        ALIVE,
        Step(
            "updates with the whole object",
            "PUT",
            "/Users/{ada}",
            _person("ada@example.com", "Augusta", id="{ada}"),
            people={"ada@example.com": {"name": {"givenName": "Augusta"}}},
            unverified=True,
        ),
        Step(
            "disables",
            "PUT",
            "/Users/{ada}",
            _person("ada@example.com", "Augusta", id="{ada}", active=False),
            people={"ada@example.com": {"active": False}},
            unverified=True,
        ),
        Step(
            "enables",
            "PUT",
            "/Users/{ada}",
            _person("ada@example.com", "Augusta", id="{ada}"),
            people={"ada@example.com": {"active": True}},
            unverified=True,
        ),
        Step(
            "looks the group up",
            "GET",
            '/Groups?filter=displayName eq "Engineers"',
            answer=NOBODY,
            unverified=True,
        ),
        Step(
            "creates the group",
            "POST",
            "/Groups",
            {"schemas": [GROUP], "displayName": "Engineers"},
            status=201,
            keeps={"group": "id"},
            groups={"Engineers": []},
            unverified=True,
        ),
        Step(
            "merges members into the group",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "add", "path": "members", "value": [{"value": "{ada}"}, {"value": "{grace}"}]}),
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
            "overwrites the members, as it may be set",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "replace", "path": "members", "value": [{"value": "{grace}"}]}),
            groups={"Engineers": ["grace@example.com"]},
            unverified=True,
        ),
        Step(
            "renames the group",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "replace", "path": "displayName", "value": "Builders"}),
            groups={"Engineers": ABSENT, "Builders": ["grace@example.com"]},
            unverified=True,
        ),
        Step(
            "deletes the user, as it may be set",
            "DELETE",
            "/Users/{ada}",
            status=204,
            people={"ada@example.com": ABSENT},
        ),
        Step("deletes the group", "DELETE", "/Groups/{group}", status=204, groups={"Builders": ABSENT}),
    ],
    HEADERS,
)
SCRIPTS = (LIFE,)
