"""Saved views of the list of people: each admin's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.web.console.browser import Browser
from tests.web.console.people.conftest import Hire


def save(browser: Browser, query: str, name: str) -> int:
    """Save the list behind a query under a name; return the answer's status."""
    return browser.submit(browser.page(f"/people?{query}"), "/people/views", name=name).status_code


def test_a_view_is_saved_opened_renamed_and_deleted(signed_in: Browser, hire: Hire) -> None:
    hire("Maya Okafor", enterprise={"department": "Sales"})
    assert (
        save(signed_in, "department=Sales&sort=change&after=2026-01-01T00:00:00.000000Z~x", " In  sales ")
        == 303
    )
    page = signed_in.page("/people")
    assert page.links("views") == {"In sales": "/people?department=Sales&sort=change"}
    rename = next(form["action"] for form, _ in page.forms if form["action"].endswith("/rename"))
    signed_in.submit(page, rename, name="Sales people")
    page = signed_in.page("/people")
    assert list(page.links("views")) == ["Sales people"]
    signed_in.submit(page, rename.replace("rename", "delete"))
    assert signed_in.page("/people").links("views") == {}


def test_the_same_name_again_changes_what_the_view_shows(signed_in: Browser, hire: Hire) -> None:
    hire("Maya Okafor")
    save(signed_in, "state=active", "Mine")
    save(signed_in, "state=inactive", "Mine")
    assert signed_in.page("/people").links("views") == {"Mine": "/people?state=inactive"}


def test_what_cannot_be_a_view_is_said(
    signed_in: Browser, hire: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    hire("Maya Okafor")
    save(signed_in, "state=active", "   ")
    assert "Give the view a name of 1 to 80 characters." in signed_in.page("/people").text
    save(signed_in, "state=active", "x" * 81)
    assert "Give the view a name" in signed_in.page("/people").text
    hidden = signed_in.page("/people?state=active").forms[-1][1]
    signed_in.post("/people/views", {**hidden, "query": "nonsense=1", "name": "Everybody"})
    assert "Choose a filter, words or an order first" in signed_in.page("/people").text
    save(signed_in, "state=active", "One")
    save(signed_in, "state=inactive", "Two")
    page = signed_in.page("/people")
    rename = next(form["action"] for form, _ in page.forms if form["action"].endswith("/rename"))
    signed_in.submit(page, rename, name="Two")
    assert "You have a view named 'Two' already" in signed_in.page("/people").text
    monkeypatch.setattr("app.web.console.people.views.MOST", 2)
    save(signed_in, "sort=change", "Three")
    assert "You have 2 views already" in signed_in.page("/people").text


def test_nobody_sees_or_touches_the_views_of_another_admin(
    signed_in: Browser, hire: Hire, as_role: Callable[[str], Browser]
) -> None:
    hire("Maya Okafor")
    save(signed_in, "state=active", "Mine")
    page = signed_in.page("/people")
    rename = next(form["action"] for form, _ in page.forms if form["action"].endswith("/rename"))
    other = as_role("viewer")
    assert other.page("/people").links("views") == {}
    assert save(other, "state=active", "Theirs") == 303
    token = other.page("/people").forms[1][1]["csrf_token"]
    for action in (rename, rename.replace("rename", "delete")):
        assert other.post(action, {"csrf_token": token, "name": "Stolen"}).status_code == 404
    assert list(signed_in.page("/people").links("views")) == ["Mine"]
