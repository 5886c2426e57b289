"""People and roles: who may come in, and what an owner does about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.access import admins_roster, tenants
from app.access.admins_roster import Member
from app.access.tenants import Tenant
from app.database import reading, writing
from tests.harness.openid_provider import OpenIdProvider
from tests.web.console.browser import Browser, Page
from tests.web.console.conftest import EMAIL
from tests.web.console.door.conftest import deeds, go, invited, proved, token_of, words

EVE = "eve@acme.example"
PEOPLE = "/settings/people"


@pytest.fixture
def owner(signed_in: Browser, password: str) -> Browser:
    """Give a browser in which an owner is signed in and has just proved it."""
    proved(signed_in, password)
    return signed_in


def member(tenant: Tenant, email: str) -> Member:
    with reading() as connection:
        return admins_roster.with_email(connection, tenant.id, email)


def emails(tenant: Tenant) -> list[str]:
    with reading() as connection:
        return [each.email for each in admins_roster.listed(connection, tenant.id)]


def invite(browser: Browser, email: str = EVE, role: str = "viewer") -> Any:
    return browser.submit(browser.page(f"{PEOPLE}/invite"), f"{PEOPLE}/invite", email=email, role=role)


def secret_on(answer: Any) -> str:
    """The one-time password that a page shows."""
    text = Page(answer.text).text
    return text.split("One-time password ")[1].split()[0]


def do(browser: Browser, admin_id: int, deed: str, **fields: str) -> Any:
    page = browser.page(f"{PEOPLE}/{admin_id}")
    return browser.submit(page, f"{PEOPLE}/{admin_id}/{deed}", **fields)


def test_the_list_says_role_way_in_and_last_sign_in(owner: Browser, tenant: Tenant) -> None:
    invited(tenant, EVE, "viewer")
    rows = owner.page(PEOPLE).rows("people")
    assert [row[:3] for row in rows] == [
        [EVE, "Viewer", "One-time password, not used up yet"],
        [f"{EMAIL} (you)", "Owner", "Password"],
    ]
    assert rows[0][3] == "never" and "UTC" in rows[1][3]


def test_who_is_known_at_the_provider_is_listed_so(
    browser: Browser, provider: OpenIdProvider, one_time: str
) -> None:
    go(browser)
    host = provider.issuer.removeprefix("http://")
    assert browser.page(PEOPLE).rows("people")[0][2] == host


def test_others_see_the_list_and_no_button(as_role: Callable[[str], Browser], tenant: Tenant) -> None:
    admin = as_role("admin")
    page = admin.page(PEOPLE)
    assert [row[:2] for row in page.rows("people")] == [["admin@acme.example (you)", "Admin"]]
    assert f"{PEOPLE}/" not in str(page.elements)


def test_an_invited_person_comes_in_with_the_password_that_is_shown_once(
    owner: Browser, tenant: Tenant
) -> None:
    answer = invite(owner)
    assert answer.status_code == 200
    password = secret_on(answer)
    assert member(tenant, EVE).role == "viewer"
    assert Browser(owner.base).sign_in("acme", EVE, password).status_code == 303
    assert password not in owner.get(PEOPLE).text
    assert ("admin.password_issued", f"admin:{EMAIL}") in deeds("admin.password_issued")


def test_an_invitation_asks_again_who_one_is(signed_in: Browser, tenant: Tenant) -> None:
    token = token_of(signed_in.page("/account"))
    fields = {"csrf_token": token, "email": EVE, "role": "owner"}
    answer = signed_in.post(f"{PEOPLE}/invite", fields)
    assert answer.status_code == 303 and answer.headers["Location"].startswith("/prove?next=")
    assert emails(tenant) == [EMAIL]


@pytest.mark.parametrize(
    ("email", "role", "said"),
    [
        ("eve", "viewer", "not an e-mail address"),
        ("", "viewer", "Type the person"),
        (EMAIL.upper(), "viewer", "in the list already"),
        (EVE, "emperor", "Choose one of the roles"),
        ("<script>alert(1)</script>@acme.example", "viewer", "not an e-mail address"),
    ],
)
def test_a_wrong_invitation_is_said_and_keeps_what_was_typed(
    owner: Browser, tenant: Tenant, email: str, role: str, said: str
) -> None:
    answer = invite(owner, email, role)
    assert (answer.status_code, said in words(answer)) == (422, True)
    typed = next(fields for form, fields in Page(answer.text).forms if form["action"].endswith("/invite"))
    assert typed["email"] == email
    assert "<script>alert" not in answer.text
    assert emails(tenant) == [EMAIL]


def test_another_role_counts_from_the_next_click_on(
    owner: Browser, tenant: Tenant, as_role: Callable[[str], Browser]
) -> None:
    eve = as_role("viewer")
    number = member(tenant, "viewer@acme.example").id
    assert eve.get("/settings/sign-in").status_code == 403
    answer = do(owner, number, "role", role="owner")
    assert (answer.status_code, answer.headers["Location"]) == (303, PEOPLE)
    assert "has the role Owner now" in owner.page(PEOPLE).text
    assert eve.get("/settings/sign-in").status_code == 200
    do(owner, number, "role", role="hr")
    assert eve.get("/settings/sign-in").status_code == 403
    assert deeds("admin.role_given") == [("admin.role_given", f"admin:{EMAIL}")] * 2


def test_no_role_that_there_is_not_is_given(owner: Browser, tenant: Tenant) -> None:
    invited(tenant, EVE, "viewer")
    number = member(tenant, EVE).id
    do(owner, number, "role", role="emperor")
    assert "is no role" in owner.page(f"{PEOPLE}/{number}").text
    assert member(tenant, EVE).role == "viewer"


def test_the_last_owner_stays_one(owner: Browser, tenant: Tenant) -> None:
    number = member(tenant, EMAIL).id
    for deed, fields in (("role", {"role": "admin"}), ("remove", {})):
        answer = do(owner, number, deed, **fields)
        assert answer.headers["Location"] == f"{PEOPLE}/{number}"
        assert "This is the last owner" in owner.page(f"{PEOPLE}/{number}").text
    assert member(tenant, EMAIL).role == "owner"
    invited(tenant, EVE, "owner")
    assert do(owner, number, "role", role="admin").headers["Location"] == PEOPLE
    assert member(tenant, EMAIL).role == "admin"


def test_a_new_one_time_password_ends_the_old_one_and_the_sessions(owner: Browser, tenant: Tenant) -> None:
    before, eve = invited(tenant, EVE, "hr"), Browser(owner.base)
    eve.sign_in("acme", EVE, before)
    answer = do(owner, member(tenant, EVE).id, "password")
    assert answer.status_code == 200
    assert eve.get("/", allow_redirects=False).headers["Location"] == "/sign-in"
    assert eve.sign_in("acme", EVE, before).status_code == 403
    assert eve.sign_in("acme", EVE, secret_on(answer)).status_code == 303
    assert member(tenant, EVE).role == "hr"


def test_who_is_removed_is_signed_out_and_cannot_come_back(owner: Browser, tenant: Tenant) -> None:
    password, eve = invited(tenant, EVE, "owner"), Browser(owner.base)
    eve.sign_in("acme", EVE, password)
    assert do(owner, member(tenant, EVE).id, "remove").status_code == 303
    assert "eve@acme.example is removed" in owner.page(PEOPLE).text
    assert eve.get("/", allow_redirects=False).headers["Location"] == "/sign-in"
    assert eve.sign_in("acme", EVE, password).status_code == 403
    assert deeds("admin.removed") == [("admin.removed", f"admin:{EMAIL}")]


@pytest.mark.parametrize("deed", ["role", "password", "remove"])
def test_each_deed_asks_again_who_one_is_and_leads_back(
    signed_in: Browser, tenant: Tenant, deed: str
) -> None:
    before = invited(tenant, EVE, "viewer")
    number = member(tenant, EVE).id
    page = f"{PEOPLE}/{number}"
    fields = {"csrf_token": token_of(signed_in.page(page)), "role": "owner"}
    answer = signed_in.post(f"{page}/{deed}", fields, headers={"Referer": signed_in.base + page})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/prove?next={page}")
    assert member(tenant, EVE).role == "viewer"
    assert Browser(signed_in.base).sign_in("acme", EVE, before).status_code == 303


def test_people_of_another_tenant_are_not_there(owner: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        other = tenants.create(connection, "other")
    for number in range(3):
        invited(other, f"{number}@other.example", "owner")
    theirs = member(other, "2@other.example").id
    token = token_of(owner.page("/account"))
    assert owner.get(f"{PEOPLE}/{theirs}").status_code == 404
    for deed in ("role", "password", "remove"):
        fields = {"csrf_token": token, "role": "viewer"}
        assert owner.post(f"{PEOPLE}/{theirs}/{deed}", fields).status_code == 404
    assert len(emails(other)) == 3 and member(other, "2@other.example").role == "owner"
    assert "other.example" not in owner.get(PEOPLE).text
