"""Reading a JumpCloud list to its end: `{"results": […], "totalCount": n}` by `skip` (vendors.md §6.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from app.provisioning.errors import IncompleteListing, Unintelligible

MOST_PAGES = 10_000
MOST_RECORDS = 500_000

Record = dict[str, Any]


class Listing:
    """The records of a list, each once, whatever the size of the pages. `page(skip)` gives one answer.

    Iterating raises `IncompleteListing` when a page repeats, the total shrinks or is not reached, or the list
    does not end; until it ends, nobody may be taken as missing.
    """

    def __init__(self, page: Callable[[int], Any]) -> None:
        self._page = page
        self._ids: set[str] = set()
        self._total: int | None = None

    def __iter__(self) -> Iterator[Record]:
        skip = 0
        for _ in range(MOST_PAGES):
            records = self._take(self._page(skip))
            skip += len(records)
            fresh = [record for record in records if record["_id"] not in self._ids]
            if records and not fresh:
                raise self._incomplete("a page came twice")
            self._ids.update(record["_id"] for record in fresh)
            yield from fresh
            if len(self._ids) > MOST_RECORDS:
                raise self._incomplete(f"there are more than {MOST_RECORDS} records")
            if not records or (self._total is not None and skip >= self._total):
                self._check_end()
                return
        raise self._incomplete(f"the list does not end within {MOST_PAGES} pages")

    def _take(self, answer: Any) -> list[Record]:
        records = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(records, list):
            raise Unintelligible("no_list", "The answer is not a list of systemusers.")
        if not all(isinstance(record, dict) and isinstance(record.get("_id"), str) for record in records):
            raise Unintelligible("no_account", "The list holds something that is no systemuser with an _id.")
        total = answer.get("totalCount")
        total = total if isinstance(total, int) and not isinstance(total, bool) else None
        if self._total is not None and (total is None or total < self._total):
            # Whoever came after a removed account has moved to a page that was read already.
            raise self._incomplete("the total shrank while it was read")
        self._total = total
        return records

    def _check_end(self) -> None:
        if self._total is not None and len(self._ids) < self._total:
            raise self._incomplete("it ended early")

    def _incomplete(self, what: str) -> IncompleteListing:
        read, total = len(self._ids), self._total
        return IncompleteListing(
            "incomplete_listing",
            f"The list of JumpCloud users cannot be trusted: {what} ({read} read, {total} announced).",
        )
