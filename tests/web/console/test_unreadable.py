"""What is no text (a NUL byte) is refused on a page of ours, wherever a browser puts it, on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app.web.console.sessions import cookies
from tests.web.console.browser import Browser, Page

WORDS = "What the browser sent cannot be read"


def test_a_session_cookie_with_a_nul_byte_is_refused_before_anybody_is_signed_in(
    app: Flask, browser: Browser
) -> None:
    with app.test_request_context():
        name = cookies().session
    for path in ("/", "/sign-in", "/sources/connect/csv"):
        answer = browser.get(path, headers={"Cookie": f'{name}="\\000x.y"'})
        assert (answer.status_code, WORDS in Page(answer.text).text) == (400, True), path


@pytest.mark.parametrize(
    "path",
    [
        "/people?q=%00",
        "/people?%00=q",
        "/sign-in?tenant=%00",
        "/targets/1/review?kind=%00",
        "/targets/1/fields?sample=a%00b",
        "/people/00000000-0000-7000-8000-000000000000/timeline?before=%00|revision|1",
        "/deliveries/%00",
    ],
)
def test_an_address_with_a_nul_byte_is_refused(signed_in: Browser, path: str) -> None:
    answer = signed_in.get(path)
    assert (answer.status_code, WORDS in Page(answer.text).text) == (400, True)


@pytest.mark.parametrize("fields", [{"record": "\x00"}, {"a\x00": "b"}, {"next": "a\x00b"}])
def test_a_form_with_a_nul_byte_is_refused(signed_in: Browser, fields: dict[str, str]) -> None:
    page = signed_in.page("/")
    token = next(found["csrf_token"] for _, found in page.forms if "csrf_token" in found)
    sent = {"csrf_token": token, "answer": "same", "source": "1", **fields}
    answer = signed_in.post("/approvals/look-alikes", sent)
    assert (answer.status_code, WORDS in Page(answer.text).text) == (400, True)


def test_a_form_of_somebody_who_is_not_signed_in_with_a_nul_byte_is_refused(
    browser: Browser, one_time: str
) -> None:
    answer = browser.submit(browser.page("/sign-in"), "/sign-in", tenant="a\x00b", email="a", password="b")
    assert (answer.status_code, WORDS in Page(answer.text).text) == (400, True)


def test_half_of_a_surrogate_pair_is_text_that_is_not_found(signed_in: Browser) -> None:
    for path in ("/people?q=%ED%A0%80", "/audit?text=%ED%A0%80", "/search?q=%ED%A0%80"):
        assert signed_in.get(path).status_code == 200, path


def test_a_file_whose_name_has_a_nul_byte_is_refused(as_role: Callable[[str], Browser]) -> None:
    browser = as_role("admin")
    page = browser.page("/sources/connect/csv")
    token = next(found["csrf_token"] for _, found in page.forms if "csrf_token" in found)
    parts = (('name="csrf_token"', token), ("name=\"file\"; filename*=utf-8''a%00.csv", "1"))
    body = "".join(f"--x\r\nContent-Disposition: form-data; {name}\r\n\r\n{text}\r\n" for name, text in parts)
    answer = browser.http.post(
        f"{browser.base}/sources/connect/csv",
        data=f"{body}--x--\r\n".encode(),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
        timeout=30,
    )
    assert (answer.status_code, WORDS in Page(answer.text).text) == (400, True)
