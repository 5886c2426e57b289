"""Who may call the simulated iCIMS, and how often: tokens, and the calls of a day (vendors.md §2.1)."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from datetime import UTC, datetime, timedelta

TOKEN_LIFE = 86_400
#: More tokens than this in ten minutes get the client throttled.
MOST_TOKENS, TOKEN_WINDOW = 500, 600.0


class TokenDesk:
    """Issues bearer tokens and counts them; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._valid: dict[str, float] = {}
        self._issued: deque[float] = deque()
        self.issued = 0

    def issue(self, life: float) -> str | None:
        """Return a token that lives so many seconds; None when there were too many."""
        now = time.monotonic()
        with self._lock:
            while self._issued and self._issued[0] <= now - TOKEN_WINDOW:
                self._issued.popleft()
            if len(self._issued) >= MOST_TOKENS:
                return None
            token = f"sim-token-{secrets.token_urlsafe(24)}"
            self._valid[token] = now + life
            self._issued.append(now)
            self.issued += 1
            return token

    def takes(self, token: str) -> bool:
        """Return whether a token is valid."""
        with self._lock:
            return self._valid.get(token, 0.0) > time.monotonic()

    def revoke_all(self) -> None:
        """End all tokens."""
        with self._lock:
            self._valid.clear()


class DayBudget:
    """Counts the calls of a day, which ends at 00:00 UTC; safe to use from many threads."""

    def __init__(self, calls: int | None) -> None:
        self._lock = threading.Lock()
        self.calls = calls
        self.used = 0
        self._day = datetime.now(UTC).date()

    def take(self, calls: int | None) -> tuple[bool, int]:
        """Count a call of at most `calls`; return whether it is within the budget, and how many are left."""
        with self._lock:
            today = datetime.now(UTC).date()
            if today != self._day:
                self._day, self.used = today, 0
            if calls is not None and self.used >= calls:
                return False, 0
            self.used += 1
            return True, 0 if calls is None else calls - self.used

    def renew(self) -> None:
        """Begin a new day."""
        with self._lock:
            self.used = 0


def seconds_to_midnight() -> int:
    """Return the seconds until 00:00 UTC."""
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(1, int((midnight - now).total_seconds()))
