"""Signing in at the tenant's OpenID provider, and what is not believed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from app.access import admins_roster, passwords
from app.access.admins_roster import Member
from app.access.tables import Admin, Session
from app.access.tenants import Tenant
from app.database import reading, writing
from app.web.console.admins import openid
from tests.harness.openid_provider import CLIENT_SECRET, OpenIdProvider
from tests.web.console.browser import Browser, Page
from tests.web.console.conftest import EMAIL
from tests.web.console.door.conftest import deeds, go, invited, keep, words

HR = "hr2@acme.example"


def sessions() -> int:
    with reading() as connection:
        return len(connection.execute(select(Session.__table__)).all())


def member(tenant: Tenant, email: str = EMAIL) -> Member:
    with reading() as connection:
        return admins_roster.with_email(connection, tenant.id, email)


def test_the_page_offers_the_provider_once_the_organisation_is_known(
    browser: Browser, provider: OpenIdProvider, password: str
) -> None:
    host = provider.issuer.removeprefix("http://")
    for unknown in ("/sign-in", "/sign-in?tenant=elsewhere"):
        assert "Sign in with " not in browser.page(unknown).text
    assert f"Sign in with {host}" in browser.page("/sign-in?tenant=ACME").text
    wrong = browser.sign_in("acme", EMAIL, "wrong")
    assert f"Sign in with {host}" in words(wrong)


def test_an_invited_admin_comes_in_and_needs_no_password_any_more(
    browser: Browser, tenant: Tenant, provider: OpenIdProvider, one_time: str
) -> None:
    answer = go(browser, next="/account")
    assert (answer.status_code, answer.url) == (200, f"{browser.base}/account")
    known = member(tenant)
    assert (known.is_bound, known.has_password, known.has_one_time_password) == (True, False, False)
    assert known.last_signed_in_at is not None
    assert Browser(browser.base).sign_in("acme", EMAIL, one_time).status_code == 403
    assert deeds("admin.bound_to_provider", "admin.signed_in") == [
        ("admin.bound_to_provider", f"admin:{EMAIL}"),
        ("admin.signed_in", f"admin:{EMAIL}"),
    ]


def test_who_came_in_with_the_one_time_password_before_has_to_leave(
    browser: Browser, provider: OpenIdProvider, one_time: str
) -> None:
    finder = Browser(browser.base)
    assert finder.sign_in("acme", EMAIL, one_time).status_code == 303
    go(browser)
    assert finder.get("/account", allow_redirects=False).headers["Location"] == "/sign-in?next=/account"
    assert browser.get("/account", allow_redirects=False).status_code == 200


def test_who_has_no_password_cannot_be_guessed_in(
    browser: Browser, provider: OpenIdProvider, one_time: str
) -> None:
    go(browser)
    for guess in ("", "nobody has this password", " "):
        assert Browser(browser.base).sign_in("acme", EMAIL, guess).status_code in (403, 422)
    assert not passwords.is_right(passwords.NO_PASSWORD, "nobody has this password")


def test_a_password_of_ones_own_stays(
    browser: Browser, provider: OpenIdProvider, tenant: Tenant, password: str
) -> None:
    go(browser)
    assert member(tenant).has_password
    assert Browser(browser.base).sign_in("acme", EMAIL, password).status_code == 303


def test_from_the_second_time_on_the_subject_counts_and_not_the_address(
    browser: Browser, tenant: Tenant, provider: OpenIdProvider, password: str
) -> None:
    go(browser)
    provider.email, provider.is_verified = "married@elsewhere.example", None
    assert "/sign-in" not in go(Browser(browser.base)).url
    provider.sub, provider.email, provider.is_verified = "person-2", EMAIL, True
    stranger = go(Browser(browser.base))
    assert "belongs to another account" in words(stranger)
    assert sessions() == 2


def test_with_another_issuer_everybody_is_known_anew(
    browser: Browser, tenant: Tenant, provider: OpenIdProvider, password: str, serve: Callable[[Any], str]
) -> None:
    go(browser)
    other = OpenIdProvider(email="thief@elsewhere.example").served(serve)
    keep(tenant, other)
    assert not member(tenant).is_bound
    assert "nobody with that address has been invited" in words(go(Browser(browser.base)))


def test_nobody_becomes_an_admin_by_signing_in(
    browser: Browser, tenant: Tenant, provider: OpenIdProvider, password: str
) -> None:
    provider.email = "eve@acme.example"
    answer = go(browser)
    assert "nobody with that address has been invited" in words(answer)
    with reading() as connection:
        assert [row.email for row in admins_roster.listed(connection, tenant.id)] == [EMAIL]


@pytest.mark.parametrize("verified", [False, None, "no", 1])
def test_an_address_that_is_not_verified_binds_nobody(
    browser: Browser, tenant: Tenant, provider: OpenIdProvider, password: str, verified: Any
) -> None:
    provider.lies = {"email_verified": verified}
    assert "does not say that your e-mail address is verified" in words(go(browser))
    assert not member(tenant).is_bound


def test_entra_says_in_its_own_claim_that_an_address_is_verified(
    browser: Browser, tenant: Tenant, provider: OpenIdProvider, password: str
) -> None:
    provider.lies = {"email_verified": False, "xms_edov": True}
    assert "does not say that your e-mail address is verified" in words(go(browser))
    provider.lies = {"email_verified": None, "xms_edov": True}
    go(browser)
    assert member(tenant).is_bound


LIES: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"nonce": None},
    {"iss": "https://elsewhere.example"},
    {"iss": None},
    {"aud": "another-client"},
    {"aud": ["another-client", "third"]},
    {"aud": None},
    {"exp": int(time.time()) - 3600},
    {"exp": None},
    {"iat": int(time.time()) + 36000},
    {"azp": "another-client"},
    {"sub": None},
    {"sub": ""},
    {"sub": "a\x00b"},
    {"sub": "x" * 256},
]


@pytest.mark.parametrize(
    "lies", LIES, ids=[f"{number} {name}" for number, lie in enumerate(LIES) for name in lie]
)
def test_an_id_token_that_is_not_for_this_sign_in_opens_nothing(
    browser: Browser, provider: OpenIdProvider, password: str, lies: dict[str, Any]
) -> None:
    provider.lies = lies
    answer = go(browser)
    assert answer.url.startswith(f"{browser.base}/sign-in?")
    assert "who you are" in words(answer)
    assert sessions() == 0


@pytest.mark.parametrize("signature", ["foreign key", "secret", "none"])
def test_what_the_provider_has_not_signed_opens_nothing(
    browser: Browser, provider: OpenIdProvider, password: str, signature: str
) -> None:
    provider.signature = signature
    provider.describes = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
    openid.DESCRIPTIONS.clear()
    assert "does not prove who you are" in words(go(browser))
    assert sessions() == 0


def _callback(browser: Browser, provider: OpenIdProvider) -> str:
    """Go to the provider, and return where it sends the browser back to, without going there."""
    out = browser.get("/sign-in/provider?tenant=acme", allow_redirects=False)
    back = browser.http.get(out.headers["Location"], allow_redirects=False, timeout=30)
    return str(back.headers["Location"]).removeprefix(browser.base)


def test_an_answer_is_taken_once_and_only_by_the_browser_that_asked(
    browser: Browser, provider: OpenIdProvider, password: str
) -> None:
    back = _callback(browser, provider)
    stranger = Browser(browser.base)
    assert "begun elsewhere" in words(stranger.get(back))
    assert browser.get(back).url == f"{browser.base}/"
    assert "begun elsewhere" in words(browser.get(back))
    assert sessions() == 1


def test_a_code_that_was_used_is_refused_even_with_its_state(
    browser: Browser, provider: OpenIdProvider, password: str
) -> None:
    back = _callback(browser, provider)
    kept = browser.http.cookies.copy()
    assert browser.get(back).url == f"{browser.base}/"
    thief = Browser(browser.base)
    thief.http.cookies = kept
    assert "invalid_grant" in words(thief.get(back))
    assert sessions() == 1


@pytest.mark.parametrize(
    ("swap", "said"),
    [
        (("state=", "state=x"), "begun elsewhere"),
        (("iss=http", "iss=https"), "another one answered"),
        (("code=", "code=x"), "invalid_grant"),
    ],
)
def test_an_answer_that_was_changed_on_its_way_is_refused(
    browser: Browser, provider: OpenIdProvider, password: str, swap: tuple[str, str], said: str
) -> None:
    back = _callback(browser, provider)
    assert said in words(browser.get(back.replace(*swap, 1)))
    assert sessions() == 0


def test_an_answer_that_comes_too_late_is_refused(
    browser: Browser, provider: OpenIdProvider, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = _callback(browser, provider)
    monkeypatch.setattr(openid, "FLOW_SECONDS", -1.0)
    assert "too long ago" in words(browser.get(back))


def test_who_says_no_at_the_provider_reads_why(
    browser: Browser, provider: OpenIdProvider, password: str
) -> None:
    provider.refuses = "access_denied"
    assert "did not sign you in (access_denied)" in words(go(browser))
    provider.refuses = "<script>alert(1)</script>"
    answer = go(browser)
    assert "<script>alert" not in answer.text and "did not sign you in." in words(answer)


def test_pkce_state_and_nonce_leave_and_the_secret_does_not(
    browser: Browser, provider: OpenIdProvider, password: str
) -> None:
    with capture_logs() as logs:
        go(browser)
        go(Browser(browser.base))
    first, second = provider.asked
    assert first["scope"] == "openid email" and first["response_type"] == "code"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43 and first[name] != second[name]
    assert CLIENT_SECRET not in str(first) and CLIENT_SECRET not in str(logs)
    assert first["redirect_uri"] == f"{browser.base}/sign-in/callback"


DESCRIPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"issuer": "https://elsewhere.example"}, "another issuer"),
    ({"token_endpoint": "http://192.0.2.7/token"}, "no usable token_endpoint"),
    ({"authorization_endpoint": "javascript:alert(1)"}, "no usable authorization_endpoint"),
    ({"jwks_uri": None}, "no usable jwks_uri"),
    ({"jwks_uri": "https://[idp.example/keys"}, "no usable jwks_uri"),
    ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "no algorithm that Rollcall trusts"),
]


@pytest.mark.parametrize(("describes", "said"), DESCRIPTIONS)
def test_a_provider_that_describes_itself_oddly_is_not_gone_to(
    browser: Browser, provider: OpenIdProvider, password: str, describes: dict[str, Any], said: str
) -> None:
    provider.describes = describes
    assert said in words(go(browser))
    assert provider.asked == []


def test_a_wrong_client_secret_is_said_in_the_protocols_word(
    browser: Browser, tenant: Tenant, provider: OpenIdProvider, password: str
) -> None:
    keep(tenant, provider, secret="another")
    assert "invalid_client" in words(go(browser))


def test_without_a_provider_the_way_there_leads_back(browser: Browser, tenant: Tenant, password: str) -> None:
    for slug in ("acme", "elsewhere", "", "a\x01b"):
        assert "no sign-in provider here" in words(go(browser, slug))


def test_where_the_provider_is_required_passwords_are_for_owners(
    browser: Browser, tenant: Tenant, provider: OpenIdProvider, password: str
) -> None:
    one_time = invited(tenant, HR, "hr")
    keep(tenant, provider, is_required=True)
    refused = Browser(browser.base).sign_in("acme", HR, one_time)
    assert refused.status_code == 403 and "passwords open nothing here" in words(refused)
    assert "do not belong together" in words(Browser(browser.base).sign_in("acme", HR, "wrong"))
    assert browser.sign_in("acme", EMAIL, password).status_code == 303


def test_once_the_provider_is_required_only_owners_stay_signed_in(
    browser: Browser, tenant: Tenant, provider: OpenIdProvider, signed_in: Browser
) -> None:
    other = Browser(browser.base)
    other.sign_in("acme", HR, invited(tenant, HR, "hr"))
    other.choose_password("correct horse battery")
    assert other.get("/").url == f"{browser.base}/"
    keep(tenant, provider, is_required=True)
    assert other.get("/").url.startswith(f"{browser.base}/sign-in")
    assert signed_in.get("/").url == f"{browser.base}/"
    provider.email, provider.sub = HR, "person-2"
    assert go(other).url == f"{browser.base}/"
    keep(tenant, provider, is_required=True)
    assert other.get("/").url == f"{browser.base}/"


def test_with_another_issuer_that_is_required_only_owners_stay_signed_in(
    browser: Browser,
    tenant: Tenant,
    provider: OpenIdProvider,
    signed_in: Browser,
    serve: Callable[[Any], str],
) -> None:
    invited(tenant, HR, "hr")
    keep(tenant, provider, is_required=True)
    provider.email, provider.sub = HR, "person-2"
    other = Browser(browser.base)
    assert go(other).url == f"{browser.base}/"
    keep(tenant, OpenIdProvider(email=HR).served(serve), is_required=True)
    assert other.get("/").url.startswith(f"{browser.base}/sign-in")
    assert signed_in.get("/").url == f"{browser.base}/"


def test_one_tenants_provider_opens_nothing_of_another(
    browser: Browser, tenant: Tenant, provider: OpenIdProvider, password: str
) -> None:
    from app.access import tenants

    with writing() as connection:
        other = tenants.create(connection, "other")
    invited(other, EMAIL, "owner")
    assert "no sign-in provider here" in words(go(browser, "other"))
    go(browser)
    assert "tenant acme" in browser.page("/account").text
    with reading() as connection:
        bound = connection.execute(select(Admin.__table__.c.tenant_id, Admin.__table__.c.oidc_subject)).all()
    assert sorted((row.tenant_id == tenant.id, row.oidc_subject) for row in bound) == [
        (False, None),
        (True, "person-1"),
    ]


def test_the_wanted_page_is_one_of_this_console(
    browser: Browser, provider: OpenIdProvider, password: str
) -> None:
    assert go(browser, next="https://elsewhere.example/").url == f"{browser.base}/"
    assert Page(browser.get("/sign-in?next=//elsewhere.example").text).forms[0][1]["next"] == ""
