"""The crash test in its small form; ``make crash`` runs the full one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import crash


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_processes_lose_nobody_and_make_nobody_twice(kind: str, tmp_path: Path) -> None:
    with crash.database(kind, tmp_path) as url:
        outcome = crash.crash(url, tmp_path, people=100, kills=15)
    assert outcome.is_clean, outcome.report()
    assert outcome.kills >= 15
    for counters in outcome.counters:
        assert counters["total"] == 100
        assert counters["errored"] == 0
        assert counters["total"] == sum(n for name, n in counters.items() if name != "total")
    assert outcome.counters[0]["added"] == 100
