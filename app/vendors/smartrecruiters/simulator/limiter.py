"""The two limits: calls in a second, and calls at the same time (vendors.md §3.1)."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

PER_SECOND = 10
AT_ONCE = 8
CANDIDATES_AT_ONCE = 1


class Limiter:
    """Counts calls; refused ones do not count. Safe to use from many threads. `most` is the largest crowd so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()
        self._inside: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    def remaining(self, per_second: int | None) -> int | None:
        """Count a call; return how many more this second allows, -1 for one too many, None without a limit."""
        if per_second is None:
            return None
        now = time.monotonic()
        with self._lock:
            while self._recent and self._recent[0] <= now - 1.0:
                self._recent.popleft()
            if len(self._recent) >= per_second:
                return -1
            self._recent.append(now)
            return per_second - len(self._recent)

    @contextmanager
    def inside(self, name: str, at_once: int) -> Iterator[bool]:
        """Stay among the calls of a name while the block lasts; gives whether there was room."""
        with self._lock:
            has_room = self._inside[name] < at_once
            self._inside[name] += has_room
            self.most[name] = max(self.most[name], self._inside[name])
        try:
            yield has_room
        finally:
            with self._lock:
                self._inside[name] -= has_room
