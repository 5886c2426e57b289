"""What tests of the SCIM target are made with: values, a session, a simulator that plays a vendor."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from app.outbound import AddressPolicy, OutboundSession
from app.provisioning.adapter import Account, Request, send
from app.simulation import Server
from app.vendors.scim.simulator import ScimSimulator
from app.vendors.scim.target import ScimTarget

LOOPBACK = AddressPolicy(allow_private=True)

VALUES: dict[str, str | bool] = {
    "givenName": "Maya",
    "familyName": "Okafor",
    "active": True,
    "workEmail": "maya.okafor@example.com",
    "userName": "maya.okafor",
    "displayName": "May Okafor",
    "middleName": "A",
    "employeeNumber": "1001",
    "title": "Field Engineer",
    "division": "North",
    "department": "Operations",
    "location": "Dayton Plant",
    "workCountry": "US",
    "workStreet": "1 Main St\nSuite 2",
    "workCity": "Dayton",
    "workState": "Ohio",
    "workPostalCode": "45402",
    "workPhone": "+1-555-0100",
    "workPhoneExtension": "12",
    "homePhone": "555-0103",
    "mobilePhone": "555-0102",
    "homeStreet": "12 Larch Road\nApt 3",
    "homeCity": "Springfield",
    "homeState": "Ohio",
    "homePostalCode": "45501",
    "homeCountry": "US",
    "manager": "account-of-the-manager",
}
MINIMAL: dict[str, str | bool] = {
    "active": True,
    "workEmail": "maya.okafor@example.com",
    "userName": "maya.okafor",
    "givenName": "Maya",
}


def session(url: str, token: str) -> OutboundSession:
    return OutboundSession(url, headers={"Authorization": f"Bearer {token}"}, policy=LOOPBACK)


def body_of(request: Request) -> Any:
    return json.loads(request.body or b"null")


class Far:
    """A simulator and the adapter that its profile makes."""

    def __init__(self, simulator: ScimSimulator, server: Server, adapter: ScimTarget) -> None:
        self.simulator = simulator
        self.adapter = adapter
        self.http = session(server.url + simulator.base, simulator.key)

    def done(self, request: Request) -> Account | None:
        return self.adapter.account_in(send(self.http, request))

    def create(self, values: dict[str, Any], external_id: str = "e-1") -> Account:
        account = self.done(self.adapter.create_request(self.kept(values), external_id))
        assert account is not None
        return account

    def kept(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values that a target of this profile gets."""
        user_name = (
            {"userName": values["workEmail"]} if self.adapter.profile_defaults.get("user_name") else {}
        )
        return {name: v for name, v in values.items() if name in self.adapter.supported_fields} | user_name

    def update(self, account: Account, changed: dict[str, Any], values: dict[str, Any]) -> Account:
        before = account if self.adapter.needs_account_for_update(changed) else None
        self.done(self.adapter.update_request(account.remote_id, changed, values, before))
        after = self.adapter.fetch(self.http, account.remote_id)
        assert after is not None
        return after

    def calls(self, method: str = "GET") -> list[str]:
        return [call.path for call in self.simulator.log if call.method == method]


Make = Callable[..., Far]
