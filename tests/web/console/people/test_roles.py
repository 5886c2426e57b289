"""Who may do what about people, and that nobody reaches people of another tenant."""

from __future__ import annotations

from collections.abc import Callable

from app.provisioning.targets import Target
from tests.web.console.browser import Browser
from tests.web.console.people.conftest import Hire

PAGES = ("", "/fields", "/timeline", "/details", "/pin?field=title")
DEEDS = ("push", "hold", "let-go", "unpin", "reveal", "pin?field=title")


def token_of(browser: Browser) -> dict[str, str]:
    """The hidden field of every form of this browser."""
    forms = browser.page("/people").forms
    return {"csrf_token": next(fields["csrf_token"] for _, fields in forms if "csrf_token" in fields)}


def test_a_viewer_sees_everything_and_does_nothing(
    as_role: Callable[[str], Browser], hire: Hire, accounts: Target
) -> None:
    maya, viewer = hire("Maya Okafor"), as_role("viewer")
    for page in PAGES[:4]:
        assert viewer.get(f"/people/{maya}{page}").status_code == 200, page
    assert viewer.get(f"/people/{maya}{PAGES[4]}").status_code == 403
    fields = token_of(viewer) | {"target": str(accounts.id), "field": "title", "path": "title"}
    for deed in DEEDS:
        assert viewer.post(f"/people/{maya}/{deed}", fields).status_code == 403, deed
    text = viewer.page(f"/people/{maya}").text
    assert "Resync now" not in text and "Hold" not in text


def test_hr_may_press_every_button(as_role: Callable[[str], Browser], hire: Hire, accounts: Target) -> None:
    maya, hr = hire("Maya Okafor"), as_role("hr")
    fields = token_of(hr) | {"target": str(accounts.id), "field": "title", "path": "title"}
    for deed in DEEDS:
        assert hr.post(f"/people/{maya}/{deed}", fields).status_code == 303, deed


def test_people_of_another_tenant_and_people_who_never_were_are_not_there(
    signed_in: Browser, hire: Hire, stranger: str, accounts: Target
) -> None:
    hire("Maya Okafor")
    fields = token_of(signed_in) | {"target": str(accounts.id), "field": "title", "path": "title"}
    for who in (stranger, "01a20474-91fb-7813-b384-df6ea9662eac"):
        for page in PAGES:
            assert signed_in.get(f"/people/{who}{page}").status_code == 404, page
        for deed in ("push", "hold", "let-go", "unpin", "pin?field=title"):
            assert signed_in.post(f"/people/{who}/{deed}", fields).status_code == 404, deed


def test_a_target_that_is_not_the_tenants_is_not_there(
    signed_in: Browser, hire: Hire, accounts: Target
) -> None:
    maya, fields = hire("Maya Okafor"), token_of(signed_in)
    for deed in ("push", "hold", "let-go"):
        for number in ("99", "x", "-1"):
            assert signed_in.post(f"/people/{maya}/{deed}", fields | {"target": number}).status_code == 404
