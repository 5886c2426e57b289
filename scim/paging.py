"""Pages of a list: by index (RFC 7644 §3.4.2.4) and by cursor (RFC 9865), and the ListResponse of either.

A cursor names a place in the order of the list, never an offset: the sort key and id of the resource that
the page beside it ended with. So resources that come and go make no other one appear twice or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from scim.cursors import CURSOR_TIMEOUT, CursorPage, CursorSeal, Place, Position, Query
from scim.errors import BadRequest, InvalidCount, InvalidValue, echo

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

DEFAULT_COUNT = 100
MAX_COUNT = 1_000

_MAX_INDEX = 2**53
"""Beyond any list; also the largest integer that every JSON reader keeps exactly."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page:
    """A window on a list: the index of its first resource, from 1, and how many at most, 0 to 1,000."""

    start_index: int = 1
    count: int = DEFAULT_COUNT

    @property
    def offset(self) -> int:
        """How many resources come before the window."""
        return self.start_index - 1


def parse(start_index: str | int | None, count: str | int | None) -> Page:
    """Return the page that ``startIndex`` and ``count`` ask for, brought within the limits.

    A ``startIndex`` below 1 is 1, a negative ``count`` is 0, a large one is the maximum (RFC 7644
    §3.4.2.4). Absent or empty parameters take the defaults.

    :raises InvalidValue: a parameter is not an integer.
    """
    start = _integer("startIndex", start_index, 1)
    wanted = _integer("count", count, DEFAULT_COUNT)
    return Page(min(max(start, 1), _MAX_INDEX), min(max(wanted, 0), MAX_COUNT))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The cursors of the pages beside one; None where there is no page."""

    next_cursor: str | None = None
    previous_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class CursorPaging:
    """Cursor paging of one query at one moment: what was asked for, and the cursors of the answer.

    ``now`` is in epoch seconds, ``timeout`` in seconds.
    """

    seal: CursorSeal
    query: Query
    now: int
    timeout: int = CURSOR_TIMEOUT

    def asked(self, cursor: str, count: str | int | None, start_index: str | int | None = None) -> CursorPage:
        """Return the page that the parameters ask for; an empty cursor asks for the first one.

        A negative ``count`` is 0; absent or empty it is the default, or that of the first page.

        :raises InvalidCursor: see :meth:`CursorSeal.open`. :raises ExpiredCursor: likewise.
        :raises InvalidCount: it is no integer, above the maximum, or not that of the first page (RFC 9865
            §2.1).
        :raises InvalidValue: there is a ``startIndex`` too. Either one picks a method of paging (RFC 9865
            §2.4), and no text says which of two wins.
        """
        if start_index is not None and start_index != "":
            raise InvalidValue("cursor and startIndex are two ways of paging. Send one of them.")
        page = self.seal.open(cursor, self.query, self.now, self.timeout) if cursor else None
        wanted = max(_integer("count", count, page.count if page else DEFAULT_COUNT, InvalidCount), 0)
        if wanted > MAX_COUNT:
            raise InvalidCount(f"count: {echo(count, 60)} is more than the {MAX_COUNT} of a page.")
        if page and wanted != page.count:
            raise InvalidCount(f"count: {wanted} is not the {page.count} of the first page. Keep it.")
        return page or CursorPage(wanted)

    def turned(
        self, page: CursorPage, rows: Sequence[Row], place: Callable[[Row], Place]
    ) -> tuple[list[Row], Neighbours]:
        """Return what the page shows, in the order of the list, and the cursors beside it.

        :param rows: up to ``page.limit`` resources beyond the position, in the order of reading: for a
            backward page against that of the list.
        :param place: tells where a resource stands.
        """
        shown = list(rows[: page.count])
        has_more = len(rows) > page.count
        if not shown:
            # Nothing is left before the position: the next page is the first one.
            return [], Neighbours(self._cursor(page.count, None) if page.is_backward else None)
        if page.is_backward:
            shown.reverse()
        has_next = page.is_backward or has_more
        has_previous = has_more if page.is_backward else page.position is not None
        after = Position.at(place(shown[-1]), is_backward=False)
        before = Position.at(place(shown[0]), is_backward=True)
        return shown, Neighbours(
            self._cursor(page.count, after) if has_next else None,
            self._cursor(page.count, before) if has_previous else None,
        )

    def _cursor(self, count: int, position: Position | None) -> str:
        return self.seal.seal(CursorPage(count, position), self.query, self.now)


def list_response(resources: Sequence[Any], total: int, page: Page | Neighbours) -> dict[str, Any]:
    """Return the ListResponse document of one page; ``Resources`` is there even when empty.

    :param page: the page by index, or the cursors beside a page by cursor.
    """
    return {
        "schemas": [LIST_SCHEMA],
        "totalResults": total,
        **_paging_members(page),
        "itemsPerPage": len(resources),
        "Resources": list(resources),
    }


def list_text(resources: Sequence[str], total: int, page: Page | Neighbours) -> str:
    """Return :func:`list_response` as JSON text, from the ready JSON texts of the resources."""
    # Cursors are URL-safe: in JSON they stand as they are.
    paging = "".join(
        f'"{name}":{value},' if isinstance(value, int) else f'"{name}":"{value}",'
        for name, value in _paging_members(page).items()
    )
    return (
        f'{{"schemas":["{LIST_SCHEMA}"],"totalResults":{total},{paging}"itemsPerPage":{len(resources)},'
        f'"Resources":[{",".join(resources)}]}}'
    )


def _paging_members(page: Page | Neighbours) -> dict[str, int | str]:
    if isinstance(page, Page):
        return {"startIndex": page.start_index}
    cursors = {"nextCursor": page.next_cursor, "previousCursor": page.previous_cursor}
    return {name: cursor for name, cursor in cursors.items() if cursor is not None}


def _integer(
    name: str, given: str | int | None, default: int, refusal: type[BadRequest] = InvalidValue
) -> int:
    if given is None or given == "":
        return default
    try:
        if isinstance(given, bool) or not isinstance(given, (str, int)):
            raise ValueError
        return int(given)
    except ValueError:
        raise refusal(f"{name}: {echo(given, 60)} is not an integer.") from None
