"""The benchmark of a million people runs with few, and without a word about how fast anything was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.databases import KINDS
from bench.operations import BY_SIZE

ROOT = Path(__file__).parents[2]
SERVERS = ["Rollcall, 3,000 people", "Rollcall, 300 people"]


@pytest.fixture(scope="module", params=list(KINDS))
def report(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Give the report of a small run on one kind of database."""
    options = ["--quick", "--database", request.param, "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.large", *options], cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_many_people_are_measured_beside_few_in_every_operation(report: dict[str, Any]) -> None:
    measured = [(row["operation"], row["server"]) for row in report["figures"]]
    assert measured == [(operation.name, name) for operation in BY_SIZE for name in SERVERS]
    ratios = [(row["operation"], row["server"], row["beside"]) for row in report["ratios"]]
    assert ratios == [(operation.name, *SERVERS) for operation in BY_SIZE]


def test_the_memory_of_both_servers_is_told(report: dict[str, Any]) -> None:
    assert [row["server"] for row in report["memory"]] == SERVERS
    assert all(0 < row["pss_mib"] <= row["rss_mib"] for row in report["memory"])
