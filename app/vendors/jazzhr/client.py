"""JazzHR's API v1 as it really answers: paced, retried, singletons and empty bodies made plain (vendors.md §1.5).

The key travels in the query; the guarded session redacts queries from records, messages and logs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.outbound import Response
from app.sources.adapter import SourceContext
from app.sources.calling import Caller, Pace
from app.sources.errors import IncompleteRead
from app.vendors.jazzhr.settings import number_of

PAGE_SIZE = 100
MOST_PAGES = 10_000
_FRUITLESS_PAGES = 3
_WAY_OUT = (
    "A newly generated key deactivates the old one (Settings > Integrations in JazzHR). Set it with: "
    "rollcall source set {name} --secret api_key=-"
)
Row = dict[str, Any]


@dataclass
class JazzHRClient:
    """Reads from one account."""

    caller: Caller

    def pages(self, resource: str) -> Iterator[list[Row]]:
        """Yield the pages of a list, each row once: rows that come again, on whatever page, are left out.

        :raises SourceUnavailable: the key is refused. :raises IncompleteRead: a page could not be read, or none ends.
        """
        seen: set[str] = set()
        fruitless = 0
        for number in range(1, MOST_PAGES + 1):
            rows = as_list(self.caller.json("GET", f"/{resource}/page/{number}"))
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

    def record(self, resource: str, record_id: str) -> Row | None:
        """Return one record, None when JazzHR does not have it. Raises as :meth:`pages`."""
        answer = self.caller.json("GET", f"/{resource}/{quote(record_id, safe='')}", expected=(404,))
        rows = as_list(answer)
        return rows[0] if rows else None


def client_of(context: SourceContext) -> JazzHRClient:
    """Return the client of a source."""
    settings, key = context.settings, context.secrets["api_key"]
    session = context.open_session(settings["base_url"], query=(("apikey", key),), secrets=(key,))
    caller = Caller(
        "JazzHR",
        session,
        context.pause,
        Pace(number_of(settings["calls_per_minute"]) or 0.0),
        reason=_reason,
        way_out=_WAY_OUT.format(name=context.name),
        first_wait=number_of(settings["retry_seconds"]) or 0.0,
    )
    return JazzHRClient(caller)


def _reason(response: Response) -> str:
    """Return what a refusal may mean; JazzHR's error bodies are not documented (§1.1), and are not repeated."""
    if response.status in (401, 403):
        return "it does not take the API key"
    if response.status == 429:
        return "there are too many calls in a minute; lower calls_per_minute"
    if response.status >= 500:
        return f"it answered with status {response.status}"
    return "check base_url"


def as_list(answer: Any) -> list[Row]:
    """Return an answer as rows: a list of one comes as a bare object, none as nothing at all (pitfalls 1 and 2).

    >>> as_list({"id": "a"}), as_list(None), as_list([])
    ([{'id': 'a'}], [], [])
    """
    rows = answer if isinstance(answer, list) else [answer] if answer else []
    return [row for row in rows if isinstance(row, dict)]
