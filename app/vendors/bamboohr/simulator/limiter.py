"""A limit of calls in a minute: BambooHR publishes no numbers (vendors.md §5.1)."""

from __future__ import annotations

import threading
import time
from collections import deque

WINDOW_SECONDS = 60.0


class MinuteLimiter:
    """Allows so many calls in any 60 seconds. Refused calls do not count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._allowed: deque[float] = deque()

    def allows(self, per_minute: int) -> bool:
        """Count a call and tell whether it is within the limit."""
        now = time.monotonic()
        with self._lock:
            while self._allowed and self._allowed[0] <= now - WINDOW_SECONDS:
                self._allowed.popleft()
            if len(self._allowed) >= per_minute:
                return False
            self._allowed.append(now)
            return True
