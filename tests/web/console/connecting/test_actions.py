"""How much there is to do until JazzHR is connected: the guide allows twelve actions."""

from __future__ import annotations

from collections.abc import Callable

from app.sources.catalog import Source
from tests.web.console.connecting.conftest import KEY
from tests.web.console.connecting.person import Person

MOST = 12


def test_jazzhr_is_connected_in_twelve_actions_from_the_home_page(
    admin: Person, vendor: Callable[..., str], the_source: Callable[[], Source]
) -> None:
    url = vendor("jazzhr", faults="no-limit")
    admin.go("/")
    admin.follow("Sources").follow("Connect JazzHR").press("Continue")
    admin.tick("agreed").press("Agree and continue")
    # The address stands in for JazzHR's own, which is preset.
    admin.fill(set_base_url=url, secret_api_key=KEY).press("Connect")
    admin.press("Use the presets and review").follow("Continue").press("Publish only")
    assert the_source().state == "active"
    assert len(admin.actions) <= MOST, admin.actions
    assert admin.path == f"/sources/{the_source().id}"
