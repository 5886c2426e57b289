"""Google Workspace's automated user provisioning: people only, for the applications of Google's catalogue.

Sources: Google Workspace Admin Help, "About automated user provisioning" (active, suspended and deleted users, every
few hours, applications of the catalogue); the source of the Ruby library Scimitar (the client calls itself
``Google-Auto-Provisioning`` and sends ``application/json``); authn.sh, "SCIM 2.0 with Google Workspace" (the probe).
The bodies are not published: every step is ``unverified``. Nothing says that groups are sent, so there are none here.
"""

from __future__ import annotations

from scim.resources import USER
from tests.web.scim.dialects.script import ABSENT, NOBODY, Script, Step, patch

HEADERS = {"Content-Type": "application/json", "User-Agent": "Google-Auto-Provisioning"}


def _person(user_name: str, given: str, **changes: object) -> dict[str, object]:
    return {
        "schemas": [USER],
        "userName": user_name,
        "name": {"givenName": given, "familyName": "User"},
        "emails": [{"value": user_name, "primary": True, "type": "work"}],
        "active": True,
        **changes,
    }


LIFE = Script(
    "Google Workspace",
    [
        Step("probes the endpoint", "GET", "/Users?count=1", answer=NOBODY, unverified=True),
        Step(
            "looks the user up",
            "GET",
            '/Users?filter=userName eq "ada@example.com"',
            answer=NOBODY,
            unverified=True,
        ),
        Step(
            "creates the user",
            "POST",
            "/Users",
            _person("ada@example.com", "Ada"),
            status=201,
            answer={"active": True},
            keeps={"ada": "id"},
            people={"ada@example.com": {"active": True}},
            unverified=True,
        ),
        Step(
            "finds the user at the next round",
            "GET",
            '/Users?filter=userName eq "ada@example.com"',
            answer={"totalResults": 1, "Resources": [{"id": "{ada}"}]},
            unverified=True,
        ),
        Step(
            "updates the user",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "replace", "path": "name.familyName", "value": "Lovelace"}),
            people={"ada@example.com": {"name": {"givenName": "Ada", "familyName": "Lovelace"}}},
            unverified=True,
        ),
        Step(
            "suspends the user",
            "PATCH",
            "/Users/{ada}",
            patch({"op": "replace", "path": "active", "value": False}),
            people={"ada@example.com": {"active": False}},
            unverified=True,
        ),
        Step(
            "restores the user",
            "PUT",
            "/Users/{ada}",
            _person("ada@example.com", "Ada", id="{ada}"),
            people={"ada@example.com": {"active": True, "name": {"familyName": "User"}}},
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
