"""Both ways of paging (vendors.md §3.2), and how a list can go wrong."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.datastructures import MultiDict

from app.vendors.smartrecruiters.simulator.company import Row
from app.vendors.smartrecruiters.simulator.errors import Refusal
from app.vendors.smartrecruiters.simulator.views import Persona

LARGEST = 100
PERSONAS: dict[str, str] = {
    "page-size": "gives at most `size` rows on a page, whatever is asked for",
    "next-by-link": "names the next page in the Link header only",
    "page-loop": "leads back to the first page from every page",
    "duplicate-rows": "starts each further page with the last row of the page before",
    "empty-lists": "answers every list of candidates as if it were empty",
    "shrinking-total": "tells a total that is one less on each further page by offset",
}
Query = MultiDict[str, str]


def limit_of(query: Query, usual: int) -> int:
    """Return the size of a page; raises Refusal (400) for one that is not 1 to 100."""
    text = query.get("limit") or str(usual)
    if not text.isdigit() or not 1 <= int(text) <= LARGEST:
        raise Refusal(400, "limit must be between 1 and 100", "LIMIT_OUT_OF_RANGE")
    return int(text)


def by_page_id(
    rows: list[Row], query: Query, persona: Persona, *, usual: int, base: str
) -> tuple[Row, dict[str, str]]:
    """Return body and headers of a page by ``pageId``; raises Refusal (400) for one that nobody gave out."""
    limit, page_id = limit_of(query, usual), query.get("pageId") or "p0"
    if not page_id[1:].isdigit() or page_id[0] != "p":
        raise Refusal(400, "pageId is not known", "INVALID_PAGE_ID")
    if persona("empty-lists") is not None:
        rows = []
    size = min(limit, int((persona("page-size") or {}).get("size", limit)))
    start = int(page_id[1:])
    first = max(0, start - 1) if persona("duplicate-rows") is not None and start else start
    end = start + size
    body: Row = {"limit": limit, "content": rows[first:end]}
    if end >= len(rows) and persona("page-loop") is None:
        return body, {}
    following = "p0" if persona("page-loop") is not None else f"p{end}"
    if persona("next-by-link") is not None:
        kept = "&".join(f"{name}={value}" for name, value in query.items(multi=True) if name != "pageId")
        return body, {"Link": f'<{base}?{kept}&pageId={following}>; rel="next"'}
    return {**body, "nextPageId": following}, {}


def by_offset(rows: list[Row], query: Query, persona: Persona, shown: Callable[[Row], Row]) -> Row:
    """Return the body of a page by ``offset``."""
    limit = limit_of(query, 10)
    text = query.get("offset") or "0"
    if not text.isdigit():
        raise Refusal(400, "offset must be a number", "INVALID_OFFSET")
    size = min(limit, int((persona("page-size") or {}).get("size", limit)))
    offset, total = int(text), len(rows)
    if persona("shrinking-total") is not None and offset:
        total -= 1
    content = [shown(row) for row in rows[offset : offset + size]]
    return {"limit": limit, "offset": offset, "totalFound": total, "content": content}
