"""Races on a real web server with two worker processes, on both databases; ``make battery`` runs a thousand rounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.harness import battery
from tests.harness.fault_target import LocalTarget
from tests.harness.installation import Installation, WebProcess

ROUNDS = 20


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(database_url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def server(installation: Installation) -> Iterator[WebProcess]:
    with installation.web(battery.WORKERS) as running:
        yield running


def test_of_fifty_equal_posts_one_makes_the_user_and_no_conditional_patch_is_lost(
    installation: Installation, server: WebProcess
) -> None:
    token = installation.token(installation.tenant("acme"), "idp")
    outcome = battery.run(server.port, token, ROUNDS)
    assert outcome.faults == [], f"{outcome.report()}\n{server.last_words()}"
    posts = {status: n for (race, status), n in outcome.statuses.items() if race == "POST"}
    assert posts == {201: ROUNDS, 409: ROUNDS * (battery.POSTERS - 1)}
    patches = {status: n for (race, status), n in outcome.statuses.items() if race == "PATCH"}
    assert patches.keys() == {200, 412}
    assert patches[200] == ROUNDS * battery.PATCHERS


def test_the_battery_sees_a_server_that_lets_equal_users_in() -> None:
    with LocalTarget("no-uniqueness", seed=1) as far:
        port = urlsplit(far.url).port
        assert port is not None
        outcome = battery.run(port, far.key, 2, posters=5, patchers=2)
    assert any("{201: 5}" in fault for fault in outcome.faults), outcome.report()


def test_the_battery_sees_a_server_that_heeds_no_if_match() -> None:
    with LocalTarget("", seed=1) as far:
        port = urlsplit(far.url).port
        assert port is not None
        outcome = battery.run(port, far.key, 2, posters=5, patchers=5)
    assert any("equal If-Match" in fault for fault in outcome.faults), outcome.report()
