"""Two pairs of hands at a page: one has a keyboard only, the other a pointer; both do the same deeds."""

from __future__ import annotations

from typing import Any, Protocol

from playwright.sync_api import Locator, Page, expect

#: Presses of the tab key until somebody gives up: longer than any page of a journey.
MOST_TABS = 120
_HAS_FOCUS = "element => element === document.activeElement"


class Hands(Protocol):
    """What a person does at a page.

    Links and buttons of the console bring another page, also with a script; the next deed waits until it is there.
    """

    page: Page

    def follow(self, words: str, **options: Any) -> None:
        """Follow a link."""

    def press(self, words: str, **options: Any) -> None:
        """Press a button."""

    def fill(self, label: str, text: str) -> None:
        """Type into a field."""

    def choose(self, label: str, value: str) -> None:
        """Choose among few."""

    def tick(self, label: str) -> None:
        """Tick a box."""

    def open(self, words: str) -> None:
        """Open what is folded."""


class Keyboard:
    """Somebody without a pointer: tab, blank and enter keys."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def follow(self, words: str, **options: Any) -> None:
        """Follow a link."""
        self._reach(self.page.get_by_role("link", name=words, **options).first)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def press(self, words: str, **options: Any) -> None:
        """Press a button."""
        self._reach(self.page.get_by_role("button", name=words, **options).first)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def fill(self, label: str, text: str) -> None:
        """Type into a field."""
        field = self.page.get_by_label(label).first
        self._reach(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        expect(field).to_have_value(text)

    def choose(self, label: str, value: str) -> None:
        """Choose among few: typing the first letters of a choice takes it."""
        box = self.page.get_by_label(label).first
        self._reach(box)
        self.page.keyboard.type(box.locator(f"option[value='{value}']").inner_text())
        expect(box).to_have_value(value)

    def tick(self, label: str) -> None:
        """Tick a box."""
        box = self.page.get_by_label(label).first
        self._reach(box)
        self.page.keyboard.press("Space")
        expect(box).to_be_checked()

    def open(self, words: str) -> None:
        """Open what is folded."""
        self._reach(self.page.locator("summary", has_text=words).first)
        self.page.keyboard.press("Enter")

    def _reach(self, element: Locator) -> None:
        """Press the tab key until the element has the focus; what cannot be reached fails the test."""
        expect(element).to_be_visible()
        for _ in range(MOST_TABS):
            if element.evaluate(_HAS_FOCUS):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{element} cannot be reached with the tab key")


class Pointer:
    """Somebody with a mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def follow(self, words: str, **options: Any) -> None:
        """Follow a link."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=words, **options).first.click()

    def press(self, words: str, **options: Any) -> None:
        """Press a button."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=words, **options).first.click()

    def fill(self, label: str, text: str) -> None:
        """Type into a field."""
        self.page.get_by_label(label).first.fill(text)

    def choose(self, label: str, value: str) -> None:
        """Choose among few."""
        self.page.get_by_label(label).first.select_option(value)

    def tick(self, label: str) -> None:
        """Tick a box."""
        self.page.get_by_label(label).first.check()

    def open(self, words: str) -> None:
        """Open what is folded."""
        self.page.locator("summary", has_text=words).first.click()
