"""Resources of every type over HTTP: create, read, replace, patch and delete (RFC 7644 §3)."""

from __future__ import annotations

from sqlalchemy import Connection

from app.database import reading_once, writing
from app.directory import members, wires
from app.directory.schemas import resource_type_at
from app.directory.shelves import Shelf, shelf_of
from app.directory.writing import Held, Resource
from app.web.scim import changes
from app.web.scim.exchange import MAX_BODY_BYTES, MAX_GROUP_BODY_BYTES, Answer, Exchange
from app.web.scim.rendering import projection_of, resource_answer, row_of
from scim import conditions
from scim.errors import NotFound, echo
from scim.projection import Projection

#: A changed group of more members than this is answered 204 unless the request says what it wants to see: the answer
#: with all members would take far longer than the change (RFC 7644 §3.5.2 allows both).
LARGE_GROUP = 1_000


def create(exchange: Exchange, endpoint: str) -> Answer:
    """Answer POST to an endpoint: 201 with the resource (RFC 7644 §3.3)."""
    shelf = _shelf_at(exchange, endpoint)
    projection = projection_of(exchange, shelf)
    said = changes.read_create(exchange, shelf, exchange.body(_body_limit(shelf)))
    with writing() as connection:
        resource = changes.create(connection, exchange, shelf, said)
        row = row_of(resource, said.external_id, projection, is_member=False)
        return resource_answer(exchange, connection, shelf, row, projection, 201)


def read(exchange: Exchange, endpoint: str, resource_id: str) -> Answer:
    """Answer GET of a resource: the resource, or 304 when the client has this version (RFC 7644 §3.4.1)."""
    return read_from(exchange, _shelf_at(exchange, endpoint), resource_id)


def read_from(exchange: Exchange, shelf: Shelf, resource_id: str) -> Answer:
    """Answer GET of a resource of a shelf."""
    projection = projection_of(exchange, shelf)
    with reading_once() as connection:
        row = wires.wire_row(connection, exchange.scope, shelf, resource_id)
        if row is None:
            raise NotFound(f"There is no {shelf.name} {echo(resource_id, 64)} in this tenant.")
        if conditions.is_not_modified(exchange.header("IF_NONE_MATCH"), row.version):
            return Answer(304, headers={"ETag": conditions.etag(row.version)})
        return resource_answer(exchange, connection, shelf, row, projection)


def replace(exchange: Exchange, endpoint: str, resource_id: str) -> Answer:
    """Answer PUT of a resource (RFC 7644 §3.5.1)."""
    return replace_in(exchange, _shelf_at(exchange, endpoint), resource_id)


def replace_in(exchange: Exchange, shelf: Shelf, resource_id: str) -> Answer:
    """Answer PUT of a resource of a shelf."""
    projection = projection_of(exchange, shelf)
    said = changes.read_replace(exchange, shelf, exchange.body(_body_limit(shelf)))
    with writing() as connection:
        held = changes.hold(connection, exchange, shelf, resource_id)
        _check_conditions(exchange, held)
        written = changes.replace(connection, exchange, held, said)
        row = row_of(written.resource, said.external_id, projection, is_member=held.is_member)
        return resource_answer(exchange, connection, shelf, row, projection)


def patch(exchange: Exchange, endpoint: str, resource_id: str) -> Answer:
    """Answer PATCH of a resource: 200 with it, 204 on ``Prefer: return=minimal`` (RFC 7644 §3.5.2)."""
    return patch_in(exchange, _shelf_at(exchange, endpoint), resource_id)


def patch_in(exchange: Exchange, shelf: Shelf, resource_id: str) -> Answer:
    """Answer PATCH of a resource of a shelf."""
    projection = projection_of(exchange, shelf)
    said = changes.read_patch(exchange, shelf, exchange.body(_body_limit(shelf)))
    with writing() as connection:
        held = changes.hold(connection, exchange, shelf, resource_id)
        _check_conditions(exchange, held)
        written, external_id = changes.patch(connection, exchange, held, said)
        wants_nothing = "return=minimal" in (exchange.header("PREFER") or "").replace(" ", "").lower()
        if wants_nothing or _is_too_large_to_show(connection, shelf, written.resource, projection):
            return Answer(204, headers={"ETag": conditions.etag(written.resource.version)})
        row = row_of(written.resource, external_id, projection, is_member=held.is_member)
        return resource_answer(exchange, connection, shelf, row, projection)


def delete(exchange: Exchange, endpoint: str, resource_id: str) -> Answer:
    """Answer DELETE of a resource: 204; a userName is free again (RFC 7644 §3.6)."""
    return delete_from(exchange, _shelf_at(exchange, endpoint), resource_id)


def delete_from(exchange: Exchange, shelf: Shelf, resource_id: str) -> Answer:
    """Answer DELETE of a resource of a shelf."""
    with writing() as connection:
        held = changes.hold(connection, exchange, shelf, resource_id)
        _check_conditions(exchange, held)
        changes.delete(connection, exchange, held)
    return Answer(204)


def _shelf_at(exchange: Exchange, endpoint: str) -> Shelf:
    return shelf_of(resource_type_at(exchange.principal.tenant_id, endpoint))


def _body_limit(shelf: Shelf) -> int:
    return MAX_GROUP_BODY_BYTES if shelf.is_groups else MAX_BODY_BYTES


def _check_conditions(exchange: Exchange, held: Held) -> None:
    version = held.resource.version
    conditions.check_if_match(exchange.header("IF_MATCH"), version)
    conditions.check_if_none_match(exchange.header("IF_NONE_MATCH"), version)


def _is_too_large_to_show(
    connection: Connection, shelf: Shelf, group: Resource, projection: Projection
) -> bool:
    return (
        shelf.is_groups
        and projection.is_default
        and members.has_more_members_than(connection, group.tenant_id, group.id, LARGE_GROUP)
    )
