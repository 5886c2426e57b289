"""Rate limits: the law of GCRA, one budget for all processes, and a file that may be lost."""

from __future__ import annotations

import math
import os
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access import rates
from app.access.clients import ClientSettings
from app.access.rates import RateLimiter
from app.config import Settings

RATE, BURST = 10, 5


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands."""
    return Clock()


@pytest.fixture
def limiter(tmp_path: Path, clock: Clock) -> RateLimiter:
    """Give a limiter whose clock stands."""
    return RateLimiter(tmp_path / "rates", clock)


def _granted(limiter: RateLimiter, tries: int, number: int = 1) -> int:
    return sum(limiter.take(1, number, RATE, BURST) == 0 for _ in range(tries))


def test_a_rested_token_has_a_burst_and_then_its_steady_rate(limiter: RateLimiter, clock: Clock) -> None:
    assert _granted(limiter, 50) == BURST
    for _second in range(3):
        clock.now += 0.5
        assert _granted(limiter, 50) == RATE / 2
    clock.now += 60
    assert _granted(limiter, 50) == BURST


def test_a_refusal_says_when_to_come_back_and_costs_nothing(limiter: RateLimiter, clock: Clock) -> None:
    _granted(limiter, BURST)
    wait = limiter.take(1, 1, RATE, BURST)
    assert wait == pytest.approx(1 / RATE)
    assert limiter.take(1, 1, RATE, BURST) == wait
    clock.now += wait
    assert _granted(limiter, 9) == 1


def test_a_rate_of_0_is_no_limit(limiter: RateLimiter, tmp_path: Path) -> None:
    assert all(limiter.take(1, 1, 0, 1) == 0 for _ in range(1000))
    assert not (tmp_path / "rates").exists()


def test_tokens_and_tenants_have_budgets_of_their_own(limiter: RateLimiter) -> None:
    assert _granted(limiter, 9) == BURST
    assert _granted(limiter, 9, number=2) == BURST
    assert _granted(limiter, 9, number=-1) == BURST
    assert limiter.take(2, 1, RATE, BURST) == 0


@given(
    steps=st.lists(st.floats(0, 0.5), max_size=60),
    rate=st.integers(1, 50),
    burst=st.integers(1, 20),
)
def test_no_span_of_time_sees_more_than_a_burst_and_its_rate(
    tmp_path_factory: pytest.TempPathFactory, steps: list[float], rate: int, burst: int
) -> None:
    clock = Clock()
    limiter = RateLimiter(tmp_path_factory.getbasetemp() / f"rates-{os.getpid()}-{next(_numbers)}", clock)
    granted_at = []
    for step in steps:
        clock.now += step
        if limiter.take(1, 1, rate, burst) == 0:
            granted_at.append(clock.now)
    for start in range(len(granted_at)):
        for end in range(start, len(granted_at)):
            span = granted_at[end] - granted_at[start]
            assert end - start + 1 <= burst + span * rate + 1e-3


_numbers = iter(range(1_000_000))


def test_two_processes_share_one_budget(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from app.access.rates import RateLimiter\n"
        "limiter = RateLimiter(Path(sys.argv[1])); sys.stdin.read(1)\n"
        "print(sum(limiter.take(1, 1, 0.05, 4000) == 0 for _ in range(4000)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "rates")]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for each in running:
        assert each.stdin is not None
        each.stdin.write("g")
        each.stdin.flush()
    granted = [int(each.communicate(timeout=60)[0]) for each in running]
    # Updates lost when both meet grant some more; without a common budget it would be 8,000.
    assert 4000 <= sum(granted) <= 4400


def test_threads_of_a_process_share_it_exactly(tmp_path: Path) -> None:
    limiter, granted = RateLimiter(tmp_path / "rates"), []
    threads = [
        threading.Thread(
            target=lambda: granted.append(sum(limiter.take(1, 1, 0.01, 500) == 0 for _ in range(500)))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 500


def test_a_process_that_stops_within_a_grant_stops_no_other(tmp_path: Path) -> None:
    program = (
        "import fcntl, sys; handle = open(sys.argv[1], 'r+b'); fcntl.lockf(handle, fcntl.LOCK_EX)\n"
        "print('locked', flush=True); sys.stdin.read(1)"
    )
    limiter = RateLimiter(tmp_path / "rates")
    assert limiter.take(1, 1, RATE, BURST) == 0
    command = [sys.executable, "-c", program, str(tmp_path / "rates")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        assert [limiter.take(1, 2, 0.001, 3) == 0 for _ in range(4)] == [True] * 3 + [False]


def test_a_time_of_a_former_boot_costs_a_burst_at_most(limiter: RateLimiter, clock: Clock) -> None:
    clock.now = 5_000_000.0
    _granted(limiter, BURST)
    clock.now = 10.0
    assert limiter.take(1, 1, RATE, BURST) == pytest.approx(1 / RATE)
    clock.now += BURST / RATE
    assert _granted(limiter, 50) == BURST


def test_a_busy_table_takes_in_every_token(limiter: RateLimiter, clock: Clock) -> None:
    for number in range(rates.SLOTS * 2):
        assert limiter.take(1, number, RATE, BURST) == 0


def test_idle_slots_are_taken_over_and_busy_ones_are_kept(limiter: RateLimiter, clock: Clock) -> None:
    for number in range(rates.SLOTS // 2):
        limiter.take(1, number, RATE, BURST)
    clock.now += 60
    _granted(limiter, BURST, number=-7)
    for number in range(rates.SLOTS // 4):
        limiter.take(1, number + rates.SLOTS, RATE, BURST)
    assert limiter.take(1, -7, RATE, BURST) > 0


def test_a_deleted_file_is_made_anew(limiter: RateLimiter, clock: Clock, tmp_path: Path) -> None:
    _granted(limiter, BURST)
    (tmp_path / "rates").unlink()
    clock.now += rates.LOOK_SECONDS
    assert _granted(limiter, 50) == BURST
    assert (tmp_path / "rates").stat().st_size == rates.SIZE
    assert _granted(RateLimiter(tmp_path / "rates", clock), 50) == 0


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"\xff" * rates.SIZE,
        b"\xff" * (rates.SIZE + 1),
        struct.pack("=Qd", 1 << 32 | 1, math.nan) * rates.SLOTS,
        struct.pack("=Qd", 1 << 32 | 1, math.inf) * rates.SLOTS,
        struct.pack("=Qd", 1 << 32 | 1, -math.inf) * rates.SLOTS,
    ],
)
def test_a_damaged_file_grants_no_more_than_a_burst_and_recovers(
    tmp_path: Path, clock: Clock, content: bytes
) -> None:
    (tmp_path / "rates").write_bytes(content)
    limiter = RateLimiter(tmp_path / "rates", clock)
    assert _granted(limiter, 50) <= BURST
    clock.now += 60
    assert _granted(limiter, 50) == BURST


def test_without_a_file_each_process_counts_for_itself(tmp_path: Path, clock: Clock) -> None:
    limiter = RateLimiter(tmp_path / "missing" / "rates", clock)
    assert _granted(limiter, 50) == BURST
    (tmp_path / "missing").mkdir()
    clock.now += rates.LOOK_SECONDS
    assert _granted(limiter, 50) == BURST
    assert (tmp_path / "missing" / "rates").exists()


@pytest.mark.parametrize(
    ("client", "budget"),
    [
        (ClientSettings(), (200, 2000)),
        (ClientSettings(rate=5), (5, 2000)),
        (ClientSettings(rate=0, burst=3), (0, 3)),
    ],
)
def test_what_is_set_for_a_client_is_stronger(client: ClientSettings, budget: tuple[int, int]) -> None:
    assert rates.budget(Settings(), client) == budget
