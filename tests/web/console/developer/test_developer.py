"""The developer page: addresses, what the server can do, and requests that did not go through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import insert

from app import clock, create_app, directory
from app.access import tokens
from app.access.tables import InboundRequest
from app.access.tenants import Tenant
from app.config import Settings
from app.database import writing
from app.identifiers import new_id
from app.web.console.developer.words import CLIENT_PAGES, STATUS_WORDS, meaning
from app.web.console.paging import PAGE
from scim.resources import USER
from tests.web.console.browser import Browser
from tests.web.console.conftest import EMAIL
from tests.web.console.tokens.steps import PAYLOADS, is_harmless


def note(tenant: Tenant, status: int = 400, client: int = 1, dropped: Sequence[str] = (), **more: Any) -> str:
    """A request in the log of a client; its id."""
    row = {
        "tenant_id": tenant.id,
        "client_id": client,
        "id": new_id(),
        "at": clock.now(),
        "method": "POST",
        "path": "/Users",
        "status": status,
        "scim_type": None,
        "detail": "title: …" if status >= 400 else None,
        "dropped": list(dropped),
    }
    with writing() as connection:
        connection.execute(insert(InboundRequest.__table__), row | more)
    return row["id"]


@pytest.fixture
def okta(tenant: Tenant) -> tokens.IssuedToken:
    """Give a token of the client ``okta``."""
    with writing() as connection:
        return tokens.create(connection, tenant, "okta")


def test_the_addresses_are_there_and_answer(
    signed_in: Browser, tenant: Tenant, okta: tokens.IssuedToken
) -> None:
    text = signed_in.page("/developer").text
    base = signed_in.base
    for address in (f"{base}/scim/v2", f"{base}/t/acme/scim/v2", f"{base}/oauth/token", f"{base}/api/v1"):
        assert address in text, address
    headers = {"Authorization": f"Bearer {okta.text}"}
    for path in ("/scim/v2/Users?count=2", "/t/acme/scim/v2/Users"):
        assert requests.get(base + path, headers=headers, timeout=30).status_code == 200
    for path in ("/api/v1/openapi.json", "/.well-known/oauth-authorization-server"):
        assert base + path in text and requests.get(base + path, timeout=30).status_code == 200
    assert f'curl -H "Authorization: Bearer TOKEN" \\ "{base}/scim/v2/Users?count=2"' in text
    assert okta.text not in text


def test_addresses_are_those_that_the_operator_set(
    settings: Settings, tenant: Tenant, password: str, serve: Callable[[Any], str]
) -> None:
    browser = Browser(serve(create_app(replace(settings, public_url="http://localhost:9"))))
    assert browser.sign_in(tenant.slug, EMAIL, password).status_code == 303
    assert "http://localhost:9/scim/v2" in browser.page("/developer").text


def test_what_the_server_can_do_is_said_in_words(signed_in: Browser) -> None:
    text = signed_in.page("/developer").text
    assert "up to 100 operations and 1,024 KiB in one request" in text
    assert "by index and by cursor" in text and "never: none are kept" in text


def test_the_pages_for_clients_are_there() -> None:
    folder = Path(__file__).parents[4] / "docs" / "clients"
    assert {file.name for file in folder.glob("*.md")} == {*CLIENT_PAGES.values(), "README.md"}


def test_nothing_refused_is_a_quiet_page(signed_in: Browser) -> None:
    assert "Nothing was refused lately, and nothing was left out." in signed_in.page("/developer").text


def test_a_refused_request_of_a_client_comes_here(
    app: Flask, signed_in: Browser, tenant: Tenant, okta: tokens.IssuedToken
) -> None:
    headers = {"Authorization": f"Bearer {okta.text}", "Content-Type": "application/scim+json"}
    body = '{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": 7}'
    refused = requests.post(f"{signed_in.base}/scim/v2/Users", body, headers=headers, timeout=30)
    assert refused.status_code == 400
    app.extensions["rollcall.inbound"].flush()
    page = signed_in.page("/developer")
    (line,) = page.rows("requests")
    assert line[1] == "okta" and line[2] == "Refused status 400" and line[3] == "POST /Users"
    assert page.links("requests")["okta"] == "/tokens/clients/1"


def test_one_request_says_what_it_means_and_the_way_out(
    signed_in: Browser, tenant: Tenant, okta: tokens.IssuedToken
) -> None:
    with writing() as connection:
        document = {"schemas": [USER], "userName": "maya"}
        person = directory.create(connection, tenant.id, directory.Actor("system", "cli"), document).id
    name, detail = f"/Users/{person}", "userName: …"
    request_id = note(tenant, 409, path=name, method="PUT", scim_type="uniqueness", detail=detail)
    page = signed_in.page(f"/developer/requests/{request_id}")
    assert "Somebody else has this name already" in page.text and "userName: …" in page.text
    assert f"PUT {name}" in page.text and "uniqueness" in page.text
    assert f"/people/{person}" in page.links("request").values()


def test_what_was_left_out_is_listed(signed_in: Browser, tenant: Tenant, okta: tokens.IssuedToken) -> None:
    names = [f"badge{number}" for number in range(7)]
    request_id = note(tenant, 200, dropped=names)
    assert "and 2 more" in signed_in.page("/developer").rows("requests")[0][4]
    text = signed_in.page(f"/developer/requests/{request_id}").text
    assert all(name in text for name in names) and "It was taken, without what is named below" in text


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["429", "200", "409", "400"]),
        ("client=1", ["429", "200", "400"]),
        ("client=2", ["409"]),
        ("status=refused", ["429", "409", "400"]),
        ("status=left-out", ["200"]),
        ("status=409", ["409"]),
        ("client=1&status=409", []),
        ("client=x&status=%01&older=1", ["429", "200", "409", "400"]),
    ],
)
def test_filters_stand_in_the_address(
    signed_in: Browser, tenant: Tenant, okta: tokens.IssuedToken, query: str, wanted: list[str]
) -> None:
    with writing() as connection:
        tokens.create(connection, tenant, "entra-id")
    note(tenant, 400)
    note(tenant, 409, client=2)
    note(tenant, 200, dropped=["x"])
    note(tenant, 429)
    page = signed_in.page(f"/developer?{query}")
    assert [row[2].split()[-1] for row in page.rows("requests")] == wanted
    if not wanted:
        assert "Nothing of the kind." in page.text


def test_many_requests_come_in_pages_and_keep_the_filter(
    signed_in: Browser, tenant: Tenant, okta: tokens.IssuedToken
) -> None:
    for number in range(PAGE + 2):
        note(tenant, 400, detail=f"n{number}: …")
    note(tenant, 409)
    first = signed_in.page("/developer?status=400")
    second = signed_in.page(first.links("requests")["Older"])
    assert [row[4] for row in second.rows("requests")] == ["n1: …", "n0: …"]
    again = signed_in.page(second.links("requests")["Newer"])
    assert again.rows("requests") == first.rows("requests")


def test_another_tenants_requests_are_not_there(signed_in: Browser, tenant: Tenant, stranger: Tenant) -> None:
    request_id = note(stranger, 409, detail="strange: …")
    assert "strange" not in signed_in.get("/developer").text
    assert signed_in.get(f"/developer/requests/{request_id}").status_code == 404
    assert signed_in.get(f"/developer/requests/{new_id()}").status_code == 404


def test_what_a_client_sent_is_text(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        for payload in PAYLOADS:
            tokens.create(connection, tenant, payload)
    ids = [
        note(tenant, 400, number, detail=payload, path=payload, dropped=[payload])
        for number, payload in enumerate(PAYLOADS, 1)
    ]
    for path in ("/developer", *(f"/developer/requests/{each}" for each in ids)):
        assert is_harmless(signed_in.page(path)), path


def test_every_refusal_has_a_meaning_and_a_way_out() -> None:
    assert meaning(200) is None
    for status in (*STATUS_WORDS, 406, 418, 501):
        found = meaning(status)
        assert found is not None and all(found), status
    assert meaning(418) == STATUS_WORDS[400] and meaning(501) == STATUS_WORDS[500]
