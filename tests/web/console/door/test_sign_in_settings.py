"""Settings of the sign-in: the provider, trying it, removing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.access import oidc
from app.access.oidc import Provider
from app.access.tables import SignInProvider
from app.access.tenants import Tenant
from app.database import reading
from app.web.console.admins import openid
from tests.harness.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.web.console.browser import Browser, Page
from tests.web.console.conftest import EMAIL
from tests.web.console.door.conftest import deeds, go, keep, proved, token_of, words

CHANGE = "/settings/sign-in/change"


@pytest.fixture
def owner(signed_in: Browser, password: str) -> Browser:
    """Give a browser in which an owner is signed in and has just proved it."""
    proved(signed_in, password)
    return signed_in


@pytest.fixture
def unknown(serve: Callable[[Any], str]) -> OpenIdProvider:
    """Give a provider that the tenant has not set up."""
    openid.DESCRIPTIONS.clear()
    return OpenIdProvider(email=EMAIL).served(serve)


def kept(tenant: Tenant) -> Provider | None:
    with reading() as connection:
        return oidc.provider_of(connection, tenant.id)


def secret(tenant: Tenant) -> str:
    known = kept(tenant)
    assert known is not None
    with reading() as connection:
        return oidc.secret_of(connection, known)


def change(browser: Browser, **fields: str) -> Any:
    return browser.submit(browser.page(CHANGE), CHANGE, **fields)


def test_an_owner_sets_a_provider_up_tries_it_and_comes_in_with_it(
    owner: Browser, tenant: Tenant, unknown: OpenIdProvider
) -> None:
    assert "Set up a provider" in owner.page("/settings/sign-in").text
    form = owner.page(CHANGE)
    assert f"{owner.base}/sign-in/callback" in form.text
    answer = change(owner, issuer=unknown.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/settings/sign-in")
    known = kept(tenant)
    assert known is not None and (known.issuer, known.client_id) == (unknown.issuer, CLIENT_ID)
    found = owner.page("/settings/sign-in/check").text
    assert found.count("Well") == 5 and "Wrong" not in found
    assert go(Browser(owner.base)).url == f"{owner.base}/"
    assert deeds("sign_in_provider.changed") == [("sign_in_provider.changed", f"admin:{EMAIL}")]


def test_the_secret_is_sealed_and_never_shown_again(
    owner: Browser, tenant: Tenant, provider: OpenIdProvider
) -> None:
    with reading() as connection:
        (row,) = connection.execute(select(SignInProvider.__table__))
    assert CLIENT_SECRET.encode() not in row.client_secret
    for path in ("/settings/sign-in", "/settings/sign-in/check", CHANGE):
        assert CLIENT_SECRET not in owner.get(path).text
    wrong = change(owner, issuer="x", client_secret="typed secret")
    assert wrong.status_code == 422 and "typed secret" not in wrong.text


def test_an_empty_secret_keeps_the_one_that_is_there(
    owner: Browser, tenant: Tenant, provider: OpenIdProvider
) -> None:
    assert change(owner, client_id="another", is_required="y").status_code == 303
    known = kept(tenant)
    assert known is not None and (known.client_id, known.is_required) == ("another", True)
    assert secret(tenant) == CLIENT_SECRET
    change(owner, client_secret="new")
    assert secret(tenant) == "new"


def test_another_issuer_gets_no_secret_of_the_one_before(
    owner: Browser, tenant: Tenant, provider: OpenIdProvider, unknown: OpenIdProvider
) -> None:
    answer = change(owner, issuer=unknown.issuer)
    assert (answer.status_code, "The client secret is missing" in words(answer)) == (422, True)
    known = kept(tenant)
    assert known is not None and known.issuer == provider.issuer


@pytest.mark.parametrize(
    "issuer",
    [
        *("acme", "http://idp.example.com", "ftp://idp.example.com", "javascript:x", "https://a\x01b", ""),
        *("https://[idp.example.com", "https://idp.example.com]"),
    ],
)
def test_an_issuer_that_is_no_https_address_is_refused_at_its_field(
    owner: Browser, tenant: Tenant, issuer: str
) -> None:
    answer = change(owner, issuer=issuer, client_id="a", client_secret="b")
    assert answer.status_code == 422
    wrong = [found["id"] for _, found in Page(answer.text).elements if found.get("aria-invalid")]
    assert wrong == ["issuer"]
    assert kept(tenant) is None


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"issuer": "https://elsewhere.example"}, "Reach the provider. 127.0.0.1"),
    ({"id_token_signing_alg_values_supported": ["none"]}, "no algorithm that Rollcall trusts"),
    (
        {"code_challenge_methods_supported": ["plain"]},
        "Protection of the code. It says that it does not take PKCE",
    ),
]


@pytest.mark.parametrize(("describes", "said"), BROKEN)
def test_trying_says_what_is_wrong_and_how_to_mend_it(
    owner: Browser, provider: OpenIdProvider, describes: dict[str, Any], said: str
) -> None:
    provider.describes = describes
    page = owner.page("/settings/sign-in/check")
    assert said in page.text and page.text.count("Wrong") == 1
    assert CHANGE in page.links("checks").values()


def test_an_address_within_is_not_called(
    owner: Browser, tenant: Tenant, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    from flask import current_app

    strict = dataclasses.replace(current_app.extensions["rollcall.settings"], allow_private_targets=False)
    monkeypatch.setitem(current_app.extensions, "rollcall.settings", strict)
    assert "a loopback address, which Rollcall does not call" in owner.page("/settings/sign-in/check").text
    assert "a loopback address" in words(go(Browser(owner.base)))


def test_a_removed_provider_opens_nothing_and_passwords_do_again(
    owner: Browser, tenant: Tenant, provider: OpenIdProvider, password: str
) -> None:
    keep(tenant, provider, is_required=True)
    back = Browser(owner.base).get("/sign-in/provider?tenant=acme", allow_redirects=False)
    assert back.headers["Location"].startswith(provider.issuer)
    assert owner.submit(owner.page("/settings/sign-in"), "/settings/sign-in/remove").status_code == 303
    assert kept(tenant) is None
    assert "no sign-in provider here" in words(go(Browser(owner.base)))
    assert deeds("sign_in_provider.removed") == [("sign_in_provider.removed", f"admin:{EMAIL}")]


def test_changing_asks_again_who_one_is(signed_in: Browser, tenant: Tenant, provider: OpenIdProvider) -> None:
    token = token_of(signed_in.page("/account"))
    fields = {"csrf_token": token, "issuer": "https://evil.example", "client_id": "x", "client_secret": "y"}
    for path in (CHANGE, "/settings/sign-in/remove"):
        answer = signed_in.post(path, fields)
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/prove")
    known = kept(tenant)
    assert known is not None and known.issuer == provider.issuer


def test_who_has_no_password_is_named_before_the_provider_goes(
    browser: Browser, provider: OpenIdProvider, one_time: str
) -> None:
    go(browser)
    assert "1 person has none" in browser.page("/settings/sign-in").text
