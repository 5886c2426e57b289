"""Every screen in a real Chromium, light and dark, wide and narrow: axe, the log, the policy, other hosts, payloads.

``SCREENSHOTS=folder`` keeps a picture of each.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flask import Flask

from tests.web.console.chromium.conftest import Watch
from tests.web.console.chromium.screens import NO_SCREENS, SCREENS, Screen
from tests.web.console.chromium.world import World

WIDTHS, HEIGHT = (1280, 320), 900
THEMES = ("light", "dark")


def test_every_page_of_the_console_is_a_screen_of_this_list(full_app: Flask) -> None:
    pages = {
        rule.endpoint.removeprefix("console.")
        for rule in full_app.url_map.iter_rules()
        if rule.endpoint.startswith("console.") and "GET" in (rule.methods or ())
    }
    assert pages - {screen.endpoint for screen in SCREENS} == NO_SCREENS


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.title)
def test_a_screen_is_accessible_quiet_and_safe_in_both_themes_and_widths(
    screen: Screen, world: World, watch: Watch
) -> None:
    found: list[str] = []
    for theme in THEMES:
        watched = watch(theme, signed_in=screen.signed_in)
        watched.page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
        if (status := watched.visit(screen.address(world))) != screen.status:
            found.append(f"{screen.title}, {theme}: answered {status}")
            continue
        for width in WIDTHS:
            watched.page.set_viewport_size({"width": width, "height": HEIGHT})
            where = f"{screen.title}, {theme}, {width} px: "
            found += [where + each for each in watched.violations()]
            if (overflow := watched.overflow()) > 0:
                found.append(f"{where}{overflow} px wider than the window")
            _keep_picture(watched.page, f"{screen.title}-{theme}-{width}")
        if watched.was_hit():
            found.append(f"{screen.title}, {theme}: a payload has run")
        found += [
            f"{screen.title}, {theme}: {each}"
            for each in watched.misdeeds
            if "404" not in each or screen.status == 200
        ]
    assert found == []


def _keep_picture(page: object, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)  # type: ignore[attr-defined]
