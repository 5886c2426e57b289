"""Clients and their OAuth secrets in the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from app import clock
from app.access import clients, oauth
from app.access.tables import Client, ClientSecret, Token
from app.access.tenants import Tenant
from app.database import reading, writing
from tests.web.console.browser import Browser, Page
from tests.web.console.tokens.steps import deeds, number_of, rows_of, shown_secret, typed

GOOD: dict[str, Any] = {"name": "okta", "scopes": ["scim:read"]}
ACTOR = "admin:hr@acme.example"


def create(tenant: Tenant, name: str = "okta") -> clients.Client:
    """A client."""
    with writing() as connection:
        return clients.create(connection, tenant.id, name, {})


def access_token(base: str, client_id: str, secret: str | None) -> requests.Response:
    """The answer to a client that asks for an access token."""
    form = {"grant_type": "client_credentials"}
    return requests.post(f"{base}/oauth/token", data=form, auth=(client_id, secret or ""), timeout=30)


def test_a_client_is_added_with_its_settings(signed_in: Browser, tenant: Tenant) -> None:
    wanted = GOOD | {"strict": "y", "rate": "50", "burst": ""}
    answer = typed(signed_in, "/tokens/clients/new", wanted)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tokens/clients/1")
    with reading() as connection:
        found = clients.named(connection, tenant.id, "okta")
    assert found.settings == clients.ClientSettings(strict=True, rate=50, oauth_scopes=("scim:read",))
    text = signed_in.page("/tokens/clients/1").text
    assert "the request is refused" in text and "50 a second, 2,000 at once after a rest" in text
    assert deeds(tenant.id)[-1] == (ACTOR, "client.created", "client:1")
    assert [row[0] for row in signed_in.page("/tokens/clients").rows("clients")] == ["okta"]


def test_wrong_input_of_a_client_is_said_at_its_field(signed_in: Browser, tenant: Tenant) -> None:
    create(tenant)
    for changes, words in (
        ({}, "There is a client named okta already"),
        ({"name": ""}, "Name who will use it."),
        ({"name": "b", "rate": "fast"}, "Not a valid integer value."),
        ({"name": "b", "burst": "0"}, "Number must be between 1 and"),
        ({"name": "b", "scopes": []}, "Choose what it may do"),
    ):
        answer = typed(signed_in, "/tokens/clients/new", GOOD | changes)
        assert (answer.status_code, words in Page(answer.text).text) == (422, True), changes
    assert number_of(Client.__table__) == 1


def test_settings_are_shown_filled_in_and_changed(signed_in: Browser, tenant: Tenant) -> None:
    create(tenant)
    path = "/tokens/clients/1/settings"
    typed(signed_in, path, {"scopes": ["scim:write", "admin:read"], "strict": "y", "rate": "7"})
    page = signed_in.page(path)
    ticked = {found["value"] for tag, found in page.elements if tag == "input" and "checked" in found}
    assert ticked == {"y", "scim:write", "admin:read"}
    answer = typed(signed_in, path, {"scopes": ["scim:read"], "name": "renamed"})
    assert answer.status_code == 303
    with reading() as connection:
        found = clients.named(connection, tenant.id, "okta")
    assert found.settings == clients.ClientSettings(oauth_scopes=("scim:read",))
    assert deeds(tenant.id)[-1] == (ACTOR, "client.changed", "client:1")


def test_a_secret_is_shown_once_and_buys_tokens_until_it_is_ended(proved: Browser, tenant: Tenant) -> None:
    known = create(tenant)
    answer = typed(proved, "/tokens/clients/1/secrets/new", {"overlap": "24", "life": "365"})
    address = answer.headers["Location"]
    page = proved.page(address)
    secret = shown_secret(page, "rcs_")
    assert secret is not None and oauth.client_id_of(tenant, known) in page.text
    assert shown_secret(proved.page(address), "rcs_") is None
    bought = access_token(proved.base, oauth.client_id_of(tenant, known), secret)
    assert bought.status_code == 200
    end = "/tokens/clients/1/secrets/1/end"
    assert "okta gets no access token for it any more" in proved.page(end).text
    assert proved.submit(proved.page(end), end).headers["Location"] == "/tokens/clients/1"
    assert access_token(proved.base, oauth.client_id_of(tenant, known), secret).status_code == 401
    (token,) = rows_of(Token.__table__, tenant.id)
    assert token.revoked_at is not None
    assert [deed[:2] for deed in deeds(tenant.id)[-3:]] == [
        (ACTOR, "client.secret_made"),
        ("client:1", "token.issued"),
        (ACTOR, "client.secret_ended"),
    ]
    proved.submit(proved.page("/tokens"), "/sign-out")


def test_ending_one_secret_leaves_the_others_and_their_tokens(proved: Browser, tenant: Tenant) -> None:
    known = create(tenant)
    with writing() as connection:
        kept = oauth.make_secret(connection, tenant, known)
        ended = oauth.make_secret(connection, tenant, known)
    for each in (kept, ended):
        assert access_token(proved.base, each.client_id, each.text).status_code == 200
    end = "/tokens/clients/1/secrets/2/end"
    proved.submit(proved.page(end), end)
    assert access_token(proved.base, kept.client_id, kept.text).status_code == 200
    by_secret = {
        row.secret_id: row.revoked_at for row in rows_of(Token.__table__, tenant.id) if row.revoked_at
    }
    assert list(by_secret) == [ended.id]
    states = [row[1] for row in proved.page("/tokens/clients/1").rows("secrets")]
    assert states == ["Ended", "Ends soon"]
    proved.submit(proved.page("/tokens/clients/1/secrets/2/end"), end)
    assert "was over already" in proved.page("/tokens/clients/1").text


def test_a_secret_that_others_may_know_is_replaced_at_once(proved: Browser, tenant: Tenant) -> None:
    known = create(tenant)
    with writing() as connection:
        old = oauth.make_secret(connection, tenant, known)
    typed(proved, "/tokens/clients/1/secrets/new", {"overlap": "0", "life": "30"})
    assert access_token(proved.base, old.client_id, old.text).status_code == 401
    by_id = {row.id: row.expires_at for row in rows_of(ClientSecret.__table__, tenant.id)}
    assert by_id[1] <= clock.now() < by_id[2]


def test_what_is_not_there_is_not_found(proved: Browser, tenant: Tenant, stranger: Tenant) -> None:
    create(tenant)
    paths = ("/tokens/clients/2", "/tokens/clients/2/settings", "/tokens/clients/2/secrets/new")
    for path in (*paths, "/tokens/clients/1/secrets/9/end", "/tokens/clients/1/secrets/9/value"):
        assert proved.get(path).status_code == 404, path


def test_who_may_what_with_clients(tenant: Tenant, as_role: Callable[[str], Browser]) -> None:
    create(tenant)
    viewer, admin = as_role("viewer"), as_role("admin")
    assert viewer.get("/tokens/clients/1").status_code == 200
    assert "/tokens/clients/1/settings" not in viewer.get("/tokens/clients/1").text
    for path in ("/tokens/clients/new", "/tokens/clients/1/settings", "/tokens/clients/1/secrets/new"):
        assert viewer.get(path).status_code == 403, path
        assert admin.get(path, allow_redirects=False).status_code in (200, 303), path
