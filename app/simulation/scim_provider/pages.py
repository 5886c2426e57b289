"""Which part of a list a simulated service provider shows: by index, by cursor, all of it, or something careless."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.simulation.scim_provider.discovery import LIST_URN, listed
from app.simulation.scim_provider.errors import ScimRefusal
from app.simulation.scim_provider.personas import Persona

_EVERYTHING = 10_000_000


@dataclass(frozen=True)
class Page:
    """The resources from the 1-based ``start``, ``count`` of them at most; ``by_cursor`` decides the answer's form."""

    start: int
    count: int
    by_cursor: bool = False

    def answer(self, shown: list[dict[str, Any]], total: int, persona: Persona) -> dict[str, Any]:
        """Return the ListResponse with this page's resources out of ``total``."""
        if not self.by_cursor:
            return listed(shown, _claimed(total, len(shown), persona), self.start)
        answer: dict[str, Any] = {"schemas": [LIST_URN], "itemsPerPage": len(shown), "Resources": shown}
        if self.start - 1 + len(shown) < total:
            answer["nextCursor"] = _cursor(self.start + len(shown))
        return answer


def asked_page(asked: Mapping[str, Any], persona: Persona, max_results: int) -> Page:
    """Return the page that the query's words ask for; raises ScimRefusal (400) for a cursor that is none of ours."""
    count = min(max(0, _number(asked.get("count"), 100)), cap(persona, max_results))
    if persona("no-paging") is not None:
        return Page(1, _EVERYTHING)
    if persona("cursor-paging") is not None:
        cursor = asked.get("cursor")
        return Page(1, count) if cursor is None else Page(_position(str(cursor)), count, by_cursor=True)
    start = 1 if persona("no-start-index") is not None else max(1, _number(asked.get("startIndex"), 1))
    return Page(start, count)


def cap(persona: Persona, max_results: int) -> int:
    """Return the most resources of a page."""
    for name, usual in (("page-cap", 50), ("cursor-paging", 100)):
        asked = persona(name)
        if asked is not None:
            return int(asked.get("size", usual))
    return max_results


def _claimed(total: int, length: int, persona: Persona) -> int:
    if persona("page-total") is not None:
        return length
    lie = persona("lying-total")
    if lie is None:
        return total
    return int(lie["value"]) if "value" in lie else total + int(lie.get("add", 1000))


def _number(text: Any, otherwise: int) -> int:
    try:
        return int(text)
    except (TypeError, ValueError):
        return otherwise


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"from {position}".encode()).decode()


def _position(cursor: str) -> int:
    if not cursor:
        return 1
    try:
        return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("from "))
    except ValueError:
        raise ScimRefusal(400, "the cursor is none of ours", "invalidCursor") from None
