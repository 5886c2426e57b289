"""``/Users``: create, read, list, replace, patch and delete employees (RFC 7644 §3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request
from sqlalchemy import Connection

from app import directory
from app.database import reading, reading_once, writing
from app.directory import reading as reads
from app.directory.documents import joined
from app.directory.reading import WireRow
from app.directory.writing import Employee
from app.web.scim.exchange import View, body, json_answer, json_text, row_of, spliced, view
from scim import conditions, paging
from scim.codec import Decoded, codec_of
from scim.errors import NotFound, echo
from scim.filters import parse_filter
from scim.parse import parse_json
from scim.patch import apply_patch, parse_patch
from scim.projection import Projection
from scim.resources import user_type
from scim.searching import search_request

_user = user_type()
_codec = codec_of(_user)
_SEALED = frozenset(a.path for a in _user.walk() if a.returned == "never" and a.path != "password")


def create() -> Response:
    """Answer POST /Users: 201 with the resource (RFC 7644 §3.3)."""
    seen, projection = view(), _projection()
    decoded = _codec.decode_create(body())
    with writing() as connection:
        employee = directory.create(
            connection,
            seen.principal.tenant_id,
            _actor(seen),
            decoded.document,
            external_id=decoded.external_id,
            client_id=seen.principal.client_id,
            secrets=decoded.secrets,
        )
    row = row_of(employee, decoded.external_id)
    location = {"Location": f"{seen.base_url}/Users/{employee.id}"}
    return _resource_answer(seen, row, projection, 201, location)


def read(user_id: str) -> Response:
    """Answer GET /Users/{id}: the resource, or 304 when the client has this version (RFC 7644 §3.4.1)."""
    seen, projection = view(), _projection()
    with reading_once() as connection:
        row = reads.wire_row(connection, seen.scope, user_id)
    if row is None:
        raise _missing(user_id)
    if conditions.is_not_modified(request.headers.get("If-None-Match"), row.version):
        return Response(status=304, headers={"ETag": conditions.etag(row.version)})
    return _resource_answer(seen, row, projection)


def listed() -> Response:
    """Answer GET /Users: a page of those who fit the filter, in order of creation (RFC 7644 §3.4.2)."""
    return _searched(request.args)


def search() -> Response:
    """Answer POST /.search and /Users/.search: the same, the parameters in the body (RFC 7644 §3.4.3)."""
    return _searched(search_request(parse_json(body())))


def _searched(parameters: Mapping[str, Any]) -> Response:
    seen, projection = view(), _projection(parameters)
    page = paging.parse(parameters.get("startIndex"), parameters.get("count"))
    text = parameters.get("filter")
    tree = None
    if text:
        tree = parse_filter(text, _user, sensitive_allowed=seen.principal.may("scim:sensitive"))
    with reading_once() if tree is not None else reading() as connection:
        found = reads.look_up(connection, seen.scope, tree) if tree is not None else None
        if found is None:
            total, rows = reads.page(connection, seen.scope, tree, page.start_index, page.count)
        else:
            total, rows = len(found), found[page.offset : page.offset + page.count]
    return _list_answer(seen, projection, total, page, rows)


def replace(user_id: str) -> Response:
    """Answer PUT /Users/{id} (RFC 7644 §3.5.1).

    What the client could not have known stays: values that are never returned or only on request, unless they were
    unassigned by name; and whether the person is active, unless it was said.
    """
    seen, projection = view(), _projection()
    decoded = _codec.decode_replace(body())
    with writing() as connection:
        held = _held(connection, seen, user_id)
        written = directory.change(
            connection,
            held,
            _actor(seen),
            _with_unseen(decoded, held.employee),
            external_id=decoded.external_id,
            secrets={**_cleared_secrets(decoded.cleared), **decoded.secrets},
        )
    return _written_answer(seen, written.employee, decoded.external_id, projection)


def patch(user_id: str) -> Response:
    """Answer PATCH /Users/{id}: 200 with the resource, 204 on ``Prefer: return=minimal`` (RFC 7644 §3.5.2)."""
    seen, projection = view(), _projection()
    operations = parse_patch(parse_json(body()), _user)
    with writing() as connection:
        held = _held(connection, seen, user_id)
        patched = apply_patch(held.employee.document, operations, _codec)
        external_id = patched.external_id or (None if "externalId" in patched.cleared else held.external_id)
        written = directory.change(
            connection,
            held,
            _actor(seen),
            patched.document,
            external_id=external_id,
            secrets={**_cleared_secrets(patched.cleared), **patched.secrets},
        )
    if "return=minimal" in request.headers.get("Prefer", "").replace(" ", "").lower():
        return Response(status=204, headers={"ETag": conditions.etag(written.employee.version)})
    return _written_answer(seen, written.employee, external_id, projection)


def delete(user_id: str) -> Response:
    """Answer DELETE /Users/{id}: 204; the userName is free again (RFC 7644 §3.6)."""
    seen = view()
    with writing() as connection:
        _held(connection, seen, user_id)
        directory.delete(connection, seen.principal.tenant_id, user_id, _actor(seen))
    return Response(status=204)


def _actor(seen: View) -> directory.Actor:
    return directory.Actor("client", str(seen.principal.client_id))


def _held(connection: Connection, seen: View, user_id: str) -> directory.Held:
    """Return the employee, locked, whose version the request's conditions allow to be changed."""
    held = directory.read_for_change(connection, seen.principal.tenant_id, user_id, seen.principal.client_id)
    _check_conditions(held.employee)
    return held


def _missing(user_id: str) -> NotFound:
    return NotFound(f"There is no User {echo(user_id, 64)} in this tenant.")


def _projection(parameters: Mapping[str, Any] | None = None) -> Projection:
    allowed = view().principal.may("scim:sensitive")
    given = parameters
    if given is None:
        given = request.args if request.query_string else {}
    asked, excluded = given.get("attributes"), given.get("excludedAttributes")
    return Projection.parse(asked, excluded, _user, sensitive_allowed=allowed)


def _check_conditions(before: Employee) -> None:
    conditions.check_if_match(request.headers.get("If-Match"), before.version)
    conditions.check_if_none_match(request.headers.get("If-None-Match"), before.version)


def _with_unseen(decoded: Decoded, before: Employee) -> directory.Document:
    """Return the replacing document with what the client could not have known laid under it."""
    document = dict(decoded.document)
    if "active" not in document and "active" in before.document and "active" not in decoded.cleared:
        document["active"] = before.document["active"]
    for extension, _ in _user.extensions:
        unseen = {
            attribute.name: before.document[extension.id][attribute.name]
            for attribute in extension.attributes.values()
            if attribute.returned == "request"
            and attribute.name in before.document.get(extension.id, {})
            and attribute.path not in decoded.cleared
            and extension.id not in decoded.cleared
        }
        if unseen:
            document[extension.id] = {**unseen, **document.get(extension.id, {})}
            if extension.id not in document["schemas"]:
                document["schemas"] = [*document["schemas"], extension.id]
    return document


def _cleared_secrets(cleared: frozenset[str]) -> dict[str, None]:
    """Return None for each sealed value that was unassigned by name."""
    return dict.fromkeys(path for path in cleared if path in _SEALED)


def _written_answer(
    seen: View, employee: Employee, external_id: str | None, projection: Projection
) -> Response:
    row = row_of(employee, external_id)
    return _resource_answer(seen, row, projection)


def _resource_answer(
    seen: View, row: WireRow, projection: Projection, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    tagged = {**(headers or {}), "ETag": conditions.etag(row.version)}
    if projection.is_default:
        return json_text(spliced(row, seen.base_url), status, tagged)
    return json_answer(_projected(seen, row, projection), status, tagged)


def _projected(seen: View, row: WireRow, projection: Projection) -> dict[str, Any]:
    full = parse_json(spliced(row, seen.base_url).encode())
    if row.on_request and projection.needs_on_request:
        full = {**full, **joined(row.wire, row.on_request)}
    shown: dict[str, Any] = projection.apply(full)
    return shown


def _list_answer(
    seen: View, projection: Projection, total: int, page: paging.Page, rows: list[WireRow]
) -> Response:
    if not projection.is_default:
        return json_answer(
            paging.list_response([_projected(seen, row, projection) for row in rows], total, page)
        )
    resources = ",".join(spliced(row, seen.base_url) for row in rows)
    return json_text(
        f'{{"schemas":["{paging.LIST_SCHEMA}"],"totalResults":{total},"startIndex":{page.start_index},'
        f'"itemsPerPage":{len(rows)},"Resources":[{resources}]}}'
    )
