"""The three discovery endpoints (RFC 7644 §4)."""

from __future__ import annotations

from flask import Response, g, request

from app.web.scim.exchange import json_answer, view
from scim import discovery
from scim.errors import Forbidden
from scim.resources import standard_schema_set


def service_provider_config() -> Response:
    """Answer /ServiceProviderConfig; it needs no credentials, and a filter is ignored."""
    return json_answer(discovery.service_provider_config(g.scim_base_url))


def resource_types() -> Response:
    """Answer /ResourceTypes."""
    _refuse_filter()
    return json_answer(discovery.resource_types(standard_schema_set(), view().base_url))


def resource_type(name: str) -> Response:
    """Answer /ResourceTypes/{name}."""
    _refuse_filter()
    return json_answer(discovery.resource_type(standard_schema_set(), name, view().base_url))


def schemas() -> Response:
    """Answer /Schemas."""
    _refuse_filter()
    return json_answer(
        discovery.schemas(standard_schema_set(), view().base_url, sensitive_allowed=_may_see_sensitive())
    )


def schema(urn: str) -> Response:
    """Answer /Schemas/{urn}."""
    _refuse_filter()
    return json_answer(
        discovery.schema(standard_schema_set(), urn, view().base_url, sensitive_allowed=_may_see_sensitive())
    )


def _refuse_filter() -> None:
    if "filter" in request.args:
        raise Forbidden("Discovery endpoints cannot be filtered (RFC 7644 §4); ask without the filter.")


def _may_see_sensitive() -> bool:
    return view().principal.may("scim:sensitive")
