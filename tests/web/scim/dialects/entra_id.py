"""Microsoft Entra ID's provisioning service as it comes, without a flag in its address.

Sources, Microsoft Learn: "Tutorial: Develop and plan provisioning for a SCIM endpoint in Microsoft Entra ID" (requests
for users and groups, test connection, look-ups, reference checks) and "Known issues and resolutions with SCIM 2.0
protocol compliance of the Microsoft Entra user provisioning service" (what ``aadOptscim062020`` changes).
"""

from __future__ import annotations

from scim.resources import ENTERPRISE, GROUP, USER
from tests.web.scim.dialects.script import ABSENT, NOBODY, Script, Step, patch

HEADERS = {"Accept": "application/scim+json", "Content-Type": "application/scim+json; charset=utf-8"}
#: The schema that Entra ID names in every group that it makes, beside the standard one.
AD_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
UNKNOWN = "7d1f6d1e-6f4b-4f0c-9a57-0d5a3f0e5c11"


def _person(user_name: str, external_id: str, given: str, family: str) -> dict[str, object]:
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": external_id,
        "userName": user_name,
        "active": True,
        "addresses": None,
        "displayName": f"{given} {family}",
        "emails": [{"primary": True, "type": "work", "value": user_name}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": f"{given} {family}", "familyName": family, "givenName": given},
        "phoneNumbers": None,
        "title": None,
        "roles": [],
    }


def connection(query: str) -> list[Step]:
    """Return the test of the connection, which also keeps it alive: people and groups that do not exist."""
    return [
        Step(
            "tests the connection with a user that cannot exist",
            "GET",
            f'/Users?{query}filter=userName eq "{UNKNOWN}"',
            answer=NOBODY,
        ),
        Step(
            "tests the connection with a group that cannot exist",
            "GET",
            f'/Groups?{query}excludedAttributes=members&filter=displayName eq "{UNKNOWN}"',
            answer=NOBODY,
        ),
    ]


def arrivals(query: str) -> list[Step]:
    """Return the look-ups and the creation of two people."""
    return [
        Step(
            "looks the first user up by the matching attribute",
            "GET",
            f'/Users?{query}filter=userName eq "ada@contoso.com"',
            answer=NOBODY,
        ),
        Step(
            "creates the first user",
            "POST",
            "/Users",
            _person("ada@contoso.com", "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "Ada", "Byron"),
            status=201,
            answer={"externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "active": True, "roles": ABSENT},
            keeps={"ada": "id"},
            people={"ada@contoso.com": {"active": True, "name": {"familyName": "Byron"}, "title": ABSENT}},
        ),
        Step(
            "creates the second user",
            "POST",
            "/Users",
            _person("grace@contoso.com", "58342554-38d6-4ec8-948c-50044d0a33fd", "Grace", "Hopper"),
            status=201,
            keeps={"grace": "id"},
        ),
        Step(
            "finds the first user by the second matching attribute",
            "GET",
            f'/Users?{query}filter=emails[type eq "work"].value eq "ada@contoso.com"',
            answer={"totalResults": 1, "Resources": [{"id": "{ada}"}]},
        ),
        Step(
            "finds the first user by its own id of it",
            "GET",
            f'/Users?{query}filter=externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"',
            answer={"totalResults": 1, "Resources": [{"id": "{ada}"}]},
        ),
        Step("reads the user before it changes it", "GET", "/Users/{ada}", answer={"id": "{ada}"}),
    ]


def group(query: str) -> list[Step]:
    """Return a group's life up to its new name."""
    return [
        Step(
            "looks the group up",
            "GET",
            f'/Groups?{query}excludedAttributes=members&filter=displayName eq "Engineers"',
            answer=NOBODY,
        ),
        Step(
            "creates the group without members",
            "POST",
            "/Groups",
            {
                "schemas": [GROUP, AD_GROUP],
                "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
                "displayName": "Engineers",
                "meta": {"resourceType": "Group"},
            },
            status=201,
            answer={"displayName": "Engineers", "schemas": [GROUP]},
            keeps={"group": "id"},
            groups={"Engineers": []},
        ),
        Step(
            "reads the group without its members",
            "GET",
            "/Groups/{group}?excludedAttributes=members",
            answer={"id": "{group}", "members": ABSENT},
        ),
        Step(
            "adds one member",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "Add", "path": "members", "value": [{"$ref": None, "value": "{ada}"}]}),
            groups={"Engineers": ["ada@contoso.com"]},
        ),
        Step(
            "adds another member",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "Add", "path": "members", "value": [{"$ref": None, "value": "{grace}"}]}),
            groups={"Engineers": ["ada@contoso.com", "grace@contoso.com"]},
        ),
        Step(
            "asks whether somebody is a member",
            "GET",
            f'/Groups?{query}filter=id eq "{{group}}" and members eq "{{ada}}"&attributes=id',
            answer={"totalResults": 1, "Resources": [{"id": "{group}", "displayName": ABSENT}]},
        ),
        Step(
            "renames the group",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "Replace", "path": "displayName", "value": "Builders"}),
            groups={"Engineers": ABSENT, "Builders": ["ada@contoso.com", "grace@contoso.com"]},
        ),
    ]


REMOVAL = [
    Step(
        "deletes the user for good, thirty days after it was deleted over there",
        "DELETE",
        "/Users/{ada}",
        status=204,
        people={"ada@contoso.com": ABSENT},
        groups={"Builders": ["grace@contoso.com"]},
    ),
    Step("asks for the deleted user", "GET", "/Users/{ada}", status=404),
    Step("deletes the group", "DELETE", "/Groups/{group}", status=204, groups={"Builders": ABSENT}),
]

AS_IT_COMES = Script(
    "Entra ID",
    [
        *connection(""),
        *arrivals(""),
        Step(
            "updates single values and the work e-mail",
            "PATCH",
            "/Users/{ada}",
            patch(
                {"op": "Replace", "path": "displayName", "value": "Ada Lovelace"},
                {
                    "op": "Replace",
                    "path": 'emails[type eq "work"].value',
                    "value": "ada.lovelace@contoso.com",
                },
                {"op": "Replace", "path": "name.familyName", "value": "Lovelace"},
                {"op": "Replace", "path": "externalId", "value": "Eqpj"},
                {"op": "Replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "1815"},
            ),
            answer={"externalId": "Eqpj"},
            people={
                "ada@contoso.com": {
                    "displayName": "Ada Lovelace",
                    "name": {"familyName": "Lovelace", "givenName": "Ada"},
                    "emails": [{"type": "work", "primary": True, "value": "ada.lovelace@contoso.com"}],
                    ENTERPRISE: {"employeeNumber": "1815"},
                }
            },
        ),
        Step(
            "adds values that were empty",
            "PATCH",
            "/Users/{ada}",
            patch(
                {"op": "Add", "path": "nickName", "value": "Countess"},
                {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+44 20 7946 0018"},
                {"op": "Add", "path": 'addresses[type eq "work"].country', "value": "GB"},
            ),
            people={
                "ada@contoso.com": {
                    "nickName": "Countess",
                    "phoneNumbers": [{"type": "mobile", "value": "+44 20 7946 0018"}],
                    "addresses": [{"type": "work", "country": "GB"}],
                }
            },
        ),
        Step(
            "sets the manager by a bare id",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "{grace}"}),
            people={"ada@contoso.com": {ENTERPRISE: {"manager": {"value": "{grace}"}}}},
        ),
        Step(
            "asks whether the manager is the one it knows",
            "GET",
            f'/Users?filter=id eq "{{ada}}" and {ENTERPRISE}:manager eq "{{grace}}"&attributes=id',
            answer={"totalResults": 1, "Resources": [{"id": "{ada}", "userName": ABSENT}]},
            unverified=True,
        ),
        Step(
            "takes the manager away",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": ""}),
            people={"ada@contoso.com": {ENTERPRISE: {"manager": ABSENT, "employeeNumber": "1815"}}},
            unverified=True,
        ),
        Step(
            "changes the user name",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "Replace", "path": "userName", "value": "ada.lovelace@contoso.com"}),
            people={"ada@contoso.com": ABSENT, "ada.lovelace@contoso.com": {"active": True}},
        ),
        Step(
            "changes the user name back",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "Replace", "path": "userName", "value": "ada@contoso.com"}),
            people={"ada@contoso.com": {"active": True}},
        ),
        Step(
            "deactivates with a word",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "Replace", "path": "active", "value": "False"}),
            answer={"active": False},
            people={"ada@contoso.com": {"active": False}},
        ),
        Step(
            "re-activates with a word",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "Replace", "path": "active", "value": "True"}),
            people={"ada@contoso.com": {"active": True}},
        ),
        *group(""),
        Step(
            "removes a member by a list of values",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "{grace}"}]}),
            groups={"Builders": ["ada@contoso.com"]},
        ),
        Step(
            "removes a member that is gone already",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "{grace}"}]}),
            groups={"Builders": ["ada@contoso.com"]},
        ),
        Step(
            "adds the member again",
            "PATCH",
            "/Groups/{group}",
            patch({"op": "Add", "path": "members", "value": [{"$ref": None, "value": "{grace}"}]}),
            groups={"Builders": ["ada@contoso.com", "grace@contoso.com"]},
        ),
        *REMOVAL,
    ],
    HEADERS,
)

SCRIPTS = (AS_IT_COMES,)
