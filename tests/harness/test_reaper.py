"""The reaper kills, freezes and restarts real processes."""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.reaper import Reaper, strokes

SLEEP = ["sleep", "600"]


def eventually(fact: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "not true in time"
        time.sleep(0.01)


def state_of(pid: int) -> str:
    """Return the process's state letter (T: stopped), Z when it is a zombie, or nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def test_a_seed_replays_the_same_strokes() -> None:
    def first(seed: int) -> list[object]:
        return list(itertools.islice(strokes(seed, ["a", "b"], (0.1, 1.0), pauses=0.3), 50))

    assert first(7) == first(7) != first(8)
    assert {stroke.action for stroke in first(7)} == {"kill", "pause"}  # type: ignore[attr-defined]


def test_killed_processes_come_back_and_kills_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Reaper({"one": SLEEP, "two": SLEEP}, log_directory=tmp_path, seed=5, between=(0.0, 0.02)) as reaper:
        before = {reaper.pid("one"), reaper.pid("two")}
        kills = reaper.run(until=lambda: True, at_least_kills=20, deadline=60)
        assert kills == reaper.total_kills == 20 == reaper.kills["one"] + reaper.kills["two"]
        assert len(reaper.history) == 20
        assert all(state_of(pid) == "" for pid in before)
        assert all(state_of(reaper.pid(name)) in "SRD" for name in ("one", "two"))
        last = [reaper.pid("one"), reaper.pid("two")]
    assert all(state_of(pid) == "" for pid in last)
    assert "seed 5" in capsys.readouterr().out


def test_killing_ends_the_whole_process_group(tmp_path: Path) -> None:
    with Reaper(
        {"parent": ["sh", "-c", "sleep 600 & echo $!; wait"]}, log_directory=tmp_path, seed=1
    ) as reaper:
        eventually(lambda: reaper.log("parent").count("\n") == 1)
        child = int(reaper.log("parent"))
        reaper.kill("parent")
        eventually(lambda: state_of(child) in ("", "Z"))


def test_a_paused_process_stands_still_until_it_is_resumed(tmp_path: Path) -> None:
    with Reaper({"one": SLEEP}, log_directory=tmp_path, seed=1) as reaper:
        pid = reaper.pid("one")
        reaper.pause("one")
        eventually(lambda: state_of(pid) == "T")
        reaper.resume("one")
        eventually(lambda: state_of(pid) == "S")


def test_random_pauses_end_by_themselves(tmp_path: Path) -> None:
    with Reaper(
        {"one": SLEEP}, log_directory=tmp_path, seed=2, between=(0.0, 0.01), pauses=1.0, hold=(0.0, 0.02)
    ) as reaper:
        reaper.run(until=lambda: reaper.paused["one"] >= 5, deadline=60)
        assert reaper.total_kills == 0
        eventually(lambda: state_of(reaper.pid("one")) == "S")


def test_a_process_that_fails_is_restarted_and_one_that_finishes_is_not(tmp_path: Path) -> None:
    commands = {"fails": ["sh", "-c", "exit 3"], "finishes": ["sh", "-c", "echo done"]}
    with Reaper(commands, log_directory=tmp_path, seed=1) as reaper:
        reaper.settle(lambda: len(reaper.failures) >= 2 and "done" in reaper.log("finishes"), deadline=30)
        assert set(reaper.failures) == {("fails", 3)}
        assert reaper.log("finishes") == "done\n"


def test_after_the_last_allowed_kill_there_is_peace(tmp_path: Path) -> None:
    end = time.monotonic() + 0.5
    with Reaper({"one": SLEEP}, log_directory=tmp_path, seed=1, between=(0.0, 0.01)) as reaper:
        assert reaper.run(until=lambda: time.monotonic() > end, at_most_kills=3, deadline=30) == 3


def test_work_that_never_ends_is_a_timeout_that_names_the_seed(tmp_path: Path) -> None:
    with (
        Reaper({"one": SLEEP}, log_directory=tmp_path, seed=99, between=(0.0, 0.05)) as reaper,
        pytest.raises(TimeoutError, match="seed 99"),
    ):
        reaper.run(until=lambda: False, deadline=0.3)


def test_work_written_down_before_a_kill_is_found_after_it(tmp_path: Path) -> None:
    """What the crash tests do: a process that counts durably makes progress through any number of kills."""
    counted = tmp_path / "count"
    counted.write_text("0")
    step = (
        "import os, sys, time; path = sys.argv[1]\n"
        "while True:\n"
        "    number = int(open(path).read()) + 1\n"
        "    open(path + '.new', 'w').write(str(number)); os.replace(path + '.new', path); time.sleep(0.01)\n"
    )
    command = [sys.executable, "-S", "-E", "-c", step, str(counted)]
    with Reaper({"counter": command}, log_directory=tmp_path, seed=3, between=(0.1, 0.3)) as reaper:
        reaper.run(until=lambda: int(counted.read_text()) >= 50, at_least_kills=5, deadline=120)
    assert os.path.exists(counted)
    assert reaper.total_kills >= 5
