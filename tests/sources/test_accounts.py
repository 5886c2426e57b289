"""Whose system a source reads: its key goes to no other one, and its records are those of one account."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import insert

from app.access.tenants import Tenant
from app.database import writing
from app.sources import catalog, drafts, vendors
from app.sources.catalog import Source
from app.sources.errors import WrongSource
from app.sources.tables import source_record
from tests.harness.connecting import connect

Add = Callable[..., Source]
ICIMS = {"client_id": "c", "client_secret": "s", "webhook_secret": "w"}


@pytest.fixture
def add(tenant: Tenant) -> Add:
    """Give a function that adds a published source; nobody is called."""

    def added(kind: str, secrets: dict[str, str], **settings: str) -> Source:
        with writing() as connection:
            return connect(connection, tenant.id, drafts.drafted(kind, "hr", settings, secrets))

    return added


def change(known: Source, given: dict[str, str], **secrets: str) -> Source:
    draft = drafts.redrafted(known, given, secrets)
    with writing() as connection:
        return catalog.change(connection, known.tenant_id, draft, "test")


def read_one(known: Source) -> None:
    """Let a source have read a record."""
    row = {"tenant_id": known.tenant_id, "source_id": known.id, "record_id": "17", "prints": {}}
    with writing() as connection:
        connection.execute(insert(source_record).values(**row, last_seen_run=1))


# --- its key


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/v1",
        "http://api.vendor.example/v1",
        "https://api.vendor.example:8443/v1",
        "http://127.0.0.1:9/v1",
    ],
)
def test_a_stored_key_goes_to_no_other_system(add: Add, address: str) -> None:
    known = add("jazzhr", {"api_key": "k"}, base_url="https://api.vendor.example/v1")
    with pytest.raises(WrongSource, match=r"^base_url=.* another system.* stored api_key") as refused:
        change(known, {"base_url": address})
    assert "rollcall source set hr --set base_url=… --secret api_key=-" in str(refused.value)
    changed = change(known, {"base_url": address}, api_key="its own")
    assert (changed.settings["base_url"], changed.secrets) == (address, {"api_key": "its own"})


def test_another_path_of_the_same_system_asks_for_nothing(add: Add) -> None:
    known = add("jazzhr", {"api_key": "k"}, base_url="https://api.vendor.example/v1")
    changed = change(known, {"base_url": "https://API.vendor.example:443/v2"})
    assert changed.secrets == {"api_key": "k"}


def test_an_address_that_is_taken_back_is_another_system_too(add: Add) -> None:
    known = add("jazzhr", {"api_key": "k"}, base_url="https://api.vendor.example/v1")
    with pytest.raises(WrongSource, match="resumatorapi"):
        change(known, {"base_url": ""})


def test_the_address_of_tokens_gets_no_stored_credentials_either(add: Add) -> None:
    known = add("icims", ICIMS, customer_id="1")
    for given in ({}, {"client_secret": "s"}):
        with pytest.raises(WrongSource, match=r"^token_url=.*client_id"):
            change(known, {"token_url": "https://elsewhere.example/token"}, **given)
    both = {"client_id": "c2", "client_secret": "s2"}
    changed = change(known, {"token_url": "https://elsewhere.example/token"}, **both)
    assert changed.secrets == {**both, "webhook_secret": "w"}


def test_a_credential_may_be_taken_back_in_place_of_being_given_anew(add: Add) -> None:
    stored = {"api_key": "k", "client_id": "c", "client_secret": "s", "signing_key": "vendors"}
    known = add("smartrecruiters", stored)
    with pytest.raises(WrongSource, match="client_id and client_secret"):
        change(known, {"base_url": "https://elsewhere.example"}, api_key="k2")
    given = {"api_key": "k2", "client_id": "", "client_secret": ""}
    changed = change(known, {"base_url": "https://elsewhere.example"}, **given)
    assert changed.secrets == {"api_key": "k2", "signing_key": "vendors"}


def test_a_source_without_credentials_may_change_its_address(tenant: Tenant) -> None:
    with writing() as connection:
        vendors.enable(connection, tenant.id, "jazzhr", "test")
        known = catalog.add(connection, tenant.id, drafts.drafted("jazzhr", "hr", {}, {}), "test")
    assert change(known, {"base_url": "https://elsewhere.example"}).secrets == {}


# --- its account


@pytest.mark.parametrize(
    ("kind", "secrets", "setting", "old", "new"),
    [
        ("bamboohr", {"api_key": "k"}, "subdomain", "sandbox", "prod"),
        ("intellihr", {"api_key": "k"}, "subdomain", "sandbox", "prod"),
        ("icims", ICIMS, "customer_id", "1", "2"),
    ],
)
def test_records_of_one_account_are_not_taken_for_those_of_another(
    add: Add, kind: str, secrets: dict[str, str], setting: str, old: str, new: str
) -> None:
    known = add(kind, secrets, **{setting: old})
    assert change(known, {setting: new}).settings[setting] == new  # nothing was read yet
    change(known, {setting: old})
    read_one(known)
    with pytest.raises(WrongSource, match=rf"^{setting}='{new}' is another account") as refused:
        change(known, {setting: new}, **secrets)
    for words in (f"rollcall source add {kind}", "rollcall source remove hr"):
        assert words in str(refused.value)
    assert change(known, {"retry_seconds": "2"}).settings[setting] == old


def test_an_account_that_was_not_named_before_may_be_the_same(add: Add) -> None:
    known = add("bamboohr", {"api_key": "k"}, base_url="https://acme.bamboohr.com/api/v1")
    read_one(known)
    assert change(known, {"subdomain": "acme"}, api_key="k").settings["subdomain"] == "acme"


def test_another_spelling_of_the_same_account_is_the_same(add: Add) -> None:
    known = add("bamboohr", {"api_key": "k"}, subdomain="acme")
    read_one(known)
    assert change(known, {"subdomain": "https://ACME.bamboohr.com/"}).settings["subdomain"] == "acme"
