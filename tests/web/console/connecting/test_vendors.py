"""Every kind of vendor, from its card to people in the directory, by the buttons that an admin presses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from flask import Flask

from app import directory
from app.access.tenants import Tenant
from app.database import reading
from app.exporting import write_back
from app.sources import consent, runner
from app.sources.catalog import Source
from app.vendors.icims.simulator import CLIENT_ID, CUSTOMER
from app.vendors.intellihr.simulator import DEFAULT_SUBDOMAIN
from tests.web.console.connecting.conftest import KEY
from tests.web.console.connecting.person import Person

PEOPLE = 3


@dataclass(frozen=True)
class Account:
    """What an admin has in hand who connects a vendor."""

    label: str
    begin: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=lambda: {"secret_api_key": KEY})
    #: What lifts the limit of calls; SmartRecruiters' simulator keeps to its own.
    hurry: Mapping[str, str] = field(default_factory=dict)


ACCOUNTS = {
    "jazzhr": Account("JazzHR", hurry={"set_calls_per_minute": "0"}),
    "icims": Account(
        "iCIMS",
        {"set_customer_id": CUSTOMER},
        {"secret_client_id": CLIENT_ID, "secret_client_secret": KEY},
        {"set_calls_per_minute": "0"},
    ),
    "bamboohr": Account("BambooHR", {"set_subdomain": "acme"}),
    "smartrecruiters": Account("SmartRecruiters"),
    "intellihr": Account("intelliHR", {"set_subdomain": DEFAULT_SUBDOMAIN}),
}


@pytest.mark.parametrize("kind", ACCOUNTS)
def test_a_vendor_is_connected_step_by_step_and_brings_its_people(
    app: Flask,
    tenant: Tenant,
    admin: Person,
    vendor: Callable[..., str],
    the_source: Callable[[], Source],
    kind: str,
) -> None:
    # SmartRecruiters' limit for a second would be met by the page that reads samples while the checks ask.
    options = {"faults": "no-limit"} if kind == "smartrecruiters" else {}
    account, url = ACCOUNTS[kind], vendor(kind, PEOPLE, **options)
    admin.follow(f"Connect {account.label}").fill(**account.begin).press("Continue")
    assert the_source().state == "draft"
    admin.tick("agreed").press("Agree and continue")
    moved = {"set_token_url": f"{url}/oauth/token"} if kind == "icims" else {}
    admin.fill(set_base_url=url, **moved, **account.secrets, **account.hurry).press("Connect")
    assert "In the way" not in admin.text, admin.text
    admin.follow("Continue").press("Continue")
    admin.press("Store and review")
    assert admin.path.endswith("/connect/review")
    assert f"Person by person: the first {PEOPLE}" in admin.text
    assert len(admin.page.rows("people")) == PEOPLE
    assert runner.resume_due(app) == 1
    admin.go(admin.path).follow("Continue")
    if kind == "icims":
        admin.tick("export")
    admin.press("Publish and import now")
    assert the_source().state == "active", admin.text
    assert runner.resume_due(app) == 1
    known = the_source()
    with reading() as connection:
        assert directory.total(connection, tenant.id) == PEOPLE
        given = consent.given(connection, tenant.id, known.id)
        target = write_back.target_of(connection, known)
    assert known.state == "active"
    assert (target is not None) == (kind == "icims")
    assert given is not None
    assert given.by == "admin:admin@acme.example"
