"""A browser without JavaScript: it keeps cookies, reads pages, follows links and sends forms."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import requests

Attributes = dict[str, str]


class Page(HTMLParser):
    """What a page holds: elements, forms with their fields, and by section its links, table heads and table rows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.forms: list[tuple[Attributes, Attributes]] = []
        self._links: list[list[str]] = []
        self._heads: dict[str, list[str]] = {}
        self._rows: dict[str, list[list[str]]] = {}
        self._words: list[str] = []
        self._section = ""
        self._open: list[str] = []
        self.feed(html)

    @property
    def text(self) -> str:
        """The page's words, single-spaced."""
        return " ".join(" ".join(self._words).split())

    def links(self, section: str) -> dict[str, str]:
        """Text → address of the links of a section."""
        return {" ".join(text.split()): href for where, href, text in self._links if where == section}

    def heads(self, section: str) -> list[str]:
        """The column heads of a section's table."""
        return [" ".join(text.split()) for text in self._heads.get(section, [])]

    def rows(self, section: str) -> list[list[str]]:
        """The cells of a section's table, row by row."""
        return [[" ".join(text.split()) for text in row] for row in self._rows.get(section, []) if row]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        if tag == "section":
            self._section = found["id"]
        elif tag == "form":
            self.forms.append((found, {}))
        elif tag == "input" and self.forms:
            self.forms[-1][1][found["name"]] = found.get("value", "")
        elif tag == "a":
            self._links.append([self._section, found.get("href", ""), ""])
        elif tag == "tr":
            self._rows.setdefault(self._section, []).append([])
        elif tag in ("th", "td") and found.get("scope") == "col":
            self._heads.setdefault(self._section, []).append("")
            tag = "column"
        elif tag in ("th", "td"):
            self._rows[self._section][-1].append("")
            tag = "cell"
        if tag in ("a", "column", "cell"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("a", "th", "td") and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._words.append(data)
        if "a" in self._open:
            self._links[-1][2] += data
        if "column" in self._open:
            self._heads[self._section][-1] += data
        if "cell" in self._open:
            self._rows[self._section][-1][-1] += data


class Browser:
    """One person's browser at one console."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = requests.Session()
        self.http.trust_env = False

    def get(self, path: str, **options: Any) -> requests.Response:
        """The answer to a visit; redirects are followed."""
        return self.http.get(self.base + path, timeout=30, **options)

    def post(self, path: str, fields: Attributes, **options: Any) -> requests.Response:
        """The answer to a form's fields; redirects are not followed."""
        return self.http.post(self.base + path, data=fields, timeout=30, allow_redirects=False, **options)

    def page(self, path: str = "/") -> Page:
        """The page behind an address."""
        return Page(self.get(path).text)

    def submit(self, page: Page, action: str, **fields: str) -> requests.Response:
        """The answer to a form of a page, filled in with `fields`."""
        hidden = next(inputs for form, inputs in page.forms if form["action"] == action)
        return self.post(action, {**hidden, **fields})

    def sign_in(self, tenant: str, email: str, password: str) -> requests.Response:
        """The answer to the filled-in sign-in form."""
        return self.submit(self.page("/sign-in"), "/sign-in", tenant=tenant, email=email, password=password)

    def choose_password(self, password: str, again: str | None = None) -> requests.Response:
        """The answer to the filled-in form for a password of one's own."""
        typed = {"password": password, "again": password if again is None else again}
        return self.submit(self.page("/password"), "/password", **typed)
