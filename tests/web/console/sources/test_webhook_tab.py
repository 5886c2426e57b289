"""The webhook of a source: its address, its secret that is shown once, subscriptions, and what has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.database import writing
from app.sources import hooks, inbox
from app.sources.adapter import Receipt
from app.sources.catalog import Source
from app.web.console import sessions
from tests.web.console.browser import Browser, Page
from tests.web.console.sources.conftest import press

Now = Callable[[Source], Source | None]


@pytest.fixture
def reached_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tab know an address; the console itself goes on to be served on this machine."""
    known = sessions.settings
    told = lambda: replace(known(), public_url="https://rollcall.example")  # noqa: E731
    monkeypatch.setattr("app.web.console.sources.webhook.settings", told)


def prove(browser: Browser, password: str) -> None:
    """Prove who is at the keyboard."""
    assert browser.submit(browser.page("/prove"), "/prove", password=password).status_code == 303


def test_a_secret_is_made_after_a_proof_and_shown_once(
    signed_in: Browser, password: str, jazz: Callable[..., Source], now: Now
) -> None:
    known = jazz()
    address = f"/sources/{known.id}/webhook"
    page = signed_in.page(address)
    assert "Not set: no call is taken" in page.text
    asked = signed_in.submit(page, f"{address}/secret")
    assert asked.headers["Location"].startswith("/prove?next=")
    assert "webhook_secret" not in now(known).secrets  # type: ignore[union-attr]
    prove(signed_in, password)
    made = signed_in.submit(page, f"{address}/secret")
    secret = now(known).secrets["webhook_secret"]  # type: ignore[union-attr]
    assert made.status_code == 200
    assert secret in made.text
    assert made.headers["Cache-Control"] == "no-store"
    assert secret not in signed_in.get(address).text
    again = signed_in.submit(Page(made.text), f"{address}/secret")
    assert secret not in again.text
    assert "the one before it is taken until" in Page(again.text).text


def test_the_address_is_whole_where_it_is_known(
    signed_in: Browser, reached_from_outside: None, jazz: Callable[..., Source]
) -> None:
    known = jazz()
    text = signed_in.page(f"/sources/{known.id}/webhook").text
    assert "https://rollcall.example/api/jazzhr/webhook/" in text
    assert known.hook_key in text


def test_without_an_address_the_vendor_is_not_told(signed_in: Browser, intellihr: Source) -> None:
    address = f"/sources/{intellihr.id}/webhook"
    page = press(signed_in, address, f"{address}/subscribe")
    assert "Rollcall does not know the address under which it is reached" in page.text


def test_a_vendor_is_told_to_call_and_to_call_no_more(
    signed_in: Browser, reached_from_outside: None, intellihr: Source, now: Now
) -> None:
    address = f"/sources/{intellihr.id}/webhook"
    assert "intelliHR calls Rollcall from now on" in press(signed_in, address, f"{address}/subscribe").text
    assert hooks.has_secret(now(intellihr))  # type: ignore[arg-type]
    assert "intelliHR calls no more" in press(signed_in, address, f"{address}/unsubscribe").text
    assert not hooks.has_secret(now(intellihr))  # type: ignore[arg-type]


def test_what_came_is_shown_with_its_fate_and_what_was_refused_with_its_reason(
    signed_in: Browser, jazz: Callable[..., Source]
) -> None:
    known = jazz()
    with writing() as connection:
        hint = {"record": "prospect_1"}
        inbox.take(connection, known, Receipt(hints=(hint,), delivery_id="evt-1"), b"x")
        inbox.note_refusal(connection, known, 401, "The signature does not fit.")
        inbox.start_waiting(connection, "9999-01-01T00:00:00.000000Z")
    page = signed_in.page(f"/sources/{known.id}/webhook")
    (call,) = page.rows("calls")
    assert call[1:3] == ["Being read", "Run 1"]
    assert page.links("calls")["Run 1"] == "/runs/1"
    assert page.rows("refused")[0][1:] == ["1", "The signature does not fit.", "401"]


def test_who_may_not_connect_sees_no_buttons(
    as_role: Callable[[str], Browser], jazz: Callable[..., Source]
) -> None:
    page = as_role("hr").page(f"/sources/{jazz().id}/webhook")
    assert "Where JazzHR calls" in page.text
    assert not [form for form, _ in page.forms if "/webhook/" in form["action"]]
