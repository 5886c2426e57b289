"""The log of calls that a simulator received."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT_CHARACTERS = {"body": 65_536, "answer": 4_096}
KEPT_IN_ALL = 200_000_000  # characters: a demo runs for weeks


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP exchange. ``started``/``ended`` are seconds of the machine's monotonic clock, comparable
    between its processes.

    ``status`` is what was sent, None when the connection was cut first; ``worked`` is the status that the
    work itself came to, None when a fault prevented the work; ``answer`` is the work's answer, also when a
    fault withheld it; ``fault`` names the faults that struck. Keys and tokens are left out.
    """

    number: int
    started: float
    ended: float
    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    status: int | None = None
    worked: int | None = None
    answer: str = ""
    fault: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the call as plain JSON-able values."""
        return asdict(self)


class CallLog:
    """The latest calls, numbered from 1 in the order of their answers; safe to use from many threads.

    The oldest are forgotten when all texts together pass 200 million characters (some 100,000 calls).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque()
        self._next = 1
        self._characters = 0

    def add(self, **values: Any) -> Call:
        """Append and return a call; it gets the next number."""
        for name, kept in KEPT_CHARACTERS.items():
            values[name] = values.get(name, "")[:kept]
        with self._lock:
            call = Call(number=self._next, **values)
            self._next += 1
            self._calls.append(call)
            self._characters += _size(call)
            while self._characters > KEPT_IN_ALL:
                self._characters -= _size(self._calls.popleft())
        return call

    def calls(self, since: int = 0, limit: int | None = None) -> list[Call]:
        """Return the calls with a number above ``since``, oldest first, at most ``limit``."""
        with self._lock:
            found = [call for call in self._calls if call.number > since]
        return found if limit is None else found[:limit]

    def clear(self) -> None:
        """Forget all calls; numbering goes on."""
        with self._lock:
            self._calls.clear()
            self._characters = 0

    def __iter__(self) -> Iterator[Call]:
        return iter(self.calls())

    def __len__(self) -> int:
        with self._lock:
            return len(self._calls)

    def count(self, method: str | None = None, path: str | None = None) -> int:
        """Return how many calls had ``method`` (any when None) and ``path`` somewhere in their path."""
        return sum(1 for call in _matching(self.calls(), method, path))


def _size(call: Call) -> int:
    return len(call.body) + len(call.answer) + 1_000  # what the rest of a record takes


def _matching(calls: Iterable[Call], method: str | None, path: str | None) -> Iterator[Call]:
    for call in calls:
        if (method is None or call.method == method) and (path is None or path in call.path):
            yield call
