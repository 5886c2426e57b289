"""The pictures of the tour (docs/console): each can be taken of a screen as it is, and stands in the docs.

``TOUR_PICTURES=1`` puts them there anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.web.console.chromium.conftest import signed_in_cookies
from tests.web.console.chromium.screens import SCREENS
from tests.web.console.chromium.world import World

PICTURES = Path(__file__).parents[4] / "docs" / "console" / "pictures"
TOUR = (
    *("home", "people", "person", "search", "sources", "connect_source", "connect_credentials"),
    *("connect_mapping", "source", "history", "run", "run_held", "targets", "target", "approvals", "plan"),
    *("deliveries", "delivery", "tokens", "audit", "settings", "developer", "sign_in"),
)


@pytest.fixture(scope="module")
def visitor(chromium: Browser, calm_world: World, calm_app: Flask) -> Iterator[Page]:
    """Give a page of the owner, as wide as a picture."""
    context = chromium.new_context(viewport={"width": 1120, "height": 700}, reduced_motion="reduce")
    context.add_cookies(signed_in_cookies(chromium, calm_world, calm_app))
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("title", TOUR)
def test_a_picture_of_the_tour_shows_a_screen_as_it_is(title: str, calm_world: World, visitor: Page) -> None:
    screen = next(screen for screen in SCREENS if screen.title == title)
    if not screen.signed_in:
        visitor.context.clear_cookies()
    answer = visitor.goto(calm_world.base + screen.address(calm_world))
    assert answer is not None and answer.status == 200
    taken, path = visitor.screenshot(), PICTURES / f"{title}.png"
    if os.environ.get("TOUR_PICTURES"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        path.write_bytes(taken)
    assert path.read_bytes()[:4] == taken[:4] == b"\x89PNG"


def test_every_picture_of_the_docs_is_one_of_the_tour() -> None:
    assert {path.stem for path in PICTURES.glob("*")} == set(TOUR)
