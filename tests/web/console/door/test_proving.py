"""Proving again who one is, before secrets are shown or given away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from app import clock
from app.access import admins_tries
from app.access.tenants import Tenant
from app.web.console import proving
from tests.harness.openid_provider import OpenIdProvider
from tests.web.console.browser import Browser, Page
from tests.web.console.conftest import EMAIL
from tests.web.console.door.conftest import deeds, go, invited, keep, proved, token_of, words

BEHIND = "/settings/people/invite"


def is_asked(browser: Browser) -> bool:
    """Whether the page behind the proof leads to the proof."""
    answer = browser.get(BEHIND, allow_redirects=False)
    return answer.status_code == 303 and answer.headers["Location"] == f"/prove?next={BEHIND}"


def test_the_password_opens_the_page_that_was_wanted_for_a_while(signed_in: Browser, password: str) -> None:
    asked = signed_in.get(BEHIND)
    assert "Is it still you?" in words(asked)
    answer = signed_in.submit(Page(asked.text), "/prove", password=password)
    assert (answer.status_code, answer.headers["Location"]) == (303, BEHIND)
    assert not is_asked(signed_in)
    assert deeds("admin.proved") == [("admin.proved", f"admin:{EMAIL}")]
    with time_machine.travel(clock.utcnow() + timedelta(seconds=proving.GOOD_FOR + 1), tick=True):
        assert is_asked(signed_in)


def test_a_proof_is_of_one_session_only(signed_in: Browser, password: str) -> None:
    other = Browser(signed_in.base)
    other.sign_in("acme", EMAIL, password)
    proved(signed_in, password)
    assert is_asked(other)


def test_a_wrong_password_proves_nothing_and_guessing_is_slowed_down(
    signed_in: Browser, password: str
) -> None:
    page = signed_in.page("/prove")
    answer = signed_in.submit(page, "/prove", password="wrong")
    assert (answer.status_code, "This is not your password." in words(answer)) == (422, True)
    said = ""
    for _ in range(admins_tries.FREE_FAILURES + 4):
        said = words(signed_in.submit(page, "/prove", password="wrong"))
        if "Too many tries" in said:
            break
    assert "Too many tries" in said
    assert "Too many tries" in words(signed_in.submit(page, "/prove", password=password))
    assert is_asked(signed_in)
    assert "wrong" not in said


def test_the_way_back_is_in_this_console(signed_in: Browser, password: str) -> None:
    page = signed_in.page("/prove?next=https://elsewhere.example/")
    answer = signed_in.submit(page, "/prove", password=password)
    assert answer.headers["Location"] == "/"
    answer = signed_in.submit(page, "/prove", password=password, next="//elsewhere.example")
    assert answer.headers["Location"] == "/"


# ---------------------------------------------------------------------------------------------- at the provider


@pytest.fixture
def bound(browser: Browser, provider: OpenIdProvider, one_time: str) -> Browser:
    """Give a browser in which somebody is signed in from the provider, who has no password."""
    assert go(browser).url == f"{browser.base}/"
    return browser


def test_who_has_no_password_proves_it_at_the_provider(bound: Browser, provider: OpenIdProvider) -> None:
    page = bound.page(f"/prove?next={BEHIND}")
    assert [form["action"] for form, _ in page.forms if form["action"] == "/prove"] == []
    (way,) = [found["href"] for _, found in page.elements if "/prove/provider" in found.get("href", "")]
    assert bound.get(way).url == bound.base + BEHIND
    assert (provider.asked[-1]["prompt"], provider.asked[-1]["max_age"]) == ("login", "0")
    assert not is_asked(bound)


def test_a_sign_in_of_an_hour_ago_proves_nothing(bound: Browser, provider: OpenIdProvider) -> None:
    provider.heeds_prompt = False
    assert "did not ask you again who you are" in words(bound.get("/prove/provider"))
    provider.lies = {"auth_time": None}
    assert "did not ask you again who you are" in words(bound.get("/prove/provider"))
    assert is_asked(bound)


def test_somebody_else_at_the_provider_proves_nothing(bound: Browser, provider: OpenIdProvider) -> None:
    provider.sub = "person-2"
    assert "as somebody else than here" in words(bound.get("/prove/provider"))
    assert is_asked(bound)


def test_who_was_never_there_cannot_prove_it_there(signed_in: Browser, provider: OpenIdProvider) -> None:
    assert "/prove/provider" not in signed_in.get("/prove").text
    assert "as somebody else than here" in words(signed_in.get("/prove/provider"))


def test_a_proof_needs_the_session_that_asked_for_it(bound: Browser, provider: OpenIdProvider) -> None:
    out = bound.get("/prove/provider", allow_redirects=False)
    back = bound.http.get(out.headers["Location"], allow_redirects=False, timeout=30).headers["Location"]
    del bound.http.cookies["rollcall"]
    assert bound.get(back.removeprefix(bound.base)).url.startswith(f"{bound.base}/sign-in")
    assert deeds("admin.proved") == []


def test_where_the_provider_is_required_an_old_password_proves_nothing(
    browser: Browser,
    tenant: Tenant,
    provider: OpenIdProvider,
    password: str,
    as_role: Callable[[str], Browser],
) -> None:
    viewers, viewer = invited(tenant, "eve@acme.example", "viewer"), Browser(browser.base)
    viewer.sign_in("acme", "eve@acme.example", viewers)
    viewer.choose_password("correct horse battery")
    keep(tenant, provider, is_required=True)
    provider.email, provider.sub = "eve@acme.example", "person-2"
    go(viewer)
    page = viewer.page("/prove")
    assert [form for form, _ in page.forms if form["action"] == "/prove"] == []
    fields = {"csrf_token": token_of(page), "password": "correct horse battery", "next": "/"}
    assert viewer.post("/prove", fields).status_code == 200
    assert deeds("admin.proved") == []
