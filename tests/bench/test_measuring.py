"""The arithmetic behind the benchmark's figures."""

from __future__ import annotations

import pytest

from bench.contestants import BARE, OURS, PEER
from bench.measuring import Result
from bench.operations import OPERATIONS
from bench.reporting import ratios, rows


def test_figures_are_per_request_and_in_microseconds() -> None:
    times = [number / 1000 for number in range(1, 101)]
    figures = Result(OURS, "GET by id", 2, times, server_cpu=0.05, client_cpu=0.01).figures()
    assert figures["requests"] == 100
    assert figures["median_us"] == pytest.approx(50_500)
    assert figures["p95_us"] == pytest.approx(95_950)
    assert figures["server_cpu_us"] == pytest.approx(500)
    assert figures["client_cpu_us"] == pytest.approx(100)


def test_a_ratio_of_one_means_as_fast_and_less_means_slower() -> None:
    speeds = {OURS: 0.002, BARE: 0.001, PEER: 0.008}
    results = [
        Result(server, operation.name, 1, [seconds] * 10, server_cpu=seconds)
        for operation in OPERATIONS
        for server, seconds in speeds.items()
    ]
    found = ratios(rows("sqlite", results))
    assert len(found) == len(OPERATIONS)
    assert {row["bare_by_ours"] for row in found} == {0.5}
    assert {row["peer_by_ours"] for row in found} == {4.0}


def test_a_processor_time_too_short_for_the_clock_gives_no_ratio() -> None:
    results = [
        Result(server, operation.name, 1, [0.001, 0.001])
        for operation in OPERATIONS
        for server in (OURS, BARE, PEER)
    ]
    assert {row["bare_by_ours_cpu"] for row in ratios(rows("sqlite", results))} == {None}
