"""Your account: who one is, the password, the sessions."""

from __future__ import annotations

from collections.abc import Callable

from app.access import admins_tries, roles
from app.access.tenants import Tenant
from tests.harness.openid_provider import OpenIdProvider
from tests.web.console.browser import Browser, Page
from tests.web.console.conftest import EMAIL
from tests.web.console.door.conftest import deeds, go, token_of, words

NEW = "correct horse battery"


def another(browser: Browser, password: str) -> Browser:
    """The same person in another browser."""
    other = Browser(browser.base)
    assert other.sign_in("acme", EMAIL, password).status_code == 303
    return other


def is_in(browser: Browser) -> bool:
    return browser.get("/account", allow_redirects=False).status_code == 200


def change(browser: Browser, current: str, password: str = NEW, again: str = "") -> object:
    fields = {"current": current, "password": password, "again": again or password}
    return browser.submit(browser.page("/account"), "/account", **fields)


def test_the_page_says_who_one_is_and_what_one_may(as_role: Callable[[str], Browser]) -> None:
    page = as_role("hr").page("/account")
    assert "hr@acme.example" in page.text and roles.BY_NAME["hr"].may in page.text
    assert "Password" in page.text


def test_a_new_password_replaces_the_old_one_and_ends_the_other_sessions(
    signed_in: Browser, password: str
) -> None:
    other = another(signed_in, password)
    assert change(signed_in, password).status_code == 303  # type: ignore[attr-defined]
    assert "Your password is changed" in signed_in.page("/account").text
    assert (is_in(signed_in), is_in(other)) == (True, False)
    assert Browser(signed_in.base).sign_in("acme", EMAIL, password).status_code == 403
    assert Browser(signed_in.base).sign_in("acme", EMAIL, NEW).status_code == 303
    assert deeds("admin.password_changed") == [("admin.password_changed", f"admin:{EMAIL}")]


def test_what_is_wrong_with_a_password_is_said_at_its_field(signed_in: Browser, password: str) -> None:
    for current, new, again, said in (
        ("wrong", NEW, "", "This is not your password."),
        ("", NEW, "", "Type the password that you have."),
        (password, "short", "", "at least 12 characters"),
        (password, NEW, "another", "The two are not the same."),
        (password, password, "", "This is the password that you have now"),
        (password, EMAIL, "", "Your e-mail address is known"),
    ):
        answer = change(signed_in, current, new, again)
        assert (answer.status_code, said in words(answer)) == (422, True), said  # type: ignore[attr-defined]
        assert password not in answer.text and NEW not in answer.text  # type: ignore[attr-defined]
    assert another(signed_in, password)


def test_who_sits_at_an_open_session_cannot_guess_the_password(signed_in: Browser, password: str) -> None:
    answers = [words(change(signed_in, "wrong")) for _ in range(admins_tries.FREE_FAILURES + 5)]
    assert any("Too many tries" in said for said in answers)


def test_sessions_are_listed_with_where_from_and_ended_one_by_one(signed_in: Browser, password: str) -> None:
    second, third = another(signed_in, password), another(signed_in, password)
    page = signed_in.page("/account")
    shown = page.rows("sessions")
    assert len(shown) == 3
    assert all(row[0] == "Another program, 127.0.0.1" for row in shown)
    assert [row[3] for row in shown].count("This browser") == 1
    ends = [fields for form, fields in page.forms if form["action"] == "/account/sessions/end"]
    names = [fields["session"] for fields in ends if fields["session"] != "others"]
    assert len(names) == 2
    assert signed_in.post("/account/sessions/end", ends[0]).status_code == 303
    assert sorted((is_in(second), is_in(third))) == [False, True]
    assert is_in(signed_in)
    again = signed_in.post("/account/sessions/end", ends[0])
    assert again.status_code == 303 and "over already" in signed_in.page("/account").text


def test_signing_out_everywhere_else_leaves_this_browser(signed_in: Browser, password: str) -> None:
    others = [another(signed_in, password) for _ in range(2)]
    page = signed_in.page("/account")
    (fields,) = [fields for _, fields in page.forms if fields.get("session") == "others"]
    assert signed_in.post("/account/sessions/end", fields).status_code == 303
    assert [is_in(each) for each in (signed_in, *others)] == [True, False, False]
    assert deeds("admin.sessions_ended") == [("admin.sessions_ended", f"admin:{EMAIL}")]


def test_nobody_ends_the_session_of_somebody_else(
    signed_in: Browser, as_role: Callable[[str], Browser], password: str
) -> None:
    other, third = as_role("viewer"), another(signed_in, password)
    page = third.page("/account")
    names = [
        fields["session"]
        for form, fields in page.forms
        if form["action"] == "/account/sessions/end" and fields["session"] != "others"
    ]
    token = token_of(other.page("/account"))
    for name in (*names, "", "%", "_" * 16, "x" * 200, "a\x01b" + "c" * 13):
        assert other.post("/account/sessions/end", {"csrf_token": token, "session": name}).status_code == 303
    assert (is_in(signed_in), is_in(third), is_in(other)) == (True, True, True)


def test_who_signs_in_at_the_provider_only_has_no_password_to_change(
    browser: Browser, tenant: Tenant, provider: OpenIdProvider, one_time: str
) -> None:
    go(browser)
    page = browser.page("/account")
    assert [form for form, _ in page.forms if form["action"] == "/account"] == []
    assert provider.issuer.removeprefix("http://") in page.text
    token = token_of(page)
    browser.post("/account", {"csrf_token": token, "current": "", "password": NEW, "again": NEW})
    assert Browser(browser.base).sign_in("acme", EMAIL, NEW).status_code == 403


def test_a_place_with_a_script_in_it_is_shown_as_text(signed_in: Browser, password: str) -> None:
    other = Browser(signed_in.base)
    other.http.headers["User-Agent"] = "<script>alert(1)</script> Firefox/1"
    other.sign_in("acme", EMAIL, password)
    answer = signed_in.get("/account")
    assert "alert(1)" not in answer.text
    assert any(row[0].startswith("Firefox") for row in Page(answer.text).rows("sessions"))
