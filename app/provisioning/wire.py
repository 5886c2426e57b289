"""The session of one drain: paced, stoppable, never past the lease, every exchange kept with the task it belongs to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from app.outbound import Exchange, OutboundSession

#: How often a resting call looks whether the drain was stopped meanwhile.
_LOOK_SECONDS = 0.2


class Stopped(Exception):
    """The call was not made: the drain stops, or its lease would not outlive the call."""


class Gate:
    """Decides before each call whether and when it may leave; shared by the threads of one drain.

    `deadline` is the monotonic instant up to which the lease of the batch is certain. A call leaves only if it
    ends, at the latest, before that. `rate` are calls a second, 0 for no limit.
    """

    def __init__(self, rate: float, call_seconds: float) -> None:
        self._interval = 1.0 / rate if rate > 0 else 0.0
        self._call_seconds = call_seconds
        self._lock = threading.Lock()
        self._next = 0.0
        self._rests_until = 0.0
        self.deadline = float("inf")
        self.stop_reason: str | None = None

    def stop(self, reason: str) -> None:
        """Let no further call leave."""
        self.stop_reason = self.stop_reason or reason

    def rest(self, seconds: float) -> None:
        """Let calls wait for `seconds` from now."""
        with self._lock:
            self._rests_until = max(self._rests_until, time.monotonic() + seconds)

    def pass_through(self) -> None:
        """Wait for this call's turn. Raises `Stopped` when it may not leave."""
        self._check()
        while (left := self._rests_until - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))
            self._check()
        if self._interval:
            with self._lock:
                now = time.monotonic()
                # A second's worth may leave at once after a pause; then they are spread evenly.
                turn = max(self._next, now - 1.0)
                self._next = turn + self._interval
            if turn > now:
                time.sleep(turn - now)
            self._check()

    def _check(self) -> None:
        if self.stop_reason is not None:
            raise Stopped(self.stop_reason)
        if time.monotonic() + self._call_seconds > self.deadline:
            raise Stopped("the lease ends too soon")


class Recorder:
    """Hands each exchange to the list that the calling thread names."""

    def __init__(self) -> None:
        self._local = threading.local()

    @contextmanager
    def into(self, exchanges: list[Exchange]) -> Iterator[None]:
        """Collect this thread's exchanges in `exchanges` meanwhile."""
        self._local.exchanges = exchanges
        try:
            yield
        finally:
            self._local.exchanges = None

    def note(self, exchange: Exchange) -> None:
        """Keep an exchange."""
        exchanges = getattr(self._local, "exchanges", None)
        if exchanges is not None:
            exchanges.append(exchange)


class PacedSession(OutboundSession):
    """An outbound session whose every call passes a gate first."""

    def __init__(self, base_url: str, *, gate: Gate, recorder: Recorder, **options: Any) -> None:
        super().__init__(base_url, observe=recorder.note, **options)
        self.gate = gate
        self.recorder = recorder

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send when the gate opens. Raises `Stopped` when it stays shut, else as `OutboundSession.send`."""
        self.gate.pass_through()
        return super().send(request, **kwargs)
