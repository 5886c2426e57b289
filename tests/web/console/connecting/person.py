"""A person at a browser without JavaScript: reads, follows links, fills fields, presses buttons; each is an action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from requests import Response

from tests.web.console.browser import Browser, Page


@dataclass
class Form:
    """A form as a browser would send it: its fields with what stands in them, its buttons by their words."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    #: Boxes that are not ticked: name → the value that a tick sends.
    boxes: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._select = self._button = self._text = ""
        self._words: list[str] = []
        self._pair = ("", "")
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(told.get("action", "")))
        elif self.found and tag == "input":
            self._input(self.found[-1], told)
        elif self.found and tag == "select":
            self._select = told["name"]
            self.found[-1].choices[self._select] = []
        elif tag == "option" and self._select:
            self._option(self.found[-1], told)
        elif tag in ("button", "textarea") and self.found:
            self._pair, self._words = (told.get("name", ""), told.get("value", "")), []
            self._button = tag

    def _input(self, form: Form, told: dict[str, str]) -> None:
        name, kind = told.get("name", ""), told.get("type", "text")
        form.kinds[name] = kind
        if kind == "checkbox" and "checked" not in told:
            form.boxes[name] = told.get("value", "on")
        elif kind != "file":
            form.fields[name] = told.get("value", "")

    def _option(self, form: Form, told: dict[str, str]) -> None:
        values = form.choices[self._select]
        values.append(told.get("value", ""))
        if "selected" in told or len(values) == 1:
            form.fields[self._select] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "button" and self._button == tag:
            self.found[-1].buttons[" ".join("".join(self._words).split())] = self._pair
            self._button = ""
        elif tag == "textarea" and self._button == tag:
            self.found[-1].fields[self._pair[0]] = "".join(self._words)
            self._button = ""

    def handle_data(self, data: str) -> None:
        if self._button:
            self._words.append(data)


class Person:
    """Somebody who does things one after the other, and counts them."""

    def __init__(self, browser: Browser, path: str = "/") -> None:
        self.browser = browser
        self.actions: list[str] = []
        self.go(path)

    def go(self, path: str) -> Person:
        """Look at an address; not an action."""
        self._see(self.browser.get(path))
        return self

    def _see(self, answer: Response) -> None:
        self.status, self.html = answer.status_code, answer.text
        parts = urlsplit(answer.url)
        self.path = parts.path
        self.page, self._forms = Page(answer.text), Forms(answer.text).found

    @property
    def text(self) -> str:
        """The words of the page."""
        return self.page.text

    def follow(self, words: str) -> Person:
        """Follow the first link with these words."""
        links = list(_links(self.html))
        address = next((href for text, href in links if text == words), None)
        assert address is not None, (words, [text for text, _ in links])
        self.actions.append(f"follow {words}")
        return self.go(urljoin(self.path, address))

    def form_with(self, name: str) -> Form:
        """The form that has a field, a box or a button of this name."""
        for form in self._forms:
            if name in form.fields or name in form.boxes or name in form.buttons or name in form.kinds:
                return form
        raise AssertionError((name, self._forms))

    def fill(self, **fields: str) -> Person:
        """Fill fields in, one action each."""
        for name, value in fields.items():
            form = self.form_with(name)
            assert name not in form.choices or value in form.choices[name], (value, form.choices[name])
            form.fields[name] = value
            self.actions.append(f"fill {name}")
        return self

    def tick(self, name: str) -> Person:
        """Tick a box."""
        form = self.form_with(name)
        form.fields[name] = form.boxes[name]
        self.actions.append(f"tick {name}")
        return self

    def press(self, words: str, **files: tuple[str, bytes]) -> Person:
        """Press a button, and go where it leads."""
        form = self.form_with(words)
        name, value = form.buttons[words]
        fields = form.fields | ({name: value} if name else {})
        self.actions.append(f"press {words}")
        answer = self.browser.post(form.action, fields, files=files or None)
        if answer.status_code in (302, 303):
            return self.go(answer.headers["Location"])
        self._see(answer)
        return self


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[list[str]] = []
        self._is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(["", dict(attrs).get("href") or ""])
            self._is_open = True

    def handle_endtag(self, tag: str) -> None:
        self._is_open = self._is_open and tag != "a"

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.found[-1][0] += data


def _links(html: str) -> Iterator[tuple[str, str]]:
    parser = _Links()
    parser.feed(html)
    for text, href in parser.found:
        yield " ".join(text.split()), href
