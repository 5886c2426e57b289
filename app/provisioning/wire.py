"""The session of one drain: paced, stoppable, never past the lease, every exchange kept with the task it belongs to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from app.outbound import Exchange, OutboundError, OutboundSession, Response

#: How often a resting call looks whether the drain was stopped meanwhile.
_LOOK_SECONDS = 0.2
#: A target that asks for so many seconds at most is waited for; to end the drain would throw its look-ups away.
SHORT_REST = 5.0
#: How often a page of a list is asked for, and the first of the pauses between, which double (seconds).
PAGE_TRIES, FIRST_REST = 5, 0.1


class Stopped(Exception):
    """The call was not made: the drain stops, or its lease would not outlive the call."""


class Gate:
    """Decides before each call whether and when it may leave; shared by the threads of one drain.

    A call leaves only if it ends, at the latest, before the lease of every batch under way does: see `hold`. `calls`
    may be under way at the same time, and `rate` calls leave in a second, evenly spread; 0 is no limit. Both may change
    meanwhile, as other drains of the target come and go: see `open`.
    """

    def __init__(self, rate: float, call_seconds: float, *, calls: int = 0) -> None:
        self._call_seconds = call_seconds
        self._changed = threading.Condition()
        self._calls, self._interval = calls, _interval(rate)
        self._under_way = 0
        self._next = 0.0
        self._rests_until = 0.0
        self._open_until = float("inf")
        self._deadlines: dict[object, float] = {}
        self.stop_reason: str | None = None

    def stop(self, reason: str) -> None:
        """Let no further call leave."""
        self.stop_reason = self.stop_reason or reason

    def rest(self, seconds: float) -> None:
        """Let calls wait for `seconds` from now."""
        with self._changed:
            self._rests_until = max(self._rests_until, time.monotonic() + seconds)

    def hold(self, hand: object, until: float | None) -> None:
        """The batch of a hand is leased up to the monotonic instant `until`; None when it has none under way."""
        with self._changed:
            self._deadlines = {known: at for known, at in self._deadlines.items() if known is not hand}
            if until is not None:
                self._deadlines[hand] = until

    def close(self) -> None:
        """Let calls wait until the gate is opened."""
        with self._changed:
            self._open_until = 0.0

    def open(self, calls: int, rate: float, until: float) -> None:
        """Let so many calls pass at a time, and in a second, up to the monotonic instant `until`; then they wait."""
        with self._changed:
            self._calls, self._interval, self._open_until = calls, _interval(rate), until
            self._changed.notify_all()

    @property
    def pace(self) -> tuple[int, float]:
        """Calls at the same time, and calls in a second, that may leave at present; 0 is no limit."""
        with self._changed:
            return self._calls, 1 / self._interval if self._interval else 0.0

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Wait for this call's turn, and count it as under way. Raises `Stopped` when it may not leave."""
        turn = self._enter()
        try:
            while (left := self._waits(turn)) > 0:
                self._check()
                time.sleep(min(left, _LOOK_SECONDS))
            self._check()
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify()

    def _enter(self) -> float:
        """Take a place among the calls under way; returns the monotonic instant at which the call may leave."""
        with self._changed:
            while True:
                self._check()
                is_full = 0 < self._calls <= self._under_way
                left = self._waits(0.0)
                if left <= 0 and not is_full:
                    break
                self._changed.wait(_LOOK_SECONDS if is_full else min(left, _LOOK_SECONDS))
            self._under_way += 1
            turn = max(self._next, time.monotonic())
            self._next = turn + self._interval
            return turn

    def _waits(self, turn: float) -> float:
        """The seconds for which a call with this turn has to wait at least, as things are; 0 or less for none."""
        now = time.monotonic()
        if now >= self._open_until:
            return _LOOK_SECONDS
        return max(turn, self._rests_until) - now

    def _check(self) -> None:
        if self.stop_reason is not None:
            raise Stopped(self.stop_reason)
        deadline = min(self._deadlines.values(), default=float("inf"))
        if time.monotonic() + self._call_seconds > deadline:
            raise Stopped("the lease ends too soon")


def _interval(rate: float) -> float:
    return 1.0 / rate if rate > 0 else 0.0


class Recorder:
    """Hands each exchange to the list that the calling thread names."""

    def __init__(self) -> None:
        self._local = threading.local()
        #: Called when the target refuses the token.
        self.on_refusal: Callable[[], None] = lambda: None

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
        if exchange.status == 401:
            self.on_refusal()
        exchanges = getattr(self._local, "exchanges", None)
        if exchanges is not None:
            exchanges.append(exchange)


class PacedSession(OutboundSession):
    """An outbound session whose every call passes a gate first."""

    def __init__(self, base_url: str, *, gate: Gate, recorder: Recorder, **options: Any) -> None:
        super().__init__(base_url, observe=recorder.note, **options)
        self.gate = gate
        self.recorder = recorder
        self._patience = threading.local()

    @contextmanager
    def patiently(self) -> Iterator[None]:
        """Repeat reads of this thread that fail for a moment: of a hundred pages one often does."""
        self._patience.tries = PAGE_TRIES
        try:
            yield
        finally:
            self._patience.tries = 1

    def call(self, method: str, path: str, **options: Any) -> Response:
        """As `OutboundSession.call`; a read that is made patiently is repeated. Raises `Stopped` besides."""
        tries = getattr(self._patience, "tries", 1) if method == "GET" else 1
        for number in range(1, tries):
            try:
                response = super().call(method, path, **options)
            except OutboundError as error:
                if not error.retryable:
                    raise
                seconds = error.retry_after or FIRST_REST * 2.0**number
            else:
                if response.status != 429 and response.status < 500:
                    return response
                seconds = response.retry_after or FIRST_REST * 2.0**number
                if seconds > SHORT_REST:
                    return response
            self.gate.rest(seconds)
        return super().call(method, path, **options)

    def passage(self) -> AbstractContextManager[None]:
        """The gate's. Raises `Stopped` when it stays shut."""
        return self.gate.passage()
