"""What an admin sees when something fails."""

from __future__ import annotations

import re
import sqlite3

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.web.console.headers import HEADERS
from app.web.console.sessions import LARGEST_FORM
from tests.web.console.browser import Browser, Page

SECRET = "postgresql://rollcall:hunter2@db"


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [
        (RuntimeError(SECRET), 500, "This page could not be made"),
        (
            OperationalError("SELECT 1", {}, sqlite3.OperationalError(SECRET)),
            503,
            "The database does not answer",
        ),
    ],
)
def test_a_failure_is_said_in_words_and_tells_no_secret(
    app: Flask,
    signed_in: Browser,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    status: int,
    words: str,
) -> None:
    def fail() -> str:
        raise failure

    monkeypatch.setitem(app.view_functions, "console.start", fail)
    answer = signed_in.get("/")
    assert answer.status_code == status
    assert words in Page(answer.text).text
    assert "hunter2" not in answer.text
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_a_fault_of_ours_comes_with_a_reference(
    app: Flask, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.view_functions, "console.start", lambda: 1 / 0)
    assert re.search(r"the reference [0-9a-f]{8}: ", signed_in.page().text)


def test_a_form_that_is_too_large_is_refused(browser: Browser) -> None:
    answer = browser.post("/sign-in", {"tenant": "a" * (LARGEST_FORM + 1)})
    assert answer.status_code == 413
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


NOWHERE = ("/nowhere", "/admin/", "/assets/none.css", "/t/acme/nowhere", "/%3Cscript%3E", "/Users")


@pytest.mark.parametrize("path", NOWHERE)
def test_an_unknown_address_is_said_on_a_page_of_ours_that_leads_home(signed_in: Browser, path: str) -> None:
    answer = signed_in.get(path)
    page = Page(answer.text)
    assert answer.status_code == 404
    assert "There is no such page" in page.text
    assert page.links("")["To the start page"] == "/"
    assert "<script>" not in answer.text
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_who_is_not_signed_in_sees_the_same_page(browser: Browser) -> None:
    assert "There is no such page" in browser.page("/nowhere").text


def test_a_method_that_an_address_does_not_take_is_said_with_those_it_takes(signed_in: Browser) -> None:
    answer = signed_in.get("/sign-out")
    assert answer.status_code == 405
    assert "This address is not for that" in Page(answer.text).text
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/scim/v2/no/where/at-all", "/scim", "/t/acme/scim/v2/no/where/at-all"])
def test_an_unknown_scim_address_stays_a_scim_error(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/scim+json")
    assert answer.json()["status"] == "404"
