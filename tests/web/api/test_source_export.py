"""The automatic export over the admin API, at a simulated iCIMS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.access.tenants import Tenant
from app.database import writing
from app.simulation import serve
from app.sources import drafts
from app.vendors.icims.simulator import CLIENT_ID, CUSTOMER, DEFAULT_SECRET, ICIMSSimulator
from tests.harness.connecting import connect
from tests.web.api.conftest import Caller, problem


@pytest.fixture
def icims(tenant: Tenant) -> Iterator[None]:
    """Connect a customer of iCIMS."""
    with serve(ICIMSSimulator(people=1)) as server:
        given = {"customer_id": CUSTOMER, "base_url": server.url, "token_url": f"{server.url}/oauth/token"}
        secrets = {"client_id": CLIENT_ID, "client_secret": DEFAULT_SECRET}
        with writing() as connection:
            connect(connection, tenant.id, drafts.drafted("icims", "icims", given, secrets))
        yield


def test_an_export_is_switched_on_and_off(call: Caller, icims: None) -> None:
    at = "/sources/icims/export"
    assert call.get(at) == {"export": "off", "target": None}
    assert call("PUT", at, {"on": False}).get_json() == {"export": "off", "target": None}
    assert call("PUT", at, {"on": True}).get_json() == {"export": "active", "target": "icims-export"}
    assert call("PUT", at, {"on": True}).get_json() == {"export": "active", "target": "icims-export"}
    assert call("PUT", at, {"on": False}).get_json() == {"export": "paused", "target": "icims-export"}
    assert call.get("/targets/icims-export")["kind"] == "icims"


def test_what_takes_nothing_back_is_refused(call: Caller, icims: None) -> None:
    assert problem(call("PUT", "/sources/nobody/export", {"on": True}))[0] == 404
    assert problem(call("PUT", "/sources/icims/export", {"on": "perhaps"})) == (422, "invalid_value")
