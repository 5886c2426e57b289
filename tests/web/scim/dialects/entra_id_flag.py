"""Microsoft Entra ID with ``aadOptscim062020`` in its address, which makes it follow RFC 7644 more closely.

Source, Microsoft Learn: "Known issues and resolutions with SCIM 2.0 protocol compliance of the Microsoft Entra user
provisioning service", section "Flags to alter the SCIM behavior". That the flag comes with every request, as a query
parameter, is what service providers report.
"""

from __future__ import annotations

from scim.resources import ENTERPRISE
from tests.web.scim.dialects.entra_id import HEADERS, REMOVAL, arrivals, connection, group
from tests.web.scim.dialects.script import Script, Step, patch

FLAG = "aadOptscim062020"
WITH_FLAG = Script(
    "Entra ID with aadOptscim062020",
    [
        *connection(f"{FLAG}&"),
        *arrivals(f"{FLAG}&"),
        Step(
            "updates several values in one value without a path",
            "PATCH",
            f"/Users/{{ada}}?{FLAG}",
            patch(
                {
                    "op": "replace",
                    "path": 'emails[type eq "work"].value',
                    "value": "ada.lovelace@contoso.com",
                },
                {
                    "op": "replace",
                    "value": {
                        "displayName": "Ada Lovelace",
                        "name.familyName": "Lovelace",
                        f"{ENTERPRISE}:employeeNumber": "1815",
                    },
                },
            ),
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
            "adds a value that was empty",
            "PATCH",
            f"/Users/{{ada}}?{FLAG}",
            patch({"op": "add", "path": "nickName", "value": "Countess"}),
            people={"ada@contoso.com": {"nickName": "Countess"}},
        ),
        Step(
            "deactivates",
            "PATCH",
            f"/Users/{{ada}}?{FLAG}",
            patch({"op": "replace", "path": "active", "value": False}),
            people={"ada@contoso.com": {"active": False}},
        ),
        Step(
            "re-activates",
            "PATCH",
            f"/Users/{{ada}}?{FLAG}",
            patch({"op": "replace", "path": "active", "value": True}),
            people={"ada@contoso.com": {"active": True}},
        ),
        *group(f"{FLAG}&"),
        Step(
            "removes a member by a filter",
            "PATCH",
            f"/Groups/{{group}}?{FLAG}",
            patch({"op": "remove", "path": 'members[value eq "{grace}"]'}),
            groups={"Builders": ["ada@contoso.com"]},
        ),
        Step(
            "adds the member again",
            "PATCH",
            f"/Groups/{{group}}?{FLAG}",
            patch({"op": "add", "path": "members", "value": [{"value": "{grace}"}]}),
            groups={"Builders": ["ada@contoso.com", "grace@contoso.com"]},
        ),
        *REMOVAL,
    ],
    HEADERS,
)

SCRIPTS = (WITH_FLAG,)
