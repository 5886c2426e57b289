"""Stored resources as the text and documents of answers: what was not stored is spliced in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection

from app.directory import members
from app.directory.documents import BASE_MARK, dumped, forms_of, with_on_request
from app.directory.shelves import Shelf
from app.directory.wires import WireRow
from app.directory.writing import Resource
from app.web.scim.exchange import Answer, Exchange, json_answer, text_answer
from scim import conditions
from scim.parse import parse_json
from scim.projection import Projection


def projection_of(
    exchange: Exchange, shelf: Shelf, parameters: Mapping[str, Any] | None = None
) -> Projection:
    """Return what of a resource the request wants to see, by its query or by the ``parameters`` of a search."""
    given = exchange.query if parameters is None else parameters
    return Projection.parse(
        given.get("attributes"),
        given.get("excludedAttributes"),
        shelf.resource_type,
        sensitive_allowed=exchange.sees_sensitive,
    )


def row_of(
    resource: Resource, external_id: str | None, projection: Projection, *, is_member: bool
) -> WireRow:
    """Return a just written resource in the form of a read one."""
    asked = None
    if not projection.is_default and projection.needs_on_request:
        _, asked = forms_of(resource.resource_type).split(resource.document)
    return WireRow(
        resource.id,
        resource.version,
        resource.wire,
        dumped(asked) if asked else None,
        resource.created_at,
        resource.last_modified,
        external_id,
        is_member,
    )


def resource_answer(
    exchange: Exchange,
    connection: Connection,
    shelf: Shelf,
    row: WireRow,
    projection: Projection,
    status: int = 200,
) -> Answer:
    """Return the answer with one resource, its entity tag, and its address when it is new."""
    headers = {"ETag": conditions.etag(row.version)}
    if status == 201:
        headers["Location"] = f"{exchange.base_url}{shelf.resource_type.endpoint}/{row.id}"
    (shown,) = shown_of(exchange, connection, shelf, [row], projection)
    if isinstance(shown, str):
        return text_answer(shown, status, headers)
    return json_answer(shown, status, headers)


def shown_of(
    exchange: Exchange, connection: Connection, shelf: Shelf, rows: Sequence[WireRow], projection: Projection
) -> list[str] | list[dict[str, Any]]:
    """Return what the request may see of each resource: ready texts for the default projection, else documents."""
    spliced = _spliced(exchange, connection, shelf, rows, projection)
    if projection.is_default:
        return spliced
    documents = []
    for row, text in zip(rows, spliced, strict=True):
        full = parse_json(text.encode())
        if row.on_request and projection.needs_on_request:
            full = with_on_request(full, row.on_request)
        documents.append(projection.apply(full))
    return documents


def _spliced(
    exchange: Exchange, connection: Connection, shelf: Shelf, rows: Sequence[WireRow], projection: Projection
) -> list[str]:
    derived = _derived(exchange, connection, shelf, rows, projection)
    base, name = exchange.base_url, shelf.name
    place = f"{base}{shelf.resource_type.endpoint}/"
    texts = []
    for row in rows:
        wire = row.wire
        if BASE_MARK in wire:
            wire = wire.replace(BASE_MARK, f'"$ref":"{base}/')
        external = "" if row.external_id is None else f',"externalId":{to_json(row.external_id).decode()}'
        texts.append(
            f'{wire[:-1]},"id":"{row.id}"{external}{derived.get(row.id, "")},"meta":{{"resourceType":"{name}",'
            f'"created":"{row.created_at}","lastModified":"{row.last_modified}","location":"{place}{row.id}",'
            f'"version":"W/\\"{row.version}\\""}}}}'
        )
    return texts


def _derived(
    exchange: Exchange, connection: Connection, shelf: Shelf, rows: Sequence[WireRow], projection: Projection
) -> dict[str, str]:
    """Return id → the text of ``groups`` or ``members``, looked up only where they are shown."""
    tenant_id, base = exchange.principal.tenant_id, exchange.base_url
    if shelf.is_people:
        ids = [row.id for row in rows if row.is_member]
        if not ids or not projection.needs_groups:
            return {}
        return {
            member_id: ',"groups":' + _entries(base, [(g.id, "Group", g.type, g.display) for g in groups])
            for member_id, groups in members.belongings(connection, tenant_id, ids).items()
        }
    if not shelf.is_groups or not projection.shows("members"):
        return {}
    found = {row.id: members.members_of(connection, tenant_id, row.id) for row in rows}
    return {
        group_id: ',"members":' + _entries(base, [(m.id, m.type, m.type, m.display) for m in entries])
        for group_id, entries in found.items()
        if entries
    }


def _entries(base: str, entries: Sequence[tuple[str, str, str, str | None]]) -> str:
    """Return references as JSON text; each is (id, resource type, value of ``type``, display)."""
    texts = []
    for resource_id, kind, type_, display in entries:
        shown = "" if display is None else f',"display":{to_json(display).decode()}'
        texts.append(
            f'{{"value":"{resource_id}","$ref":"{base}/{kind}s/{resource_id}","type":"{type_}"{shown}}}'
        )
    return f"[{','.join(texts)}]"
