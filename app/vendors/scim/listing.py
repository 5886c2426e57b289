"""Reading a list of a SCIM service provider to its end, by the kind of paging that its profile names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from app.outbound import OutboundSession
from app.vendors.scim.places import Document, member
from app.vendors.scim.profile import Profile
from scim.client import ScimClient
from scim.client_errors import AnswerUnusable, IncompleteListing, error_of, read_json

MOST_PAGES = 10_000
MOST_RESOURCES = 500_000


def documents(
    http: OutboundSession, endpoint: str, profile: Profile, *, page_size: int, condition: str | None = None
) -> Iterator[Document]:
    """Every resource of the end point, or those that fulfil the filter, each once.

    Raises the `ClientError` family; `IncompleteListing` where nobody may be taken as missing.
    """
    return _READERS[profile.paging](http, endpoint, profile, page_size, condition)


def _by_index(
    http: OutboundSession, endpoint: str, profile: Profile, page_size: int, condition: str | None
) -> Iterator[Document]:
    client = ScimClient(
        http, "", headers=profile.headers, content_type=profile.content_type, endpoint=endpoint
    )
    return client.list_users(page_size=page_size, filter=condition)


def _by_cursor(
    http: OutboundSession, endpoint: str, profile: Profile, page_size: int, condition: str | None
) -> Iterator[Document]:
    """RFC 9865: an empty `cursor` asks for pages by cursor, the answer without a `nextCursor` is the last."""
    seen: set[str] = set()
    cursors: set[str] = set()
    cursor, total = "", None
    for _ in range(MOST_PAGES):
        page = _page(http, endpoint, profile, condition, {"cursor": cursor, "count": str(page_size)})
        resources = resources_of(page)
        fresh = {each["id"]: each for each in resources if each["id"] not in seen}
        if resources and not fresh:
            raise _incomplete("gave a page again that it had given before", seen, total)
        seen.update(fresh)
        yield from fresh.values()
        total = _total(page)
        following = member(page, "nextCursor")
        if not isinstance(following, str) or not following:
            break
        if following in cursors or len(seen) > MOST_RESOURCES:
            raise _incomplete("gave a cursor again, or more than half a million resources", seen, total)
        cursors.add(cursor := following)
    else:
        raise _incomplete(f"did not end within {MOST_PAGES} pages", seen, total)
    if total is not None and len(seen) < total:
        raise _incomplete("stopped giving resources before the end", seen, total)


def _at_once(
    http: OutboundSession, endpoint: str, profile: Profile, page_size: int, condition: str | None
) -> Iterator[Document]:
    """One answer without paging; whatever is announced beyond it can be read by nobody."""
    page = _page(http, endpoint, profile, condition, {})
    found = {each["id"]: each for each in resources_of(page)}
    total = _total(page)
    if total is not None and len(found) < total:
        raise _incomplete("announced more than it gave, and knows no paging", set(found), total)
    yield from found.values()


_READERS: Mapping[str, Callable[..., Iterator[Document]]] = {
    "index": _by_index,
    "cursor": _by_cursor,
    "none": _at_once,
}


def _page(
    http: OutboundSession,
    endpoint: str,
    profile: Profile,
    condition: str | None,
    paging: Mapping[str, str],
) -> Document:
    query = {**({"filter": condition} if condition is not None else {}), **paging}
    return answered(http, "GET", endpoint, headers=profile.headers, query=query)


def answered(
    http: OutboundSession,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str],
    query: Mapping[str, str] | None = None,
) -> Document:
    """The JSON object of a successful answer. Raises the `ClientError` family."""
    accepted = {"Accept": "application/scim+json, application/json", **headers}
    response = http.call(method, path, query=(query or {}).items(), headers=accepted.items())
    if not response.ok:
        raise error_of(response.status, response.headers, response.body, datetime.now(UTC))
    try:
        page = read_json(response.body)
    except ValueError:
        page = None
    if not isinstance(page, dict):
        raise AnswerUnusable(f"HTTP {response.status} whose body is not a JSON object.", status=200)
    return page


def resources_of(page: Mapping[str, Any]) -> list[Document]:
    """The resources of a ListResponse, its members in any case. Raises `AnswerUnusable` when it is none."""
    resources = member(page, "Resources") or []
    if not isinstance(resources, list) or (not resources and _total(page) is None and "schemas" not in page):
        raise AnswerUnusable("The answer to a list is not a ListResponse.", status=200)
    for each in resources:
        if not isinstance(each, dict) or not isinstance(each.get("id"), str):
            raise AnswerUnusable("A list holds a resource without a usable id.", status=200)
    return resources


def _total(page: Mapping[str, Any]) -> int | None:
    total = member(page, "totalResults")
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None


def _incomplete(what: str, seen: set[str], total: int | None) -> IncompleteListing:
    announced = "no total" if total is None else f"totalResults {total}"
    detail = f"The service provider {what}: {len(seen)} read, {announced}. Read the list again."
    return IncompleteListing(detail, read=len(seen), announced=total)
