"""The list of tokens."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app import clock
from app.access import tokens
from app.access.tables import Token
from app.access.tenants import Tenant
from app.database import writing
from app.web.console.paging import PAGE
from tests.web.console.browser import Browser
from tests.web.console.tokens.steps import PAYLOADS, is_harmless


def make(tenant: Tenant, name: str = "okta", **options: object) -> tokens.IssuedToken:
    """A token of a client."""
    with writing() as connection:
        return tokens.create(connection, tenant, name, **options)


def numbers(browser: Browser, path: str = "/tokens") -> list[str]:
    return [row[0] for row in browser.page(path).rows("tokens")]


def test_without_a_token_the_page_says_what_one_is_for(signed_in: Browser, tenant: Tenant) -> None:
    page = signed_in.page("/tokens")
    assert "No token is in use" in page.text
    assert ("a", {"class": "btn btn-primary", "href": "/tokens/new"}) in page.elements


def test_a_token_is_a_line_in_words_and_its_text_is_nowhere(signed_in: Browser, tenant: Tenant) -> None:
    made = make(tenant, "entra-id", scopes=("scim:write", "scim:sensitive"), life_days=90)
    with writing() as connection:
        connection.execute(Token.__table__.update().values(last_used_at=clock.now()))
    answer = signed_in.get("/tokens")
    (line,) = signed_in.page("/tokens").rows("tokens")
    assert line[:3] == ["1", "entra-id", "Read and change people and groups Also sensitive data"]
    assert line[3].startswith("Active made ") and made.expires_at[:4] in line[3]
    assert line[4] != "never"
    assert made.text not in answer.text and tokens.digest(made.text) not in answer.text


def test_what_ends_soon_is_marked_and_told_until_a_successor_is_there(
    signed_in: Browser, tenant: Tenant
) -> None:
    make(tenant, life_days=7)
    page = signed_in.page("/tokens")
    assert page.rows("tokens")[0][3].startswith("Ends soon")
    assert "Token 1 of okta ends on" in page.text
    assert any(found.get("href") == "/tokens/1/rotate" for tag, found in page.elements if tag == "a")
    make(tenant)
    again = signed_in.page("/tokens")
    assert "Token 1 of okta ends on" not in again.text
    assert again.rows("tokens")[1][3].startswith("Ends soon")


def test_many_that_end_soon_are_told_as_a_number(signed_in: Browser, tenant: Tenant) -> None:
    for name in ("a", "b", "c", "d", "e"):
        make(tenant, name, life_days=3)
    page = signed_in.page("/tokens")
    assert "2 more end soon" in page.text
    assert "Token 3 of c ends on" in page.text and "Token 4 of d ends on" not in page.text


def test_revoked_and_ended_tokens_are_a_list_of_their_own(signed_in: Browser, tenant: Tenant) -> None:
    for _ in range(3):
        make(tenant)
    with writing() as connection:
        tokens.revoke(connection, tenant.id, 1)
        connection.execute(
            Token.__table__.update().where(Token.__table__.c.id == 2).values(expires_at=clock.now())
        )
    assert numbers(signed_in) == ["3"]
    over = signed_in.page("/tokens?show=over").rows("tokens")
    assert [(row[0], row[3].split()[0], row[-1]) for row in over] == [
        ("2", "Ended", ""),
        ("1", "Revoked", ""),
    ]


def test_many_tokens_come_in_pages_both_ways(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        for _ in range(PAGE + 3):
            tokens.create(connection, tenant, "okta")
    first = signed_in.page("/tokens")
    second = signed_in.page(first.links("tokens")["Older"])
    assert [row[0] for row in second.rows("tokens")] == ["3", "2", "1"]
    back = second.links("tokens")["Newer"]
    assert numbers(signed_in, back) == [row[0] for row in first.rows("tokens")]


@pytest.mark.parametrize("query", ["older=x", "older=0", "newer=99999999999", "show=%01", "older=1&newer=1"])
def test_an_address_that_makes_no_sense_shows_the_page(
    signed_in: Browser, tenant: Tenant, query: str
) -> None:
    make(tenant)
    assert signed_in.get(f"/tokens?{query}").status_code == 200


def test_another_tenants_tokens_are_not_there(signed_in: Browser, tenant: Tenant, stranger: Tenant) -> None:
    assert "stranger" not in signed_in.get("/tokens").text
    for path in ("/tokens/10/revoke", "/tokens/clients/1", "/tokens/clients/1/settings"):
        assert signed_in.get(path).status_code == 404, path


def test_a_viewer_sees_the_list_and_no_button(tenant: Tenant, as_role: Callable[[str], Browser]) -> None:
    make(tenant)
    viewer = as_role("viewer")
    page = viewer.page("/tokens")
    assert [row[0] for row in page.rows("tokens")] == ["1"]
    hrefs = {found.get("href", "") for tag, found in page.elements if tag == "a"}
    assert not any(href.endswith(("/new", "/rotate", "/revoke")) for href in hrefs)
    for path in ("/tokens/new", "/tokens/1/rotate", "/tokens/1/revoke", "/tokens/1/value"):
        assert viewer.get(path).status_code == 403, path
    assert as_role("hr").get("/tokens/new").status_code == 403


def test_names_with_scripts_are_text(signed_in: Browser, tenant: Tenant) -> None:
    for payload in PAYLOADS:
        make(tenant, payload, life_days=3)
    for path in ("/tokens", "/tokens/clients", "/tokens/clients/1", "/tokens/1/revoke"):
        page = signed_in.page(path)
        assert is_harmless(page), path
    assert {row[1] for row in signed_in.page("/tokens").rows("tokens")} == set(PAYLOADS)
