"""The benchmark runs as people run it: small here, and without a word about how fast anything was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import reporting
from bench.contestants import CONTESTANTS
from bench.errors import BenchError
from bench.operations import OPERATIONS
from bench.processes import ServerProcess, free_ports

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """Give the report of a small run on SQLite."""
    command = [sys.executable, "-m", "bench", "--quick", "--users", "40", "--database", "sqlite", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_every_server_is_measured_in_every_operation(report: dict[str, Any]) -> None:
    measured = [(row["operation"], row["server"]) for row in report["figures"]]
    assert measured == [(operation.name, each.name) for operation in OPERATIONS for each in CONTESTANTS]
    assert all(row["requests"] > 0 and row["median_us"] > 0 for row in report["figures"])


def test_every_operation_has_its_ratios(report: dict[str, Any]) -> None:
    assert [row["operation"] for row in report["ratios"]] == [operation.name for operation in OPERATIONS]
    assert all(row["bare_by_ours"] > 0 and row["peer_by_ours"] > 0 for row in report["ratios"])


def test_the_table_for_people_holds_the_same_rows_and_the_load(report: dict[str, Any]) -> None:
    lines = reporting.text(report).splitlines()
    for operation in OPERATIONS:
        for each in CONTESTANTS:
            assert any(operation.name in line and each.name in line for line in lines)
    assert "load before" in lines[0]
    assert "40 people" in lines[0]


def test_a_server_that_does_not_start_is_an_error_with_its_words(tmp_path: Path) -> None:
    nowhere = ServerProcess("nothing", "bench.nowhere:application", 1, free_ports(1)[0], {}, tmp_path)
    with nowhere, pytest.raises(BenchError, match=r"(?s)nothing did not start.*bench\.nowhere"):
        nowhere.wait_until(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", frozenset({200}))
