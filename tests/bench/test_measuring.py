"""The arithmetic behind the benchmark's figures."""

from __future__ import annotations

import pytest

from bench.contestants import BARE, NODE_PEER, OURS, PEER
from bench.measuring import Result
from bench.memberships import PAIRS, server_name
from bench.operations import GET, LIST, SIDE_BY_SIDE
from bench.reporting import ratios, rows


def test_figures_are_per_request_and_in_microseconds() -> None:
    times = [number / 1000 for number in range(1, 101)]
    figures = Result(OURS, "GET by id", 2, times, server_cpu=0.05, client_cpu=0.01).figures()
    assert figures["requests"] == 100
    assert figures["median_us"] == pytest.approx(50_500)
    assert figures["p95_us"] == pytest.approx(95_950)
    assert figures["server_cpu_us"] == pytest.approx(500)
    assert figures["client_cpu_us"] == pytest.approx(100)


def _result(server: str, operation: str, seconds: float, cpu: float = 0.0) -> Result:
    return Result(server, operation, 1, [seconds] * 10, server_cpu=cpu)


def test_a_ratio_of_one_means_as_fast_and_less_means_slower() -> None:
    speeds = {OURS: 0.002, BARE: 0.001, PEER: 0.008}
    results = [
        _result(server, operation.name, seconds, seconds)
        for operation in SIDE_BY_SIDE
        for server, seconds in speeds.items()
    ]
    found = ratios(rows("sqlite", results))
    assert [(row["operation"], row["beside"]) for row in found] == [
        (operation.name, server) for operation in SIDE_BY_SIDE for server in (BARE, PEER)
    ]
    assert {row["ratio"] for row in found if row["beside"] == BARE} == {0.5}
    assert {row["ratio"] for row in found if row["beside"] == PEER} == {4.0}


def test_a_processor_time_too_short_for_the_clock_gives_no_ratio() -> None:
    results = [_result(server, GET.name, 0.001) for server in (OURS, BARE)]
    assert [row["cpu_ratio"] for row in ratios(rows("sqlite", results))] == [None]


@pytest.mark.parametrize(
    ("seconds", "reached"), [(0.0010, "yes"), (0.00125, "yes"), (0.0014, "floor"), (0.0015, "no")]
)
def test_between_aim_and_floor_is_neither_yes_nor_no(seconds: float, reached: str) -> None:
    results = [_result(OURS, GET.name, seconds), _result(BARE, GET.name, 0.001)]
    assert [row["reached"] for row in ratios(rows("sqlite", results))] == [reached]


def _reached(database: str, operation: str, server: str, other: str, ratio: float) -> str | None:
    results = [_result(server, operation, 0.001), _result(other, operation, 0.001 * ratio)]
    (row,) = ratios(rows(database, results))
    answer: str | None = row["reached"]
    return answer


def test_the_aim_beside_scim2_server_is_lower_where_rows_travel_and_higher_for_lists() -> None:
    assert _reached("sqlite", GET.name, OURS, PEER, 2.5) == "no"
    assert _reached("postgresql", GET.name, OURS, PEER, 2.5) == "yes"
    assert _reached("postgresql", LIST.name, OURS, PEER, 99) == "no"


def test_a_large_group_is_held_against_a_small_one() -> None:
    (removing, _), (with_members, _) = PAIRS
    large, small = server_name(10_000), server_name(1_000)
    assert _reached("sqlite", removing.name, large, small, 0.7) == "no"
    assert _reached("sqlite", removing.name, large, small, 0.9) == "yes"
    assert _reached("sqlite", with_members.name, large, small, 0.1) is None


def test_nothing_is_aimed_at_beside_scimmy() -> None:
    assert _reached("sqlite", GET.name, OURS, NODE_PEER, 0.1) is None
