"""The documents that tell clients what this server can do (RFC 7644 §4, RFC 7643 §5 to §7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scim.attributes import SCHEMA_URN
from scim.cursors import CURSOR_TIMEOUT
from scim.errors import NotFound, echo
from scim.paging import DEFAULT_COUNT, MAX_COUNT, Page, list_response
from scim.resources import discovery_schemas
from scim.schema import ResourceType, Schema, SchemaSet

CONFIG_URN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
RESOURCE_TYPE_URN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"


@dataclass(frozen=True, slots=True)
class Features:
    """What is offered, and within which limits; the defaults are what this version does."""

    patch: bool = True
    bulk: bool = True
    bulk_max_operations: int = 100
    bulk_max_payload: int = 1024 * 1024
    """Bytes."""
    filter: bool = True
    filter_max_results: int = MAX_COUNT
    sort: bool = True
    etag: bool = True
    change_password: bool = False
    cursor_paging: bool = True
    cursor_timeout: int = CURSOR_TIMEOUT
    """Seconds; told only with cursor paging."""
    client_credentials: bool = True
    """Whether clients get tokens by OAuth 2.0 beside those that administrators make."""
    documentation_url: str | None = None


def service_provider_config(base_url: str, features: Features | None = None) -> dict[str, Any]:
    """Return the /ServiceProviderConfig document (RFC 7643 §5, RFC 9865 §4).

    :param base_url: the SCIM base URL without a slash at the end; locations start with it.
    """
    has = features or Features()
    document: dict[str, Any] = {
        "schemas": [CONFIG_URN],
        "patch": {"supported": has.patch},
        "bulk": {
            "supported": has.bulk,
            "maxOperations": has.bulk_max_operations,
            "maxPayloadSize": has.bulk_max_payload,
        },
        "filter": {"supported": has.filter, "maxResults": has.filter_max_results},
        "changePassword": {"supported": has.change_password},
        "sort": {"supported": has.sort},
        "etag": {"supported": has.etag},
        "authenticationSchemes": [_BEARER, _OAUTH2] if has.client_credentials else [_BEARER],
        "pagination": _pagination(has),
        "meta": _meta("ServiceProviderConfig", f"{base_url}/ServiceProviderConfig"),
    }
    if has.documentation_url:
        document["documentationUri"] = has.documentation_url
    return document


def resource_types(schema_set: SchemaSet, base_url: str) -> dict[str, Any]:
    """Return the /ResourceTypes list: the resource types that clients reach."""
    return _list(_resource_type_document(served, base_url) for served in _served(schema_set))


def resource_type(schema_set: SchemaSet, name: str, base_url: str) -> dict[str, Any]:
    """Return the /ResourceTypes/{name} document; the name in any case.

    :raises NotFound: there is no such resource type, or it is not served.
    """
    found = schema_set.resource_type(name)
    if found is None or not found.served:
        raise NotFound(f"There is no resource type {echo(name)}. /ResourceTypes lists them.")
    return _resource_type_document(found, base_url)


def schemas(schema_set: SchemaSet, base_url: str, *, sensitive_allowed: bool = True) -> dict[str, Any]:
    """Return the /Schemas list: those of the resource types served, then those of discovery itself.

    :param sensitive_allowed: without it, sensitive attributes are not described: the caller may not read them.
    """
    listed = _listed(schema_set).values()
    return _list(_schema_document(found, base_url, sensitive_allowed) for found in listed)


def schema(
    schema_set: SchemaSet, urn: str, base_url: str, *, sensitive_allowed: bool = True
) -> dict[str, Any]:
    """Return the /Schemas/{urn} document; the URN in any case, sensitive attributes as :func:`schemas`.

    :raises NotFound: there is no such schema, or it belongs to nothing served.
    """
    found = _listed(schema_set).get(urn.lower())
    if found is None:
        raise NotFound(f"There is no schema {echo(urn)}. /Schemas lists them.")
    return _schema_document(found, base_url, sensitive_allowed)


_BEARER = {
    "type": "oauthbearertoken",
    "name": "OAuth Bearer Token",
    "description": "A token made by an administrator, sent as 'Authorization: Bearer …'.",
    "specUri": "https://www.rfc-editor.org/info/rfc6750",
    "primary": True,
}
_OAUTH2 = {
    "type": "oauth2",
    "name": "OAuth 2.0 Client Credentials",
    "description": "A token of the client's own, from POST /oauth/token with grant_type=client_credentials.",
    "specUri": "https://www.rfc-editor.org/info/rfc6749",
}


def _pagination(has: Features) -> dict[str, Any]:
    pagination: dict[str, Any] = {
        "cursor": has.cursor_paging,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": DEFAULT_COUNT,
        "maxPageSize": MAX_COUNT,
    }
    return pagination | ({"cursorTimeout": has.cursor_timeout} if has.cursor_paging else {})


def _served(schema_set: SchemaSet) -> list[ResourceType]:
    return [found for found in schema_set.resource_types.values() if found.served]


def _listed(schema_set: SchemaSet) -> dict[str, Schema]:
    """Return the schemas that /Schemas lists by lower-case URN."""
    of_types = [listed for served in _served(schema_set) for listed in served.schemas]
    return {listed.id.lower(): listed for listed in (*of_types, *discovery_schemas())}


def _resource_type_document(served: ResourceType, base_url: str) -> dict[str, Any]:
    return {
        "schemas": [RESOURCE_TYPE_URN],
        "id": served.name,
        "name": served.name,
        "description": served.description or served.name,
        "endpoint": served.endpoint,
        "schema": served.schema.id,
        "schemaExtensions": [
            {"schema": e.id, "required": is_required} for e, is_required in served.extensions
        ],
        "meta": _meta("ResourceType", f"{base_url}/ResourceTypes/{served.name}"),
    }


def _schema_document(listed: Schema, base_url: str, sensitive_allowed: bool) -> dict[str, Any]:
    sensitive = {attribute.name for attribute in listed.attributes.values() if attribute.is_sensitive}
    hidden = set() if sensitive_allowed else sensitive
    attributes = [shown for shown in listed.document["attributes"] if shown["name"] not in hidden]
    return {
        **listed.document,
        "attributes": attributes,
        "schemas": [SCHEMA_URN],
        "meta": _meta("Schema", f"{base_url}/Schemas/{listed.id}"),
    }


def _meta(kind: str, location: str) -> dict[str, str]:
    return {"resourceType": kind, "location": location}


def _list(documents: Iterable[dict[str, Any]]) -> dict[str, Any]:
    listed = list(documents)
    return list_response(listed, len(listed), Page())
