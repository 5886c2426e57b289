"""The benchmark runs as people run it: small here, and without a word about how fast anything was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import memberships, reporting
from bench.contestants import CONTESTANTS, NODE_PEER
from bench.databases import KINDS
from bench.errors import BenchError
from bench.operations import SIDE_BY_SIDE
from bench.processes import ServerProcess, free_ports, granian

ROOT = Path(__file__).parents[2]
USERS = 100


@pytest.fixture(scope="module", params=list(KINDS))
def report(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Give the report of a small run on one kind of database."""
    options = ["--quick", "--users", str(USERS), "--database", request.param, "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *options], cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _others(report: dict[str, Any]) -> list[str]:
    """Return the servers beside the first; the peer of Node may be absent, and is named all the same."""
    note = report["servers"][NODE_PEER]
    return [each.name for each in CONTESTANTS[1:]] + ([] if note.startswith("left out") else [NODE_PEER])


def test_every_server_is_measured_in_every_operation(report: dict[str, Any]) -> None:
    servers = [CONTESTANTS[0].name, *_others(report)]
    groups = [memberships.server_name(size) for size in memberships.sizes(USERS)]
    expected = [(operation.name, name) for operation in SIDE_BY_SIDE for name in servers]
    expected += [(operation.name, name) for operation in memberships.OPERATIONS for name in groups]
    assert [(row["operation"], row["server"]) for row in report["figures"]] == expected
    assert all(row["requests"] > 0 and row["median_us"] > 0 for row in report["figures"])


def test_every_operation_has_its_ratios(report: dict[str, Any]) -> None:
    small = memberships.server_name(memberships.sizes(USERS)[1])
    expected = [(operation.name, name) for operation in SIDE_BY_SIDE for name in _others(report)]
    expected += [(operation.name, small) for operation in memberships.OPERATIONS]
    assert [(row["operation"], row["beside"]) for row in report["ratios"]] == expected
    assert all(row["ratio"] > 0 for row in report["ratios"])


def test_the_table_for_people_holds_the_same_rows_and_the_load(report: dict[str, Any]) -> None:
    lines = reporting.text(report).splitlines()
    for row in report["figures"]:
        assert any(row["operation"] in line and row["server"] in line for line in lines)
    assert "load before" in lines[0]
    assert f"{USERS} people" in lines[0]


def test_a_server_that_does_not_start_is_an_error_with_its_words(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    nowhere = ServerProcess("nothing", granian("bench.nowhere:application", 1, port), port, {}, tmp_path)
    with nowhere, pytest.raises(BenchError, match=r"(?s)nothing did not start.*bench\.nowhere"):
        nowhere.wait_until(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", frozenset({200}))
