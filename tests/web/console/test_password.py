"""Choosing a password after signing in with a one-time password."""

from __future__ import annotations

import pytest
from flask import Flask

from app.access.tenants import Tenant
from app.web.console.blueprint import blueprint
from tests.web.console.browser import Browser, Page
from tests.web.console.conftest import EMAIL

CHOSEN = "correct horse battery"


@pytest.fixture
def newcomer(browser: Browser, tenant: Tenant, one_time: str) -> Browser:
    """Give a browser in which the admin has signed in with the one-time password."""
    assert browser.sign_in(tenant.slug, EMAIL, one_time).status_code == 303
    return browser


def test_every_page_leads_to_the_choice_until_it_is_made(app: Flask, newcomer: Browser) -> None:
    behind_the_door = {endpoint for endpoint, role in blueprint.roles.items() if role is not None}
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint in behind_the_door]
    pages = {rule.rule for rule in rules if "GET" in (rule.methods or ()) and not rule.arguments}
    assert {"/", "/account"} <= pages
    for path in pages - {"/password"}:
        answer = newcomer.get(path, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/password"), path
    assert newcomer.get("/assets/console.css").status_code == 200


def test_a_chosen_password_opens_the_start_page_and_ends_the_one_time_one(
    newcomer: Browser, one_time: str
) -> None:
    answer = newcomer.choose_password(CHOSEN)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert f"{EMAIL} · tenant acme" in newcomer.page("/").text
    other = Browser(newcomer.base)
    assert other.sign_in("acme", EMAIL, one_time).status_code == 403
    assert other.sign_in("acme", EMAIL, CHOSEN).status_code == 303
    assert other.get("/", allow_redirects=False).status_code == 200


def test_who_leaves_before_choosing_is_not_locked_out(newcomer: Browser, one_time: str) -> None:
    newcomer.submit(newcomer.page("/password"), "/sign-out")
    assert newcomer.get("/password", allow_redirects=False).headers["Location"] == "/sign-in?next=/password"
    assert newcomer.sign_in("acme", EMAIL, one_time).status_code == 303
    assert newcomer.choose_password(CHOSEN).status_code == 303
    assert newcomer.get("/", allow_redirects=False).status_code == 200


def test_the_admins_other_sessions_end(newcomer: Browser, one_time: str) -> None:
    other = Browser(newcomer.base)
    other.sign_in("acme", EMAIL, one_time)
    newcomer.choose_password(CHOSEN)
    assert other.get("/", allow_redirects=False).headers["Location"] == "/sign-in"


UNFIT = [
    ("", "", "Type the password that you want to have."),
    ("elevenchars", None, "at least 12 characters"),
    (EMAIL, None, "Your e-mail address"),
    (EMAIL.upper(), None, "Your e-mail address"),
    (CHOSEN, "correct horse batter", "The two are not the same."),
    (CHOSEN, "", "Type the password once more."),
]


def test_an_unfit_password_is_said_at_its_field_and_changes_nothing(newcomer: Browser, one_time: str) -> None:
    for password, again, words in [*UNFIT, (one_time, None, "This is the password that you have now")]:
        answer = newcomer.choose_password(password, again)
        page = Page(answer.text)
        assert (answer.status_code, words in page.text) == (422, True), password
        wrong = [found for tag, found in page.elements if found.get("aria-invalid") == "true"]
        ids = {found.get("id") for _, found in page.elements}
        assert wrong and {found["aria-describedby"] for found in wrong} <= ids
        typed = [found for _, found in page.elements if found.get("type") == "password"]
        assert [found.get("value") for found in typed] == [None, None]
    assert newcomer.get("/", allow_redirects=False).headers["Location"] == "/password"
    assert Browser(newcomer.base).sign_in("acme", EMAIL, one_time).status_code == 303


def test_the_form_tells_programs_and_people_what_its_fields_are(newcomer: Browser) -> None:
    page = newcomer.page("/password")
    inputs = {found["name"]: found for tag, found in page.elements if tag == "input"}
    assert inputs["username"]["value"] == EMAIL
    assert {name: inputs[name].get("autocomplete") for name in ("username", "password", "again")} == {
        "username": "username",
        "password": "new-password",
        "again": "new-password",
    }
    labelled = {found["for"] for tag, found in page.elements if tag == "label"}
    assert {inputs["password"]["id"], inputs["again"]["id"]} == labelled


def test_a_form_that_the_console_did_not_make_chooses_nothing(newcomer: Browser) -> None:
    answer = newcomer.post("/password", {"password": CHOSEN, "again": CHOSEN})
    assert answer.status_code == 400
    assert Browser(newcomer.base).sign_in("acme", EMAIL, CHOSEN).status_code == 403


def test_who_has_chosen_is_asked_no_more(signed_in: Browser) -> None:
    answer = signed_in.get("/password", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_nobody_chooses_a_password_without_having_signed_in(browser: Browser) -> None:
    assert browser.get("/password", allow_redirects=False).headers["Location"] == "/sign-in?next=/password"
