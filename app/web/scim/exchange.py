"""What every SCIM exchange shares: who asks, how large a body may be, the address in answers, the form of answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from flask import Response, current_app, g, request
from pydantic_core import to_json
from werkzeug.datastructures import Headers

from app.access.tokens import Authenticator, Principal
from app.config import Settings
from app.directory.documents import BASE_MARK
from app.directory.reading import WireRow
from app.directory.search import Scope
from app.directory.writing import Employee
from scim.errors import Forbidden, PayloadTooLarge, ScimError, Unauthorized, UnsupportedMediaType

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CONTENT_TYPE = "application/scim+json"
ACCEPTED_TYPES = frozenset({CONTENT_TYPE, "application/json"})
MAX_BODY_BYTES = 1 << 20
_JSON_HEADERS = {"Content-Type": CONTENT_TYPE}


@dataclass(frozen=True)
class View:
    """Through whose eyes an exchange looks: the principal and the address of the API."""

    principal: Principal
    base_url: str

    @property
    def scope(self) -> Scope:
        """Return the scope of searches and reads."""
        return Scope(self.principal.tenant_id, self.principal.client_id, self.base_url)


def view() -> View:
    """Return the view of the present request; :func:`authenticate` made it."""
    return cast("View", g.scim_view)


def authenticate(tenant_slug: str | None, *, is_read: bool) -> None:
    """Find out who asks and whether the token may; raises ``Unauthorized`` or ``Forbidden``."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise Unauthorized(
            "This request carries no bearer token; send Authorization: Bearer with a token of this tenant."
        )
    authenticator: Authenticator = current_app.extensions["rollcall.authenticator"]
    principal = authenticator.principal(text.strip())
    if principal is None or (tenant_slug is not None and principal.tenant_slug != tenant_slug):
        raise Unauthorized(
            "The bearer token is unknown, expired or revoked; ask an admin of Rollcall for a new one."
        )
    needed = "scim:read" if is_read else "scim:write"
    if not principal.may(needed):
        raise Forbidden(f"The token of client {principal.client_name!r} lacks the scope {needed}.")
    g.scim_view = View(principal, base_url(tenant_slug))


def base_url(tenant_slug: str | None) -> str:
    """Return the address of the API for this request; a Host header is believed on loopback only."""
    settings: Settings = current_app.extensions["rollcall.settings"]
    path = "/scim/v2" if tenant_slug is None else f"/t/{tenant_slug}/scim/v2"
    if settings.public_url:
        return settings.public_url + path
    return _local_address(request.scheme, request.host, request.environ.get("SERVER_PORT", "80")) + path


@lru_cache(maxsize=64)
def _local_address(scheme: str, host: str, port: str) -> str:
    is_loopback = (urlsplit("//" + host).hostname or "") in {"localhost", "127.0.0.1", "::1"}
    return f"{scheme}://{host if is_loopback else f'localhost:{port}'}"


def body(limit: int = MAX_BODY_BYTES) -> bytes:
    """Return the request's body.

    :raises UnsupportedMediaType: another content type. :raises PayloadTooLarge: more than ``limit`` bytes; the body is
        then not read.
    """
    if request.mimetype not in ACCEPTED_TYPES:
        raise UnsupportedMediaType(f"Send the body as {CONTENT_TYPE} or application/json.")
    length = request.content_length
    if length is not None and length > limit:
        raise PayloadTooLarge(f"The body has {length} bytes; at most {limit} are taken. Send less at once.")
    if length is not None:
        return request.environ["wsgi.input"].read(length)
    data = request.stream.read(limit + 1)
    if len(data) > limit:
        raise PayloadTooLarge(f"The body has more than the {limit} bytes that are taken. Send less at once.")
    return data


class Answer(Response):
    """A response whose headers are complete: werkzeug would look through them for what to mend, 8 µs."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Return the headers as they are."""
        return self.headers


def json_text(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer of ready JSON text; every URL in ``headers`` is absolute and ASCII."""
    return Answer(text, status, {**headers, "Content-Type": CONTENT_TYPE} if headers else _JSON_HEADERS)


def json_answer(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer with this document."""
    return json_text(to_json(document).decode(), status, headers)


def error_answer(error: ScimError) -> Response:
    """Return the SCIM Error of RFC 7644 §3.12, with the headers that belong to it."""
    return json_answer(error.to_document(), error.status, error.headers)


def row_of(employee: Employee, external_id: str | None) -> WireRow:
    """Return a just written employee in the form of a read one."""
    return WireRow(
        employee.id,
        employee.version,
        employee.wire,
        None,
        employee.created_at,
        employee.last_modified,
        external_id,
    )


def spliced(row: WireRow, base: str) -> str:
    """Return the default projection of an employee as text: stored wire text with the rest spliced in."""
    wire = row.wire
    if BASE_MARK in wire:
        wire = wire.replace(BASE_MARK, f'"$ref":"{base}/')
    external = "" if row.external_id is None else f',"externalId":{to_json(row.external_id).decode()}'
    return (
        f'{wire[:-1]},"id":"{row.id}"{external},"meta":{{"resourceType":"User","created":"{row.created_at}",'
        f'"lastModified":"{row.last_modified}","location":"{base}/Users/{row.id}","version":"W/\\"{row.version}\\""}}}}'
    )
