"""The crash test in its small form; ``make crash`` runs the full one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import crash

PEOPLE, KILLS = 500, 20
SMALL = crash.Plan(PEOPLE, KILLS, workers=3, between=(0.4, 2.0), rest=0.0, deadline=900.0)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_processes_lose_nobody_and_make_nobody_twice(kind: str, tmp_path: Path) -> None:
    with crash.database(kind, tmp_path) as url:
        outcome = crash.crash(url, tmp_path, SMALL)
    assert outcome.is_clean, outcome.report()
    assert outcome.total_kills >= KILLS
    imported = PEOPLE - PEOPLE // crash.MEMBERS
    for counters in outcome.counters:
        assert counters["total"] == imported
        assert counters["errored"] == 0
        assert counters["total"] == sum(n for name, n in counters.items() if name != "total")
    assert outcome.counters[0]["added"] == imported
