"""JazzHR's API v1 as it really answers: paced, retried, singletons and empty bodies made plain (vendors.md §1.5).

The key travels in the query; the guarded session redacts queries from records, messages and logs.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from app.outbound import OutboundError, OutboundSession, Response
from app.sources.errors import IncompleteRead, SourceUnavailable

PAGE_SIZE = 100
MOST_PAGES = 10_000
TRIES = 6
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_FRUITLESS_PAGES = 3


@dataclass
class Pace:
    """Spreads calls evenly: at most `per_minute` of them; 0 means no limit."""

    per_minute: float
    clock: Callable[[], float] = time.monotonic
    _next: float = field(default=0.0, init=False)

    def wait(self) -> float:
        """Return the seconds to wait before the next call, and count that call."""
        if self.per_minute <= 0:
            return 0.0
        now = self.clock()
        start = max(now, self._next)
        self._next = start + 60.0 / self.per_minute
        return start - now


@dataclass
class JazzHRClient:
    """Reads from one account. `pause` waits (and keeps the run's lease); `base_wait` seconds begin the back-off."""

    session: OutboundSession
    pace: Pace
    pause: Callable[[float], None]
    base_wait: float = _FIRST_WAIT

    def pages(self, resource: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the pages of a list, each row once: rows that come again, on whatever page, are left out.

        :raises SourceUnavailable: the key is refused. :raises IncompleteRead: a page could not be read, or none ends.
        """
        seen: set[str] = set()
        fruitless = 0
        for number in range(1, MOST_PAGES + 1):
            rows = as_list(self._json(f"/{resource}/page/{number}"))
            fresh = []
            for row in rows:
                row_id = str(row.get("id") or "")
                if row_id and row_id not in seen:
                    seen.add(row_id)
                    fresh.append(row)
            fruitless = 0 if fresh else fruitless + 1
            yield fresh
            if len(rows) < PAGE_SIZE:
                return
            if fruitless >= _FRUITLESS_PAGES:
                raise IncompleteRead(
                    f"JazzHR repeats the same page of {resource} without end (page {number})."
                )
        raise IncompleteRead(f"JazzHR has more than {MOST_PAGES} pages of {resource}.")

    def record(self, resource: str, record_id: str) -> dict[str, Any] | None:
        """Return one record, None when JazzHR does not have it. Raises as :meth:`pages`."""
        answer = self._json(f"/{resource}/{quote(record_id, safe='')}", may_be_absent=True)
        rows = as_list(answer)
        return rows[0] if rows else None

    def _json(self, path: str, *, may_be_absent: bool = False) -> Any:
        """Return the JSON of a GET; None for an empty body, and for a 404 where that is an answer."""
        reason = ""
        for tried in range(TRIES):
            self.pause(self.pace.wait())
            retry_after: float | None = None
            try:
                response = self.session.call("GET", path, headers=(("Accept", "application/json"),))
                if may_be_absent and response.status == 404:
                    return None
                if response.ok:
                    # No result is an empty body, not only [] (pitfall 2).
                    return response.json() if response.body.strip() else None
                reason, retry_after = _refusal(response), response.retry_after
            except OutboundError as error:
                if not error.retryable:
                    raise IncompleteRead(f"JazzHR cannot be read: {error.message}") from error
                reason, retry_after = error.message, error.retry_after
            if tried < TRIES - 1:
                self.pause(self._back_off(tried, retry_after))
        raise IncompleteRead(f"JazzHR could not be read after {TRIES} tries of {path}: {reason}")

    def _back_off(self, tried: int, retry_after: float | None) -> float:
        """Seconds to wait: what JazzHR says (it is not documented to say any), else exponential with jitter."""
        if retry_after is not None:
            return retry_after
        longest = min(self.base_wait * 2**tried, _LONGEST_WAIT)
        return longest * (0.5 + random.random() / 2)


def _refusal(response: Response) -> str:
    """Return why an unsuccessful answer may be tried again; raise when that is useless.

    JazzHR's error bodies are not documented (vendors.md §1.1) and are not repeated.
    """
    if response.status in (401, 403):
        raise SourceUnavailable(
            f"JazzHR refused the API key (status {response.status}); a newly generated key deactivates the old one. "
            "Set it with: rollcall source set NAME --secret api_key=-"
        )
    if response.status == 429:
        return "it says that there are too many calls (429); lower calls_per_minute"
    if response.status >= 500:
        return f"it answered with status {response.status}"
    raise IncompleteRead(f"JazzHR answered with status {response.status}; check base_url.")


def as_list(answer: Any) -> list[dict[str, Any]]:
    """Return an answer as rows: a list of one comes as a bare object, none as nothing at all (pitfalls 1 and 2).

    >>> as_list({"id": "a"}), as_list(None), as_list([])
    ([{'id': 'a'}], [], [])
    """
    rows = answer if isinstance(answer, list) else [answer] if answer else []
    return [row for row in rows if isinstance(row, dict)]
