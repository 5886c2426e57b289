"""The forms of a page as a browser sends them: what is ticked and chosen, with the button that was pressed."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

import requests

from tests.web.console.browser import Browser

Fields = dict[str, list[str]]


class Forms(HTMLParser):
    """Every form of a page: action → the fields that would be sent."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.by_action: dict[str, Fields] = {}
        self._form: Fields | None = None
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self.by_action.setdefault(found.get("action", ""), {})
        elif self._form is None:
            return
        elif tag == "input" and "name" in found and "disabled" not in found:
            if found.get("type") not in ("checkbox", "radio") or "checked" in found:
                self._form.setdefault(found["name"], []).append(found.get("value", ""))
        elif tag == "select":
            self._select = found["name"]
        elif tag == "option" and self._select and ("selected" in found or self._select not in self._form):
            self._form[self._select] = [found.get("value", "")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""


def fields_of(browser: Browser, path: str, action: str = "") -> Fields:
    """The fields of a form on a page, the one that is sent to the page's own address unless another is named."""
    return Forms(browser.get(path).text).by_action[action or path.partition("?")[0]]


def send(
    browser: Browser, path: str, action: str = "", without: tuple[str, ...] = (), **changed: str | list[str]
) -> requests.Response:
    """The answer to a form, filled in with what is changed; `without` are values that are unticked, `name=value`."""
    fields = fields_of(browser, path, action)
    for pair in without:
        name, _, value = pair.partition("=")
        fields[name].remove(value)
    typed = {name: [text] if isinstance(text, str) else text for name, text in changed.items()}
    return browser.post(action or path.partition("?")[0], {**fields, **typed})  # type: ignore[dict-item]


def press(browser: Browser, html: str, action: str, **changed: str) -> requests.Response:
    """The answer to a form of a page that was given, with the button that was pressed."""
    return browser.post(action, {**Forms(html).by_action[action], **changed})  # type: ignore[dict-item]


def arrival(browser: Browser, path: str) -> str:
    """The path to which an address leads."""
    return urlsplit(browser.get(path).url).path
