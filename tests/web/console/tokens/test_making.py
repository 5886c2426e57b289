"""Making, replacing and revoking a token in the browser."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import time_machine
from flask import Flask

from app import clock
from app.access import tokens
from app.access.tables import AuditRow, Token
from app.access.tenants import Tenant
from app.database import writing
from app.web.console.tokens import once
from tests.web.console.browser import Browser, Page
from tests.web.console.tokens.steps import deeds, number_of, prove, rows_of, shown_secret, typed

GOOD: dict[str, Any] = {"client": "okta", "scopes": ["scim:write"], "life": "90"}
ACTOR = "admin:hr@acme.example"


def make(browser: Browser, **changes: Any) -> tuple[str, Page]:
    """Make a token: the address of its value, and the page there."""
    answer = typed(browser, "/tokens/new", GOOD | changes)
    assert answer.status_code == 303, Page(answer.text).text
    return answer.headers["Location"], browser.page(answer.headers["Location"])


def calls(base: str, token: str | None) -> int:
    """The status with which a read of people is answered."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{base}/scim/v2/Users", headers=headers, timeout=30).status_code


def test_who_has_not_proved_lately_is_asked_first_and_nothing_is_made(
    signed_in: Browser, tenant: Tenant
) -> None:
    answer = signed_in.get("/tokens/new", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/prove?next=/tokens/new")
    csrf = next(inputs for form, inputs in signed_in.page("/tokens").forms if "csrf_token" in inputs)
    sent = signed_in.post("/tokens/new", GOOD | {"csrf_token": csrf["csrf_token"]})
    assert (sent.status_code, sent.headers["Location"].startswith("/prove")) == (303, True)
    assert number_of(Token.__table__) == 0


def test_a_token_is_shown_once_and_works(proved: Browser, tenant: Tenant) -> None:
    address, page = make(proved)
    text = shown_secret(page, "rc_")
    assert text is not None and calls(proved.base, text) == 200
    assert "It is not shown again" in page.text
    again = proved.page(address)
    assert shown_secret(again, "rc_") is None and "Its text was shown once" in again.text
    (row,) = rows_of(Token.__table__, tenant.id)
    assert (row.scopes, row.hash) == ("scim:write", tokens.digest(text))
    assert clock.after(89 * tokens.DAY) < row.expires_at < clock.after(91 * tokens.DAY)
    assert deeds(tenant.id)[-1] == (ACTOR, "token.created", "token:1")
    assert all(text not in (each.values or "") for each in rows_of(AuditRow.__table__, tenant.id))


def test_the_secret_is_readable_in_no_cookie_and_in_no_other_browser(
    proved: Browser, tenant: Tenant, password: str
) -> None:
    answer = typed(proved, "/tokens/new", GOOD)
    address = answer.headers["Location"]
    other = Browser(proved.base)
    assert other.sign_in(tenant.slug, "hr@acme.example", password).status_code == 303
    for name, value in proved.http.cookies.items():
        if name == "rollcall-form":
            other.http.cookies.set(name, value, domain="127.0.0.1", path="/")
    assert shown_secret(other.page(address), "rc_") is None
    kept = " ".join(proved.http.cookies.values())
    text = shown_secret(proved.page(address), "rc_")
    assert text is not None and text not in kept and text not in address


def test_after_a_while_the_value_is_shown_no_more(proved: Browser, tenant: Tenant) -> None:
    address = typed(proved, "/tokens/new", GOOD).headers["Location"]
    later = clock.utcnow().timestamp() + once.SHOWN_WITHIN + 1
    with time_machine.travel(later, tick=True):
        assert shown_secret(proved.page(address), "rc_") is None


WRONG = [
    ({"client": ""}, "Name who will use it."),
    ({"client": "a\u200bb"}, "Use 1 to 200 characters that can be seen."),
    ({"client": "x" * 201}, "200"),
    ({"scopes": []}, "Choose what it may do"),
    ({"scopes": ["scim:sensitive"]}, "sensitive data alone opens nothing"),
    ({"scopes": ["root"]}, "is not a valid choice"),
    ({"life": "36500"}, "Not a valid choice"),
]


def test_wrong_input_is_said_at_its_field_and_nothing_is_made(proved: Browser, tenant: Tenant) -> None:
    for changes, words in WRONG:
        answer = typed(proved, "/tokens/new", GOOD | {"client": "kept"} | changes)
        assert (answer.status_code, words in Page(answer.text).text) == (422, True), changes
        if "client" not in changes:
            assert 'value="kept"' in answer.text
    assert number_of(Token.__table__) == 0


def test_the_link_of_a_client_fills_its_name_in(proved: Browser) -> None:
    fields = next(
        inputs for form, inputs in proved.page("/tokens/new?client=okta").forms if "client" in inputs
    )
    assert fields["client"] == "okta"


@pytest.mark.parametrize(("overlap", "old"), [("0", 401), ("24", 200)])
def test_a_successor_has_the_same_rights_and_the_old_one_goes_on_as_chosen(
    proved: Browser, tenant: Tenant, overlap: str, old: int
) -> None:
    _, page = make(proved, scopes=["scim:read", "scim:sensitive"])
    before = shown_secret(page, "rc_")
    answer = typed(proved, "/tokens/1/rotate", {"overlap": overlap, "life": "30"})
    fresh = shown_secret(proved.page(answer.headers["Location"]), "rc_")
    assert fresh != before
    assert (calls(proved.base, fresh), calls(proved.base, before)) == (200, old)
    first, second = sorted(rows_of(Token.__table__, tenant.id), key=lambda row: row.id)
    assert first.scopes == second.scopes == "scim:read scim:sensitive"
    assert first.expires_at <= clock.after(int(overlap) * 3600)
    assert deeds(tenant.id)[-2:] == [
        (ACTOR, "token.created", "token:2"),
        (ACTOR, "token.rotated", "token:1"),
    ]


def test_a_revoked_token_is_not_replaced(proved: Browser, tenant: Tenant) -> None:
    make(proved)
    with writing() as connection:
        tokens.revoke(connection, tenant.id, 1)
    answer = proved.get("/tokens/1/rotate", allow_redirects=False)
    assert answer.headers["Location"] == "/tokens/new?client=okta"
    assert number_of(Token.__table__) == 1


def test_revoking_says_what_happens_and_then_refuses(signed_in: Browser, tenant: Tenant, app: Flask) -> None:
    with writing() as connection:
        made = tokens.create(connection, tenant, "okta")
    page = signed_in.page("/tokens/1/revoke")
    assert "It was never used, so nobody will notice." in page.text
    assert rows_of(Token.__table__, tenant.id)[0].revoked_at is None
    answer = signed_in.submit(page, "/tokens/1/revoke")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tokens")
    assert "Token 1 of okta is revoked" in signed_in.page("/tokens").text
    assert calls(signed_in.base, made.text) == 401
    assert deeds(tenant.id)[-1] == (ACTOR, "token.revoked", "token:1")
    signed_in.submit(page, "/tokens/1/revoke")
    assert "was revoked already" in signed_in.page("/tokens").text


def test_revoking_names_who_used_it_last(signed_in: Browser, tenant: Tenant) -> None:
    with writing() as connection:
        tokens.create(connection, tenant, "okta")
        connection.execute(Token.__table__.update().values(last_used_at=clock.now()))
    assert "okta last used it" in signed_in.page("/tokens/1/revoke").text


def test_tokens_of_another_tenant_and_of_oauth_cannot_be_touched(
    proved: Browser, tenant: Tenant, stranger: Tenant
) -> None:
    for path in ("/tokens/10/rotate", "/tokens/10/value", "/tokens/10/revoke"):
        assert proved.get(path).status_code == 404, path
    csrf = next(inputs for form, inputs in proved.page("/tokens").forms if "csrf_token" in inputs)
    assert proved.post("/tokens/10/revoke", {"csrf_token": csrf["csrf_token"]}).status_code == 404
    assert all(row.revoked_at is None for row in rows_of(Token.__table__, stranger.id))


def test_a_form_that_this_console_did_not_make_is_refused(proved: Browser) -> None:
    prove()
    assert proved.post("/tokens/new", GOOD).status_code == 400
    assert number_of(Token.__table__) == 0
