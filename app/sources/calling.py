"""Calls to a vendor's API as an import makes them: paced, tried again where that may help, refused in plain words."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.outbound import OutboundError, Response
from app.outbound.client_credentials import CredentialsRefused
from app.sources.errors import IncompleteRead, SourceUnavailable, WrongSource

TRIES = 6
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
#: The longest wait that a vendor may ask for and that holds its thread: other sources need the threads too.
LONGEST_ASKED = 120.0
#: The least that may be set as calls in a second, or in a minute.
SLOWEST = 0.1
#: Statuses that may be another one at the next try: throttled, timed out, broken for a moment (598: a proxy's timeout).
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524, 529, 598})
Pairs = Iterable[tuple[str, str]]


@dataclass
class Pace:
    """Spreads calls evenly: at most `calls` in `seconds`; 0 calls means no limit."""

    calls: float
    seconds: float = 60.0
    clock: Callable[[], float] = time.monotonic
    _next: float = field(default=0.0, init=False)

    def wait(self) -> float:
        """Return the seconds to wait before the next call, and count that call."""
        if self.calls <= 0:
            return 0.0
        now = self.clock()
        start = max(now, self._next)
        self._next = start + self.seconds / max(self.calls, SLOWEST)
        return start - now


def require_rate(name: str, text: str) -> None:
    """Raise ``WrongSource`` unless a setting is 0, for no limit, or a rate at which reading comes to an end."""
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if rate != 0 and not SLOWEST <= rate < 1e6:
        raise WrongSource(
            f"{name}={text!r} is no rate of calls: write a number from {SLOWEST} up, or 0 for no limit."
        )


def _status_only(response: Response) -> str:
    return f"it answered with status {response.status}"


class Calls(Protocol):
    """What a caller calls through: an ``OutboundSession``, or one that signs in by itself."""

    def call(
        self, method: str, path: str, *, query: Pairs = (), body: bytes | None = None, headers: Pairs = ()
    ) -> Response:
        """Return the complete answer, whatever its status. Raises the ``OutboundError`` family."""


@dataclass
class Caller:
    """Calls one vendor for one source.

    `pause` waits (and keeps the run's lease). `reason` turns an unsuccessful answer into a part of a sentence, without
    values of people; `wait_asked` reads how long the vendor asks to wait, where it does not use ``Retry-After``.
    `way_out` says where refused credentials are mended. `first_wait` seconds begin the back-off.
    """

    label: str
    session: Calls
    pause: Callable[[float], None]
    pace: Pace = field(default_factory=lambda: Pace(0))
    reason: Callable[[Response], str] = _status_only
    wait_asked: Callable[[Response], float | None] = lambda response: response.retry_after
    way_out: str = "Set new credentials with: rollcall source set NAME --secret …=-"
    first_wait: float = FIRST_WAIT

    def json(
        self,
        method: str,
        path: str,
        *,
        query: Pairs = (),
        body: Any = None,
        headers: Pairs = (),
        expected: Collection[int] = (),
    ) -> Any:
        """Return the JSON of a successful answer, None for an empty body and for a status that was `expected`.

        Raises as :meth:`answer`.
        """
        response = self.answer(method, path, query=query, body=body, headers=headers, expected=expected)
        if not response.ok or not response.body.strip():
            return None
        try:
            return response.json()
        except OutboundError as error:
            raise IncompleteRead(f"{self.label} cannot be read: {error.message}") from error

    def answer(
        self,
        method: str,
        path: str,
        *,
        query: Pairs = (),
        body: Any = None,
        headers: Pairs = (),
        expected: Collection[int] = (),
    ) -> Response:
        """Return a successful answer, or one whose status is among those `expected`.

        `body` is sent as JSON. A page that is no JSON although the status is a success counts as a failed try.

        :raises SourceUnavailable: the credentials are refused (401, 403).
        :raises IncompleteRead: no usable answer after :data:`TRIES` tries, or one that another try cannot change; or
            the vendor asks to wait for longer than :data:`LONGEST_ASKED`, and a run goes on by itself then.
        """
        sent = None if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        own = [("Accept", "application/json"), *headers]
        if sent is not None:
            own.append(("Content-Type", "application/json"))
        why = ""
        for tried in range(TRIES):
            self.pause(self.pace.wait())
            asked: float | None = None
            try:
                response = self.session.call(method, path, query=query, body=sent, headers=own)
                if response.status in expected:
                    return response
                if response.ok:
                    if response.body.strip():
                        response.json()
                    return response
                why, asked = self._transient(response), self.wait_asked(response)
            except OutboundError as error:
                if isinstance(error, CredentialsRefused):
                    raise SourceUnavailable(
                        f"{self.label} refused the credentials: {error.message} {self.way_out}"
                    ) from error
                if not error.retryable:
                    raise IncompleteRead(f"{self.label} cannot be read: {error.message}") from error
                why, asked = error.message, error.retry_after
            if asked is not None and asked > LONGEST_ASKED:
                raise IncompleteRead(
                    f"{self.label} asks to be called again only in {asked / 60:.0f} minutes: {why}.", asked
                )
            if tried < TRIES - 1:
                self.pause(self._back_off(tried, asked))
        place = path.partition("?")[0]
        raise IncompleteRead(f"{self.label} could not be read after {TRIES} tries of {place}: {why}")

    def _transient(self, response: Response) -> str:
        """Return why an unsuccessful answer may be another one at the next try; raise when it will not."""
        why = self.reason(response)
        if response.status in (401, 403):
            raise SourceUnavailable(
                f"{self.label} refused the credentials (status {response.status}): {why}. {self.way_out}"
            )
        if response.status in TRANSIENT or response.status >= 500:
            return why
        raise IncompleteRead(f"{self.label} refused a call (status {response.status}): {why}.")

    def _back_off(self, tried: int, asked: float | None) -> float:
        """Seconds to wait: what the vendor asks for, else exponential with jitter."""
        if asked is not None:
            return asked
        longest = min(self.first_wait * 2**tried, LONGEST_WAIT)
        return longest * (0.5 + random.random() / 2)
