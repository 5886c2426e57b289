"""The welcome mail in the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.access.tenants import Tenant
from app.database import reading, writing
from app.sources import welcome
from app.sources.welcome import Welcome
from tests.web.console.browser import Browser, Page
from tests.web.console.tokens.steps import PAYLOADS, deeds, is_harmless, typed

PLACE = "/settings/welcome"
EDIT = f"{PLACE}/edit"
GOOD: dict[str, Any] = {
    "subject": "Hello {first_name}",
    "text": "Begin at {link}\r\nYours",
    "link": "https://start.example",
}


def kept(tenant: Tenant) -> Welcome | None:
    with reading() as connection:
        return welcome.of_tenant(connection, tenant.id)


def test_the_mail_is_written_and_shown_as_somebody_gets_it(signed_in: Browser, tenant: Tenant) -> None:
    assert "No welcome mail is set" in signed_in.page(PLACE).text
    answer = typed(signed_in, EDIT, GOOD)
    assert (answer.status_code, answer.headers["Location"]) == (303, PLACE)
    assert kept(tenant) == Welcome("Hello {first_name}", "Begin at {link}\nYours", "https://start.example")
    text = signed_in.page(PLACE).text
    assert "Hello Maya" in text and "Begin at https://start.example Yours" in text
    assert "Nobody yet: no source is set to welcome people." in text
    assert deeds(tenant.id)[-1] == ("admin:hr@acme.example", "welcome.set", "welcome")


def test_the_form_begins_with_a_text_that_works(signed_in: Browser, tenant: Tenant) -> None:
    text = signed_in.page(EDIT).text
    assert "An account has been made for you." in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subject": ""}, "Type a subject."),
        ({"subject": "Hello {name}"}, "The subject has {name}, which is unknown"),
        ({"text": "no way in"}, "The text does not show the link"),
        ({"text": "{link} }"}, "The text has a brace without its partner"),
        ({"link": "start"}, "This is no web address; write https://…"),
        ({"link": "javascript:alert(1)"}, "This is no web address; write https://…"),
        ({"text": "x" * 20_001}, "20000"),
    ],
)
def test_wrong_input_is_said_and_stays_as_typed(
    signed_in: Browser, tenant: Tenant, changes: dict[str, str], words: str
) -> None:
    answer = typed(signed_in, EDIT, GOOD | changes)
    page = Page(answer.text)
    assert (answer.status_code, words in page.text) == (422, True)
    wrong = [found for _, found in page.elements if found.get("aria-invalid") == "true"]
    assert [found["name"] for found in wrong] == list(changes)
    if "link" not in changes:
        assert "https://start.example" in answer.text
    assert kept(tenant) is None


def test_it_is_switched_off(signed_in: Browser, tenant: Tenant) -> None:
    typed(signed_in, EDIT, GOOD)
    page = signed_in.page(PLACE)
    signed_in.submit(page, f"{PLACE}/off")
    assert kept(tenant) is None
    assert "New members get no welcome mail any more." in signed_in.page(PLACE).text
    signed_in.submit(page, f"{PLACE}/off")
    assert "No welcome mail was set." in signed_in.page(PLACE).text


def test_who_may_not_is_refused(tenant: Tenant, as_role: Callable[[str], Browser]) -> None:
    hr = as_role("hr")
    page = hr.page(PLACE)
    csrf = next(inputs for _, inputs in page.forms if "csrf_token" in inputs)["csrf_token"]
    assert hr.get(EDIT).status_code == 403
    assert hr.post(f"{PLACE}/off", {"csrf_token": csrf}).status_code == 403
    assert EDIT not in hr.get(PLACE).text


def test_another_tenants_mail_is_not_shown(signed_in: Browser, tenant: Tenant, stranger: Tenant) -> None:
    with writing() as connection:
        welcome.keep(connection, stranger.id, Welcome("Strange", "{link}", "https://x.example"), "test")
    assert "Strange" not in signed_in.get(PLACE).text
    assert kept(stranger) is not None


def test_scripts_in_the_mail_are_text(signed_in: Browser, tenant: Tenant) -> None:
    plain = [payload for payload in PAYLOADS if "{" not in payload]
    typed(signed_in, EDIT, GOOD | {"subject": plain[0], "text": "{link}" + "".join(plain)})
    for path in (PLACE, EDIT):
        assert is_harmless(signed_in.page(path)), path
