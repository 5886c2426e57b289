"""Index paging and list responses (RFC 7644 §3.4.2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scim.errors import InvalidValue, echo

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

DEFAULT_COUNT = 100
MAX_COUNT = 1_000

_MAX_INDEX = 2**53
"""Beyond any list; also the largest integer that every JSON reader keeps exactly."""


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


def list_response(resources: Sequence[Any], total: int, page: Page) -> dict[str, Any]:
    """Return the ListResponse document of one page; ``Resources`` is there even when empty."""
    return {
        "schemas": [LIST_SCHEMA],
        "totalResults": total,
        "startIndex": page.start_index,
        "itemsPerPage": len(resources),
        "Resources": list(resources),
    }


def _integer(name: str, given: str | int | None, default: int) -> int:
    if given is None or given == "":
        return default
    try:
        if isinstance(given, bool) or not isinstance(given, (str, int)):
            raise ValueError
        return int(given)
    except ValueError:
        raise InvalidValue(f"{name}: {echo(given, 60)} is not an integer.") from None
