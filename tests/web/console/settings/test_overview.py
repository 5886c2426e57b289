"""Organisation, retention and keys in the browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.access import audit
from app.access.encryption import key_ring
from app.access.tenants import Tenant
from app.config import Settings
from app.database import writing
from app.notices import channels
from app.web.console.settings import retention
from app.web.console.settings.retention import KEPT
from app.web.console.settings.tabs import TABS
from tests.conftest import KEY_RING
from tests.web.console.browser import Browser
from tests.web.console.conftest import EMAIL


def test_the_tabs_lead_to_each_other(signed_in: Browser) -> None:
    links = signed_in.page("/settings").elements
    tabs = {found["href"] for tag, found in links if tag == "a" and found["href"].startswith("/settings")}
    assert len(tabs) == len(TABS)
    for path in tabs:
        page = signed_in.page(path)
        heads = [found for tag, found in page.elements if tag == "h1"]
        assert len(heads) == 1, path


@pytest.mark.parametrize("name", ["notices", "precedence", "welcome", "retention", "keys"])
def test_each_tab_says_that_it_is_shown(signed_in: Browser, name: str) -> None:
    elements = signed_in.page(f"/settings/{name}").elements
    here = {found["href"] for tag, found in elements if tag == "a" and "aria-current" in found}
    assert here == {"/settings", f"/settings/{name}"}


def test_the_organisation_and_what_is_missing_are_said(signed_in: Browser, tenant: Tenant) -> None:
    page = signed_in.page("/settings")
    assert tenant.slug in page.text and tenant.public_id in page.text
    assert "sent as rollcall@acme.example" in page.text
    assert "Rollcall does not know its own address" in page.text
    assert "No e-mail can be sent" not in page.text


def test_without_a_mail_server_it_says_who_must_act(
    settings: Settings, tenant: Tenant, password: str, serve: Callable[[Any], str]
) -> None:
    bare = create_app(replace(settings, smtp_url="", public_url="http://localhost:1"))
    browser = Browser(serve(bare))
    assert browser.sign_in(tenant.slug, EMAIL, password).status_code == 303
    text = browser.page("/settings").text
    assert "No e-mail can be sent" in text and "ROLLCALL_SMTP_URL" in text
    assert "Rollcall does not know its own address" not in text and "http://localhost:1" in text


def test_retention_says_how_long_and_how_much(signed_in: Browser, tenant: Tenant, stranger: Tenant) -> None:
    with writing() as connection:
        audit.record(connection, tenant.id, "system:cli", "welcome.set", "welcome", {})
    rows = {row[0]: row[1:] for row in signed_in.page("/settings/retention").rows("kept")}
    assert len(rows) == len(KEPT)
    calls = next(row for what, row in rows.items() if what.startswith("Calls to targets"))
    assert calls == ["30 days", "0"]
    lines = next(row for what, row in rows.items() if what.startswith("The audit"))
    assert lines == [
        "For good",
        "4",
    ]  # made, password, signed in, and the one above; none of the other tenant


def test_a_large_number_is_not_counted_to_its_end(
    signed_in: Browser, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "COUNTED_TO", 2)
    rows = signed_in.page("/settings/retention").rows("kept")
    assert next(row[2] for row in rows if row[0].startswith("The audit")) == "more than 2"


def test_keys_are_named_with_what_they_seal_and_never_shown(
    signed_in: Browser, tenant: Tenant, stranger: Tenant, app: Flask
) -> None:
    with writing() as connection:
        for owner, name in ((tenant, "ours"), (stranger, "theirs")):
            address = "https://1.1.1.1/in"
            channels.add(connection, owner.id, "test", kind="webhook", name=name, address=address)
    answer = signed_in.get("/settings/keys")
    (row,) = signed_in.page("/settings/keys").rows("keys")
    assert row[0] == "k1" and row[1].startswith("Seals") and row[2] == "1"
    assert row[3] == "signing secrets of webhooks: 1"
    assert KEY_RING.partition(":")[2] not in answer.text
    assert "A rotation is not done yet" not in answer.text


def test_an_unfinished_rotation_and_a_missing_key_are_told(
    signed_in: Browser, tenant: Tenant, app: Flask
) -> None:
    with writing() as connection:
        channels.add(connection, tenant.id, "test", kind="webhook", name="hook", address="https://1.1.1.1/in")
    old = key_ring()
    app.extensions["rollcall.key_ring"] = old.with_new_key()
    page = signed_in.page("/settings/keys")
    assert "A rotation is not done yet" in page.text
    assert [row[:3] for row in page.rows("keys")][1][::2] == ["k1", "1"]
    app.extensions["rollcall.key_ring"] = old.with_new_key().without("k1")
    page = signed_in.page("/settings/keys")
    assert "1 value does not open" in page.text
    assert {row[0]: row[2] for row in page.rows("keys")} == {"k2": "0", "k1": "0", "(unknown)": "1"}
