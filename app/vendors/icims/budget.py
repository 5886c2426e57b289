"""The calls that iCIMS allows a customer in a day (vendors.md §2.1): counted by it, told with every answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.outbound import Response
from app.sources.errors import IncompleteRead

#: A refusal that ends within so many seconds is waited for.
LONGEST_WAIT = 120.0


#: The least time after which calls are tried again: a reset of 0 seconds must not become a loop.
SHORTEST_REST = 60.0


@dataclass
class Budget:
    """What is left of a day's calls. `calls_per_day` may be less than iCIMS allows; 0: what iCIMS allows.

    Where iCIMS tells its count, that decides (others may read the same customer); else the calls of this read do.
    """

    calls_per_day: int
    now: Callable[[], datetime]
    _made: int = 0
    _limit: int | None = None
    _remaining: int | None = None
    _reset: float | None = None

    def demand(self) -> None:
        """Count one call that is to be made. Raises ``IncompleteRead`` when it would be one too many."""
        used = self._made
        if self._remaining is not None and self._limit is not None:
            used = self._limit - self._remaining
        if self._remaining == 0 or 0 < self.calls_per_day <= used:
            raise self.used_up()
        self._made += 1

    def see(self, response: Response) -> None:
        """Take note of what an answer says; headers that are missing or senseless say nothing."""
        remaining = _whole(response.headers.get("x-ratelimit-remaining"))
        if remaining is None:
            return
        self._remaining = remaining
        self._limit = _whole(response.headers.get("x-ratelimit-limit"))
        self._reset = reset_of(response)

    def used_up(self, reset: float | None = None) -> IncompleteRead:
        """Return the error that says when reading goes on. The reset is told in seconds, not as a time."""
        seconds = reset if reset is not None else self._reset
        now = self.now()
        if seconds is None:
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            seconds = (midnight - now).total_seconds()
        seconds = max(seconds, SHORTEST_REST)
        again = f"{now + timedelta(seconds=seconds):%Y-%m-%d %H:%M}"
        return IncompleteRead(
            f"The calls of the day are used up; this goes on in {_span(seconds)} (at {again} UTC). calls_per_day is "
            "the limit of this source; iCIMS can raise its own.",
            seconds,
        )


def reset_of(response: Response) -> float | None:
    """Return the seconds until the budget is new, as the answer says."""
    seconds = _whole(response.headers.get("x-ratelimit-reset"))
    return None if seconds is None else min(float(seconds), 2 * 86400.0)


def _whole(text: str | None) -> int | None:
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def _span(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
