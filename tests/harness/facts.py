"""Waiting for facts about other processes, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def wait_until(fact: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Returns when `fact` gives something true; fails the test, naming `what`, when it does not in time."""
    give_up = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < give_up, f"after {seconds:g} s it was still not so that {what}"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether the process still runs; one that has ended and only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
