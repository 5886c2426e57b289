"""Signing in and out of the console."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from flask import Request
from sqlalchemy import select
from werkzeug.test import EnvironBuilder

from app import create_app
from app.access import admins, admins_tries, tenants
from app.access.tables import Session, SignInAttempt
from app.access.tenants import Tenant
from app.config import Settings
from app.database import reading, writing
from app.web.console.headers import HEADERS
from app.web.transport import is_safe
from tests.web.console.browser import Browser, Page
from tests.web.console.conftest import EMAIL

HTTPS = "https://rollcall.example.com"


def rows(table: Any) -> list[Any]:
    with reading() as connection:
        return list(connection.execute(select(table.__table__)))


def test_the_start_page_asks_for_a_sign_in(browser: Browser) -> None:
    answer = browser.get("/", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")


def test_the_right_password_opens_the_start_page(browser: Browser, tenant: Tenant, password: str) -> None:
    answer = browser.sign_in(tenant.slug, EMAIL, password)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert f"{EMAIL} · tenant acme" in browser.page("/").text


def test_case_and_blanks_around_tenant_and_address_do_not_matter(
    browser: Browser, tenant: Tenant, password: str
) -> None:
    assert browser.sign_in(" ACME ", " HR@Acme.Example ", password).status_code == 303


@pytest.mark.parametrize(
    ("slug", "email", "typed"),
    [("acme", EMAIL, "wrong"), ("acme", "nobody@acme.example", None), ("elsewhere", EMAIL, None)],
)
def test_what_is_wrong_is_not_said(
    browser: Browser, tenant: Tenant, password: str, slug: str, email: str, typed: str | None
) -> None:
    answer = browser.sign_in(slug, email, typed or password)
    assert answer.status_code == 403
    assert "do not belong together" in Page(answer.text).text
    assert browser.get("/", allow_redirects=False).status_code == 303


def test_an_admin_of_one_tenant_is_none_of_another(browser: Browser, tenant: Tenant, password: str) -> None:
    with writing() as connection:
        tenants.create(connection, "other")
    assert browser.sign_in("other", EMAIL, password).status_code == 403


def test_the_password_does_not_come_back_and_the_rest_does(
    browser: Browser, tenant: Tenant, password: str
) -> None:
    answer = browser.sign_in("acme", "typo@acme.example", password)
    assert password not in answer.text
    assert Page(answer.text).forms[0][1]["email"] == "typo@acme.example"


@pytest.mark.parametrize("missing", ["tenant", "email", "password"])
def test_an_empty_field_is_named_and_costs_no_try(browser: Browser, one_time: str, missing: str) -> None:
    fields = {"tenant": "acme", "email": EMAIL, "password": "wrong", missing: ""}
    answer = browser.submit(browser.page("/sign-in"), "/sign-in", **fields)
    assert answer.status_code == 422
    assert ("input", "true") in [
        (tag, found.get("aria-invalid")) for tag, found in Page(answer.text).elements
    ]
    assert rows(SignInAttempt) == []


ODD = ("a\x01b", "a" * 5000, "\U0001f600", "'; drop table admin; --", "\ufffe")


def test_odd_text_is_refused_like_any_other(browser: Browser, one_time: str) -> None:
    page = browser.page("/sign-in")
    for number, (odd, field) in enumerate(itertools.product(ODD, ("tenant", "email", "password"))):
        typed = {"tenant": "acme", "email": f"{number}@acme.example", "password": "wrong"} | {field: odd}
        assert browser.submit(page, "/sign-in", **typed).status_code in (403, 422, 429), (odd, field)


def test_guessing_is_slowed_down_even_for_the_right_password(
    browser: Browser, tenant: Tenant, password: str
) -> None:
    for _ in range(admins_tries.FREE_FAILURES + 3):
        answer = browser.sign_in("acme", EMAIL, "wrong")
        if answer.status_code == 429:
            break
    refused = browser.sign_in("acme", EMAIL, password)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert "Too many tries" in Page(refused.text).text


def test_waiting_long_enough_ends_the_slowing_down(browser: Browser, tenant: Tenant, password: str) -> None:
    for _ in range(admins_tries.FREE_FAILURES + 1):
        browser.sign_in("acme", EMAIL, "wrong")
    with time_machine.travel(_later(admins_tries.MAX_BLOCK_SECONDS), tick=True):
        assert browser.sign_in("acme", EMAIL, password).status_code == 303
    assert rows(SignInAttempt) == []


def _later(seconds: float) -> float:
    return time.time() + seconds


def test_the_page_that_was_wanted_comes_after_the_sign_in(
    browser: Browser, tenant: Tenant, password: str
) -> None:
    asked = browser.get("/account?a=1")
    assert asked.url.endswith("/sign-in?next=/account?a%3D1")
    wrong = browser.submit(Page(asked.text), "/sign-in", tenant="acme", email=EMAIL, password="wrong")
    assert wrong.status_code == 403
    right = browser.submit(Page(wrong.text), "/sign-in", tenant="acme", email=EMAIL, password=password)
    assert (right.status_code, right.headers["Location"]) == (303, "/account?a=1")


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"]
)
def test_a_sign_in_leads_to_no_other_host(
    browser: Browser, tenant: Tenant, password: str, elsewhere: str
) -> None:
    fields = {"tenant": "acme", "email": EMAIL, "password": password, "next": elsewhere}
    answer = browser.submit(browser.page("/sign-in"), "/sign-in", **fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_session_knows_from_where_it_was_opened(browser: Browser, tenant: Tenant, password: str) -> None:
    browser.http.headers["User-Agent"] = (
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    )
    browser.sign_in("acme", EMAIL, password)
    assert [row.place for row in rows(Session)] == ["Firefox on Linux, 127.0.0.1"]


def test_only_a_digest_of_the_session_is_kept(signed_in: Browser) -> None:
    (row,) = rows(Session)
    assert signed_in.http.cookies["rollcall"] not in str(row)


def test_the_session_cookie_is_for_http_only_and_this_site(
    browser: Browser, tenant: Tenant, password: str
) -> None:
    cookie = _set_cookies(browser.sign_in("acme", EMAIL, password))["rollcall"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= cookie
    assert "Secure" not in cookie


def test_signing_in_again_ends_the_session_before(signed_in: Browser, password: str) -> None:
    before = signed_in.http.cookies["rollcall"]
    signed_in.sign_in("acme", EMAIL, password)
    assert signed_in.http.cookies["rollcall"] != before
    assert len(rows(Session)) == 1


def test_signing_out_ends_the_session_on_the_server(signed_in: Browser) -> None:
    stolen = dict(signed_in.http.cookies)
    answer = signed_in.submit(signed_in.page("/"), "/sign-out")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert rows(Session) == []
    signed_in.http.cookies.update(stolen)
    assert signed_in.get("/", allow_redirects=False).status_code == 303


def test_an_old_session_is_over(signed_in: Browser) -> None:
    with time_machine.travel(_later(admins.SESSION_HOURS * 3600 + 1), tick=True):
        assert signed_in.get("/", allow_redirects=False).status_code == 303


def test_a_new_password_ends_open_sessions(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        admins.create(connection, tenant, EMAIL)
    assert signed_in.get("/", allow_redirects=False).status_code == 303


@pytest.mark.parametrize("token", [{}, {"csrf_token": ""}, {"csrf_token": "made-up"}])
def test_a_form_that_the_console_did_not_make_is_refused(signed_in: Browser, token: dict[str, str]) -> None:
    fields = {"tenant": "acme", "email": EMAIL, "password": "x"} | token
    for path in ("/sign-in", "/sign-out", "/password"):
        answer = signed_in.post(path, fields)
        assert answer.status_code == 400
        assert "could not be accepted" in Page(answer.text).text
    assert len(rows(Session)) == 1


def test_a_form_of_another_browser_is_refused(signed_in: Browser) -> None:
    foreign = Browser(signed_in.base).page("/sign-in")
    token = foreign.forms[0][1]["csrf_token"]
    answer = signed_in.post("/sign-out", {"csrf_token": token})
    assert answer.status_code == 400


def test_a_form_from_before_the_sign_in_is_not_good_after_it(
    browser: Browser, tenant: Tenant, password: str
) -> None:
    before = browser.page("/sign-in").forms[0][1]["csrf_token"]
    browser.sign_in("acme", EMAIL, password)
    answer = browser.post("/sign-out", {"csrf_token": before})
    assert answer.status_code == 400


PATHS = ("/", "/sign-in", "/sign-out", "/assets/console.css", "/assets/none.css", "/nowhere", "/healthz")


def test_every_answer_carries_the_security_headers(browser: Browser) -> None:
    for method, path in itertools.product(("GET", "POST", "DELETE", "OPTIONS"), PATHS):
        answer = browser.http.request(method, browser.base + path, timeout=30, allow_redirects=False)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, (method, path)
        assert answer.headers["Cache-Control"] in ("no-store", "no-cache")
        assert "Strict-Transport-Security" not in answer.headers


def test_scim_answers_carry_what_programs_need(browser: Browser) -> None:
    answer = browser.get("/scim/v2/ServiceProviderConfig")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in answer.headers


def test_the_policy_allows_nothing_inline_and_no_other_host() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy and "http" not in policy


def test_pages_carry_nothing_that_the_policy_forbids(signed_in: Browser) -> None:
    for page in (signed_in.page("/"), Browser(signed_in.base).page("/sign-in")):
        for tag, found in page.elements:
            assert tag not in ("style", "iframe", "object", "embed")
            assert tag != "script" or found["src"].startswith("/assets/")
            assert not [name for name in found if name == "style" or name.startswith("on")]
            assert all("//" not in found.get(name, "") for name in ("href", "src", "action"))


def test_every_stylesheet_of_a_page_is_served_here(browser: Browser) -> None:
    sheets = [
        found["href"] for tag, found in browser.page("/sign-in").elements if found.get("rel") == "stylesheet"
    ]
    assert len(sheets) == 2
    for sheet in sheets:
        answer = browser.get(sheet)
        assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/css")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


# ------------------------------------------------------------------------------------------------- transport


@pytest.fixture
def behind_https(settings: Settings, tenant: Tenant, serve: Callable[[Any], str]) -> Browser:
    """Give a browser at an installation that a proxy puts behind https."""
    return Browser(serve(create_app(dataclasses.replace(settings, public_url=HTTPS))))


def _set_cookies(answer: Any) -> dict[str, set[str]]:
    """Name → attributes of the cookies that an answer sets."""
    lines = answer.raw.headers.getlist("Set-Cookie")
    return {line.partition("=")[0]: {part.strip() for part in line.split(";")[1:]} for line in lines}


def test_over_https_cookies_are_bound_to_this_host_and_to_https(behind_https: Browser, password: str) -> None:
    page = behind_https.get("/sign-in")
    form_cookie = page.raw.headers.getlist("Set-Cookie")[0].split(";")[0]
    token = Page(page.text).forms[0][1]["csrf_token"]
    fields = {"csrf_token": token, "tenant": "acme", "email": EMAIL, "password": password}
    answer = behind_https.post("/sign-in", fields, headers={"Cookie": form_cookie})
    assert answer.status_code == 303
    for cookies in (_set_cookies(page), _set_cookies(answer)):
        for name, attributes in cookies.items():
            assert name.startswith("__Host-rollcall")
            assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
            assert not [attribute for attribute in attributes if attribute.startswith("Domain")]
    assert "__Host-rollcall" in _set_cookies(answer)


def test_over_https_browsers_are_told_to_stay_there(behind_https: Browser) -> None:
    assert behind_https.get("/sign-in").headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("host", ["rollcall.example.com", "192.0.2.7:8000", "localhost.example.com"])
def test_plain_http_away_from_loopback_refuses_sign_in_and_names_the_setting(
    signed_in: Browser, host: str
) -> None:
    answer = signed_in.get("/sign-in", headers={"Host": host})
    page = Page(answer.text)
    assert (answer.status_code, page.forms) == (403, [])
    assert "ROLLCALL_PUBLIC_URL" in page.text
    assert signed_in.get("/", headers={"Host": host}).status_code == 403
    assert signed_in.post("/sign-in", {}, headers={"Host": host}).status_code == 403


SAFETY = [
    # host, who connects, headers of a proxy, ROLLCALL_PUBLIC_URL, safe?
    ("127.0.0.1:8000", "127.0.0.1", {}, "", True),
    ("localhost:8000", "::1", {}, "", True),
    ("[::1]:8000", "::1", {}, "", True),
    ("127.0.0.1:8000", "127.0.0.1", {"X-Forwarded-For": "192.0.2.9"}, "", False),
    ("localhost:8000", "172.17.0.1", {}, "", False),
    ("localhost:8000", "172.17.0.1", {}, "http://localhost:8000", True),
    ("10.0.0.1:8000", "10.0.0.5", {}, "http://localhost:8000", False),
    ("10.0.0.1:8000", "10.0.0.5", {}, "http://10.0.0.1:8000", False),
    ("127.0.0.1:8000", "127.0.0.1", {"X-Forwarded-Proto": "https"}, HTTPS, True),
    ("rollcall.example.com", "10.0.0.5", {}, HTTPS, True),
]


@pytest.mark.parametrize(("host", "client", "headers", "public_url", "safe"), SAFETY)
def test_where_a_password_may_be_typed(
    host: str, client: str, headers: dict[str, str], public_url: str, safe: bool
) -> None:
    builder = EnvironBuilder(headers={"Host": host, **headers}, environ_overrides={"REMOTE_ADDR": client})
    assert is_safe(Settings(public_url=public_url), Request(builder.get_environ())) is safe
