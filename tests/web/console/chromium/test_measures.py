"""How far the console's answers are away, counted in clicks of a pointer in Chromium."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.web.console.chromium.conftest import Open
from tests.web.console.chromium.hands import Pointer

WHY_ONE_FAILED, RESYNC = 3, 2


class Counting(Pointer):
    """Somebody with a mouse whose clicks are counted; typing is none."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.clicks = 0

    def follow(self, words: str, **options: Any) -> None:
        """Follow a link."""
        super().follow(words, **options)
        self.clicks += 1

    def press(self, words: str, **options: Any) -> None:
        """Press a button."""
        super().press(words, **options)
        self.clicks += 1


def test_why_one_person_failed_is_three_clicks_from_home_at_most(open_world: Open) -> None:
    watched = open_world()
    watched.visit("/")
    hands = Counting(watched.page)
    hands.follow("See who and why", exact=False)
    row = watched.page.get_by_role("row").filter(has_text="the first of May")
    expect(row).to_contain_text("Not a date")
    assert 0 < hands.clicks <= WHY_ONE_FAILED


def test_a_resync_is_two_clicks_from_the_search_at_most(open_world: Open) -> None:
    watched = open_world()
    watched.visit("/")
    hands = Counting(watched.page)
    hands.fill("Search people, sources, targets and runs", "aiko")
    hands.press("Search", exact=True)
    hands.press("Resync")
    expect(watched.page.get_by_role("status").first).to_contain_text("is compared with")
    assert hands.clicks == RESYNC
