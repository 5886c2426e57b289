"""80 calls a minute (vendors.md §1.1)."""

from __future__ import annotations

import threading
import time
from collections import deque

WINDOW_SECONDS = 60.0


class MinuteLimiter:
    """Allows ``per_minute`` calls in any 60 seconds; None allows all. Refused calls do not count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._allowed: deque[float] = deque()

    def allows(self, per_minute: int | None) -> bool:
        """Count a call and tell whether it is within the limit."""
        if per_minute is None:
            return True
        now = time.monotonic()
        with self._lock:
            while self._allowed and self._allowed[0] <= now - WINDOW_SECONDS:
                self._allowed.popleft()
            if len(self._allowed) >= per_minute:
                return False
            self._allowed.append(now)
            return True
