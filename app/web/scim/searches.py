"""Lists and searches over HTTP: filter, sort, both pagings, of one type or of all (RFC 7644 §3.4.2, RFC 9865)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy import Connection

from app.database import reading, reading_once
from app.directory import listing, wires
from app.directory.schemas import resource_type_at, schema_set
from app.directory.shelves import Shelf, shelf_of
from app.directory.wires import WireRow
from app.web.scim.exchange import Answer, Exchange, json_answer, text_answer
from app.web.scim.rendering import projection_of, shown_of
from scim import paging
from scim.cursors import CursorSeal, Query
from scim.errors import InvalidFilter, InvalidValue, ScimError
from scim.filter_tree import Filter
from scim.filters import parse_filter
from scim.paging import CursorPaging, Neighbours, Page
from scim.parse import parse_json
from scim.projection import Projection
from scim.schema import ResourceType
from scim.searching import search_request
from scim.sorting import Sort, parse_sort

Parameters = Mapping[str, Any]
T = TypeVar("T")


def listed(exchange: Exchange, endpoint: str) -> Answer:
    """Answer GET of an endpoint: a page of those that fit, in order of creation or sorted."""
    return _searched(exchange, _shelf_at(exchange, endpoint), exchange.query)


def searched(exchange: Exchange, endpoint: str) -> Answer:
    """Answer POST /<endpoint>/.search: the same, the parameters in the body (RFC 7644 §3.4.3)."""
    return _searched(exchange, _shelf_at(exchange, endpoint), search_request(parse_json(exchange.body())))


def listed_at_root(exchange: Exchange) -> Answer:
    """Answer GET of the root: resources of every type (RFC 7644 §3.4.2.1)."""
    return _searched_everywhere(exchange, exchange.query)


def searched_at_root(exchange: Exchange) -> Answer:
    """Answer POST /.search: the same, the parameters in the body."""
    return _searched_everywhere(exchange, search_request(parse_json(exchange.body())))


def _searched(exchange: Exchange, shelf: Shelf, parameters: Parameters) -> Answer:
    projection, tree = projection_of(exchange, shelf, parameters), _filter(exchange, shelf, parameters)
    sort = _sort(exchange, shelf, parameters)
    if parameters.get("cursor") is not None:
        return _by_cursor(exchange, shelf, parameters, projection, tree, sort)
    page = paging.parse(parameters.get("startIndex"), parameters.get("count"))
    with reading_once() if tree is not None else reading() as connection:
        found = wires.look_up(connection, exchange.scope, shelf, tree) if sort is None else None
        if found is None:
            total, rows = listing.page(
                connection, exchange.scope, shelf, tree, sort, page.start_index, page.count
            )
        else:
            total, rows = len(found), found[page.offset : page.offset + page.count]
        return _list_answer(exchange, connection, shelf, rows, projection, total, page)


def _by_cursor(
    exchange: Exchange,
    shelf: Shelf,
    parameters: Parameters,
    projection: Projection,
    tree: Filter | None,
    sort: Sort | None,
) -> Answer:
    cursors = CursorPaging(_seal(), _query(exchange, shelf, tree, sort), int(time.time()))
    page = cursors.asked(parameters["cursor"], parameters.get("count"), parameters.get("startIndex"))
    with reading() as connection:
        total, found = listing.cursor_page(connection, exchange.scope, shelf, tree, sort, page)
        shown, neighbours = cursors.turned(page, found, lambda each: each.place)
        rows = [each.row for each in shown]
        return _list_answer(exchange, connection, shelf, rows, projection, total, neighbours)


def _query(exchange: Exchange, shelf: Shelf, tree: Filter | None, sort: Sort | None) -> Query:
    """Return what a cursor belongs to; filter and sort as they were understood, whatever their spelling."""
    principal = exchange.principal
    who = (str(principal.tenant_id), str(principal.client_id), str(exchange.sees_sensitive))
    return (*who, shelf.resource_type.endpoint, repr(tree), repr(sort))


def _seal() -> CursorSeal:
    seal: CursorSeal = current_app.extensions["rollcall.cursor_seal"]
    return seal


def _list_answer(
    exchange: Exchange,
    connection: Connection,
    shelf: Shelf,
    rows: Sequence[WireRow],
    projection: Projection,
    total: int,
    page: Page | Neighbours,
) -> Answer:
    shown: Any = shown_of(exchange, connection, shelf, rows, projection)
    if projection.is_default:
        return text_answer(paging.list_text(shown, total, page))
    return json_answer(paging.list_response(shown, total, page))


def _searched_everywhere(exchange: Exchange, parameters: Parameters) -> Answer:
    if parameters.get("cursor") is not None:
        raise InvalidValue(
            "cursor: a search of every type is paged by startIndex; cursors go through one endpoint."
        )
    shelves = _shelves(exchange)
    page = paging.parse(parameters.get("startIndex"), parameters.get("count"))
    types = [shelf.resource_type for shelf in shelves]
    trees = {shelf: _filter(exchange, shelf, parameters, types) for shelf in shelves}
    sorts = _everywhere(shelves, lambda shelf: _sort(exchange, shelf, parameters))
    wanted = [listing.Wanted(shelf, tree, sorts.get(shelf)) for shelf, tree in trees.items()]
    with reading() as connection:
        total, found = listing.across(connection, exchange.scope, wanted, page.start_index, page.count)
        documents = _documents(exchange, connection, found, parameters)
    return json_answer(paging.list_response(documents, total, page))


def _everywhere(shelves: Sequence[Shelf], read: Callable[[Shelf], T]) -> dict[Shelf, T]:
    """Return what ``read`` makes of the parameters for each type that knows the attributes in them.

    When none has them, that is an error.
    """
    understood: dict[Shelf, T] = {}
    refusal: ScimError | None = None
    for shelf in shelves:
        try:
            understood[shelf] = read(shelf)
        except (InvalidFilter, InvalidValue) as error:
            refusal = refusal or error
    if refusal is not None and not understood:
        raise refusal
    return understood


def _documents(
    exchange: Exchange,
    connection: Connection,
    found: Sequence[tuple[Shelf, WireRow]],
    parameters: Parameters,
) -> list[Any]:
    by_id: dict[str, Any] = {}
    for shelf in dict.fromkeys(shelf for shelf, _ in found):
        rows = [row for each, row in found if each is shelf]
        projection = projection_of(exchange, shelf, parameters)
        shown: Any = shown_of(exchange, connection, shelf, rows, projection)
        documents = map(parse_json, (text.encode() for text in shown)) if projection.is_default else shown
        by_id |= dict(zip((row.id for row in rows), documents, strict=True))
    return [by_id[row.id] for _, row in found]


def _shelves(exchange: Exchange) -> list[Shelf]:
    types = schema_set(exchange.principal.tenant_id).resource_types.values()
    return [shelf_of(resource_type) for resource_type in types if resource_type.served]


def _shelf_at(exchange: Exchange, endpoint: str) -> Shelf:
    return shelf_of(resource_type_at(exchange.principal.tenant_id, endpoint))


def _filter(
    exchange: Exchange, shelf: Shelf, parameters: Parameters, others: Sequence[ResourceType] = ()
) -> Filter | None:
    text = parameters.get("filter")
    if not text:
        return None
    return parse_filter(text, shelf.resource_type, others=others, sensitive_allowed=exchange.sees_sensitive)


def _sort(exchange: Exchange, shelf: Shelf, parameters: Parameters) -> Sort | None:
    sort_by, sort_order = parameters.get("sortBy"), parameters.get("sortOrder")
    if not sort_by:
        return None
    return parse_sort(sort_by, sort_order, shelf.resource_type, sensitive_allowed=exchange.sees_sensitive)
