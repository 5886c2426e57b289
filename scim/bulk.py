"""Bulk requests (RFC 7644 §3.7): one JSON text to operations, each checked on its own.

A mistake in the envelope refuses the request; one in an operation is that operation's error, and the
others are done. What is done in which order, and what the answer says, is in `scim.bulk_run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from scim.bulk_references import bulk_id_in, references_in, with_ids
from scim.errors import ECHO_LIMIT, InvalidSyntax, InvalidValue, PayloadTooLarge, ScimError, echo
from scim.parse import parse_json

BULK_REQUEST_SCHEMA: Final = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
MAX_OPERATIONS: Final = 100
MAX_PAYLOAD_BYTES: Final = 1 << 20
MAX_BULK_ID: Final = ECHO_LIMIT
"""Characters in a bulkId: answers repeat it whole."""

_NEEDS_DATA: Final = {"POST": True, "PUT": True, "PATCH": True, "DELETE": False}


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation of a bulk request; with an `error` it is not to be done, and the rest may be empty.

    `position` counts from 0. `method` is upper-case, `path` relative to the API's root and with a slash in
    front. `version` is the entity tag the resource must have. `references` are the bulkIds that path and
    data refer to.
    """

    position: int
    method: str
    path: str = ""
    bulk_id: str | None = None
    version: str | None = None
    data: Any = None
    references: frozenset[str] = frozenset()
    error: ScimError | None = None

    @property
    def endpoint(self) -> str:
        """The endpoint that the path starts with, such as `/Users`."""
        return split_path(self.path)[0]

    @property
    def resource_id(self) -> str | None:
        """The id in the path; None for a POST."""
        return split_path(self.path)[1]


@dataclass(frozen=True, slots=True)
class Bulk:
    """A bulk request: its operations in their order, and after how many errors to stop (None: never)."""

    operations: tuple[BulkOperation, ...]
    fail_on_errors: int | None = None

    @property
    def creators(self) -> Mapping[str, BulkOperation]:
        """The POST behind each bulkId, the first of several: these are the ids that a caller assigns."""
        found: dict[str, BulkOperation] = {}
        for operation in self.operations:
            if operation.method == "POST" and operation.bulk_id is not None:
                found.setdefault(operation.bulk_id, operation)
        return found


def parse_bulk(
    raw: bytes,
    base_url: str = "",
    *,
    max_operations: int = MAX_OPERATIONS,
    max_payload: int = MAX_PAYLOAD_BYTES,
) -> Bulk:
    """Return the operations of a bulk request; member names, methods and `bulkId:` in any case.

    :param base_url: the address of the API, which paths may start with.
    :raises PayloadTooLarge: more bytes or operations than are taken (§3.7.4).
    :raises InvalidSyntax: no JSON, no BulkRequest, or nothing to do.
    :raises InvalidValue: `failOnErrors` is not an integer from 1 up.
    """
    if len(raw) > max_payload:
        raise PayloadTooLarge(f"The size of the bulk operation exceeds the maxPayloadSize ({max_payload}).")
    body = _members(parse_json(raw), "The body")
    _check_schemas(body.get("schemas"))
    listed = body.get("operations")
    if not isinstance(listed, list) or not listed:
        raise InvalidSyntax('The body has no "Operations": a bulk request carries a list of one or more.')
    if len(listed) > max_operations:
        raise PayloadTooLarge(
            f"The number of operations ({len(listed)}) exceeds the maxOperations ({max_operations})."
        )
    fail_on_errors = _fail_on_errors(body.get("failonerrors"))
    read = Bulk(tuple(_operation(position, each, base_url) for position, each in enumerate(listed)))
    creators = read.creators
    return Bulk(tuple(_placed(each, creators) for each in read.operations), fail_on_errors)


def split_path(path: str, base_url: str = "") -> tuple[str, str | None]:
    """Return the endpoint and the id that the path of an operation names; the id may be a `bulkId:` reference.

    >>> split_path("/Users/2819c223")
    ('/Users', '2819c223')
    >>> split_path("https://example.com/v2/Groups", "https://example.com/v2")
    ('/Groups', None)

    :raises InvalidValue: an address elsewhere, a query string, more than an endpoint and an id.
    """
    endpoint, _slash, resource_id = _relative(path, base_url).partition("/")
    is_reference = bulk_id_in(resource_id) is not None
    spelled = endpoint if is_reference else endpoint + resource_id
    if not endpoint or len(spelled) > ECHO_LIMIT or any(mark in _NO_PATH for mark in spelled):
        raise InvalidValue(
            f"The path {echo(path)} is neither an endpoint such as /Users nor a resource such as /Users/1a2b."
        )
    return "/" + endpoint, resource_id or None


def resolved(operation: BulkOperation, ids: Mapping[str, str]) -> BulkOperation:
    """Return an operation with ids in place of its references; raises KeyError when one has no id."""
    if not operation.references:
        return operation
    endpoint, resource_id = split_path(operation.path)
    return replace(
        operation,
        path=_joined(endpoint, with_ids(resource_id, ids.__getitem__)),
        data=with_ids(operation.data, ids.__getitem__),
        references=frozenset(),
    )


_NO_PATH: Final = frozenset("/?#\0\\")


def _relative(path: str, base_url: str) -> str:
    for base in (base_url, urlsplit(base_url).path):
        if base and path.startswith(base.rstrip("/") + "/"):
            return path[len(base.rstrip("/")) + 1 :]
    return path.removeprefix("/")


def _joined(endpoint: str, resource_id: str | None) -> str:
    return endpoint if resource_id is None else f"{endpoint}/{resource_id}"


def _members(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidSyntax(f"{what} is not a JSON object.")
    return {name.lower(): member for name, member in value.items()}


def _check_schemas(schemas: Any) -> None:
    if not schemas:
        return
    urns = [schemas] if isinstance(schemas, str) else schemas
    if isinstance(urns, list) and BULK_REQUEST_SCHEMA.lower() in (str(urn).lower() for urn in urns):
        return
    raise InvalidSyntax(
        f"schemas: {echo(schemas)} is not a BulkRequest. Send {BULK_REQUEST_SCHEMA}, or leave it out."
    )


def _fail_on_errors(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidValue(f"failOnErrors: {echo(value)} is not a number of errors, 1 or more.")
    return value


# ------------------------------------------------------------------------------------ single operations


def _operation(position: int, source: Any, base_url: str) -> BulkOperation:
    """Return an operation as far as it can be read, with what is wrong about it as its error."""
    operation = BulkOperation(position, "")
    try:
        members = _members(source, f"Operation {position + 1}")
        method, bulk_id = members.get("method"), members.get("bulkid")
        operation = replace(operation, method=_shown(method).upper(), bulk_id=_shown(bulk_id) or None)
        _check_method(operation.method, method)
        operation = replace(operation, path=_path(operation.method, members.get("path"), base_url))
        _check_bulk_id(operation.method, bulk_id)
        data = _data(operation.method, members.get("data"))
        references = references_in([operation.resource_id, data])
        return replace(operation, version=_version(members.get("version")), data=data, references=references)
    except ScimError as error:
        return replace(operation, error=error)


def _shown(value: Any) -> str:
    """Return what an answer may repeat of a method or bulkId, whatever the client sent for it."""
    return value if isinstance(value, str) and len(value) <= MAX_BULK_ID else ""


def _check_method(method: str, sent: Any) -> None:
    if method not in _NEEDS_DATA:
        raise InvalidSyntax(f"method: {echo(sent)} is not POST, PUT, PATCH or DELETE (RFC 7644 §3.7).")


def _path(method: str, path: Any, base_url: str) -> str:
    if not isinstance(path, str) or not path:
        raise InvalidValue(f"The {method} has no path that says where to do it, such as /Users.")
    endpoint, resource_id = split_path(path, base_url)
    if (method == "POST") != (resource_id is None):
        wanted = "an endpoint such as /Users" if method == "POST" else "a resource such as /Users/1a2b"
        raise InvalidValue(f"A {method} needs the path of {wanted}, not {echo(path)} (RFC 7644 §3.7).")
    return _joined(endpoint, resource_id)


def _check_bulk_id(method: str, bulk_id: Any) -> None:
    if bulk_id is None and method != "POST":
        return
    if not isinstance(bulk_id, str) or not bulk_id:
        raise InvalidValue(f"bulkId: {echo(bulk_id)} is not a text of your choice, and a POST needs one.")
    if len(bulk_id) > MAX_BULK_ID:
        raise InvalidValue(f"bulkId: {echo(bulk_id, 60)} has more than {MAX_BULK_ID} characters.")


def _version(version: Any) -> str | None:
    if version is not None and not isinstance(version, str):
        raise InvalidValue(f'version: {echo(version)} is not an entity tag such as W/"3".')
    return version or None


def _data(method: str, data: Any) -> Any:
    if not _NEEDS_DATA[method]:
        return None
    if data is None:
        raise InvalidValue(f"The {method} has no data (RFC 7644 §3.7).")
    if method == "PATCH" and isinstance(data, list):
        return {"Operations": data}  # The example in RFC 7644 §3.7.3 has the operations without an object.
    if not isinstance(data, dict):
        raise InvalidSyntax(f"data: {echo(data, 120)} is not the JSON object that a {method} takes.")
    return data


def _placed(operation: BulkOperation, creators: Mapping[str, BulkOperation]) -> BulkOperation:
    """Return an operation with the error that it has among the others: a bulkId taken, or of no POST."""
    if operation.error is not None:
        return operation
    unknown = sorted(operation.references - creators.keys())
    if unknown:
        reference = echo(f"bulkId:{unknown[0]}")
        error = InvalidValue(f"{reference} is referred to, and no POST of the request has this bulkId.")
        return replace(operation, error=error)
    if operation.method == "POST" and creators[operation.bulk_id or ""] is not operation:
        error = InvalidValue(f"bulkId: {echo(operation.bulk_id)} is taken by an operation before this one.")
        return replace(operation, error=error)
    return operation
