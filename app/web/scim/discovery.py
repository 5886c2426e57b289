"""The three discovery endpoints (RFC 7644 §4)."""

from __future__ import annotations

from app.directory.schemas import schema_set
from app.web.scim.exchange import Answer, Exchange, json_answer
from scim import discovery
from scim.errors import Forbidden
from scim.schema import SchemaSet


def service_provider_config(exchange: Exchange) -> Answer:
    """Answer /ServiceProviderConfig; it needs no credentials, and a filter is ignored."""
    return json_answer(discovery.service_provider_config(exchange.base_url))


def resource_types(exchange: Exchange) -> Answer:
    """Answer /ResourceTypes."""
    return json_answer(discovery.resource_types(_schemas(exchange), exchange.base_url))


def resource_type(exchange: Exchange, name: str) -> Answer:
    """Answer /ResourceTypes/{name}."""
    return json_answer(discovery.resource_type(_schemas(exchange), name, exchange.base_url))


def schemas(exchange: Exchange) -> Answer:
    """Answer /Schemas."""
    schemas, base, sensitive = _schemas(exchange), exchange.base_url, exchange.sees_sensitive
    return json_answer(discovery.schemas(schemas, base, sensitive_allowed=sensitive))


def schema(exchange: Exchange, urn: str) -> Answer:
    """Answer /Schemas/{urn}."""
    schemas, base, sensitive = _schemas(exchange), exchange.base_url, exchange.sees_sensitive
    return json_answer(discovery.schema(schemas, urn, base, sensitive_allowed=sensitive))


def _schemas(exchange: Exchange) -> SchemaSet:
    if "filter" in exchange.query:
        raise Forbidden("Discovery endpoints cannot be filtered (RFC 7644 §4); ask without the filter.")
    return schema_set(exchange.principal.tenant_id)
