"""Hours that pass in no time: the product's clock put forward, so that leases end and back-offs are over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest.mock import patch

from app import clock


class Later:
    """The clock of the product in this process, ahead of the true one; deadlines of calls follow another clock."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._true = clock.utcnow

    def by(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self._ahead += timedelta(seconds=seconds)

    def utcnow(self) -> datetime:
        """Return the present instant by this clock."""
        return self._true() + self._ahead


@contextmanager
def clock_ahead() -> Iterator[Later]:
    """Give a clock that can be put forward, and that the product goes by meanwhile."""
    later = Later()
    with patch.object(clock, "utcnow", later.utcnow):
        yield later
