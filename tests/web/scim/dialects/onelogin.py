"""OneLogin's "SCIM Provisioner with SAML (SCIM v2 Enterprise)": the body of a user is a template of the administrator.

Sources: OneLogin Developers, "Step 4. Test Your SCIM Implementation" (create, update, delete or suspend; approval of
each) and "Create a SCIM app" (Refresh Entitlements reads the groups, rules set them); the set-up pages of Living
Security and Keepnet for OneLogin (templates: ``id`` null, empty texts, ``manager.displayName``); the source of the
library django-scim2 (an e-mail as one object). The requests are not published: most steps are ``unverified``.
"""

from __future__ import annotations

from typing import Any

from scim.resources import ENTERPRISE, GROUP, USER
from tests.web.scim.dialects.script import ABSENT, ANYTHING, NOBODY, Script, Step, patch

HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}


def person(user_name: str, given: str, **changes: Any) -> dict[str, Any]:
    """Return a user as the template makes it: everything is there, empty or not."""
    return {
        "schemas": [USER, ENTERPRISE],
        "id": None,
        "meta": {"resourceType": "User"},
        "userName": user_name,
        "name": {"familyName": "User", "givenName": given, "formatted": f"{given} User"},
        "title": "",
        "userType": "",
        "emails": [{"value": user_name, "type": "work", "primary": True}],
        "addresses": [{"locality": "", "region": "", "country": ""}],
        ENTERPRISE: {
            "department": "",
            "organization": "Example",
            "manager": {"value": "", "managerId": "", "displayName": " "},
        },
        "active": "true",
        **changes,
    }


LIFE = Script(
    "OneLogin",
    [
        Step("enables the connection", "GET", "/Users?startIndex=1&count=1", answer=NOBODY, unverified=True),
        Step(
            "refreshes the entitlements",
            "GET",
            "/Groups?startIndex=1&count=100",
            answer=NOBODY,
            unverified=True,
        ),
        Step("looks the first user up", "GET", '/Users?filter=userName eq "ada@example.com"', answer=NOBODY),
        Step(
            "creates the first user from the template",
            "POST",
            "/Users",
            person("ada@example.com", "Ada"),
            status=201,
            answer={"id": ANYTHING, "active": True, "title": ABSENT},
            keeps={"ada": "id"},
            people={
                "ada@example.com": {
                    "active": True,
                    "title": ABSENT,
                    "addresses": ABSENT,
                    ENTERPRISE: {"organization": "Example", "department": ABSENT, "manager": ABSENT},
                }
            },
        ),
        Step(
            "creates the second user, who has a manager",
            "POST",
            "/Users",
            person(
                "grace@example.com",
                "Grace",
                **{ENTERPRISE: {"manager": {"value": "{ada}", "displayName": "Ada"}}},
            ),
            status=201,
            keeps={"grace": "id"},
            people={"grace@example.com": {ENTERPRISE: {"manager": {"value": "{ada}"}}}},
        ),
        Step(
            "updates with the whole object",
            "PUT",
            "/Users/{ada}",
            person("ada@example.com", "Augusta", id="{ada}", title="Analyst"),
            answer={"id": "{ada}", "title": "Analyst"},
            people={"ada@example.com": {"name": {"givenName": "Augusta"}, "title": "Analyst"}},
            unverified=True,
        ),
        Step(
            "replaces the e-mail with one object where a list belongs",
            "PATCH",
            "/Users/{ada}",
            patch(
                {"op": "replace", "path": "emails", "value": {"value": "augusta@example.com", "type": "work"}}
            ),
            people={"ada@example.com": {"emails": [{"value": "augusta@example.com", "type": "work"}]}},
            unverified=True,
        ),
        Step(
            "suspends",
            "PUT",
            "/Users/{ada}",
            person("ada@example.com", "Augusta", id="{ada}", active="false"),
            people={"ada@example.com": {"active": False}},
            unverified=True,
        ),
        Step(
            "re-activates",
            "PUT",
            "/Users/{ada}",
            person("ada@example.com", "Augusta", id="{ada}"),
            people={"ada@example.com": {"active": True}},
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
            "adds members",
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
            "renames the group and replaces its members",
            "PUT",
            "/Groups/{group}",
            {"schemas": [GROUP], "displayName": "Builders", "members": [{"value": "{grace}"}]},
            groups={"Engineers": ABSENT, "Builders": ["grace@example.com"]},
            unverified=True,
        ),
        Step("deletes the user", "DELETE", "/Users/{ada}", status=204, people={"ada@example.com": ABSENT}),
        Step(
            "deletes the group",
            "DELETE",
            "/Groups/{group}",
            status=204,
            groups={"Builders": ABSENT},
            unverified=True,
        ),
    ],
    HEADERS,
)
SCRIPTS = (LIFE,)
