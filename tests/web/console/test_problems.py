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
