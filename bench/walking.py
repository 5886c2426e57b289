"""Through everybody by cursor (RFC 9865), as a client that reads the whole directory goes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pydantic_core import from_json

from bench.client import Connection, body_of
from bench.contestants import Running
from bench.errors import BenchError
from bench.operations import OK


def last_cursor(server: Running, count: int) -> str:
    """Return the cursor that opens the last page of ``count`` people; raises ``BenchError`` when none is given.

    All pages are read in steps of ``count``: a cursor is good for the count that it was given with (RFC 9865 §2.1).
    """
    with Connection(server.process.port) as connection:
        before, cursor, page = "", "", _page(server, connection, count, "")
        if "nextCursor" not in page and page["totalResults"] > count:
            raise BenchError(f"{server.name} gave {count} of {page['totalResults']} people and no nextCursor")
        while "nextCursor" in page:
            before, cursor = cursor, page["nextCursor"]
            page = _page(server, connection, count, cursor)
    return cursor if page["Resources"] else before


def _page(server: Running, connection: Connection, count: int, cursor: str) -> dict[str, Any]:
    request = server.audience.request("GET", f"/Users?count={count}&cursor={quote(cursor)}")
    answer = connection.exchange(request)
    server.process.check(answer, OK, "a page by cursor")
    page: dict[str, Any] = from_json(body_of(answer))
    return page
