"""The discovery documents of a simulated service provider (RFC 7643 §5–§7)."""

from __future__ import annotations

from functools import cache
from typing import Any

from scim2_models import EnterpriseUser, User

from app.simulation.scim_provider.paths import CORE, ENTERPRISE

LIST_URN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema documents by URN."""
    documents = [
        model.to_schema().model_dump(mode="json", exclude_none=True, by_alias=True)
        for model in (User, EnterpriseUser)
    ]
    for document in documents:
        document["meta"] = {"resourceType": "Schema", "location": f"/Schemas/{document['id']}"}
    return {document["id"]: document for document in documents}


def resource_types() -> dict[str, dict[str, Any]]:
    """Return the resource type documents by name."""
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "User",
        "name": "User",
        "endpoint": "/Users",
        "schema": CORE,
        "schemaExtensions": [{"schema": ENTERPRISE, "required": False}],
        "meta": {"resourceType": "ResourceType", "location": "/ResourceTypes/User"},
    }
    return {"User": user}


def service_provider_config(*, patch: bool, max_results: int, scheme: str) -> dict[str, Any]:
    """Return the ServiceProviderConfig; ``scheme`` names how requests are authenticated."""
    off = {"supported": False}
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": patch},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": max_results},
        "changePassword": off,
        "sort": off,
        "etag": off,
        "authenticationSchemes": [
            {"type": "oauthbearertoken", "name": scheme, "description": f"Send the key as {scheme}"}
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": "/ServiceProviderConfig"},
    }


def listed(resources: list[dict[str, Any]], total: int | None = None, start: int = 1) -> dict[str, Any]:
    """Return a ListResponse (RFC 7644 §3.4.2)."""
    return {
        "schemas": [LIST_URN],
        "totalResults": len(resources) if total is None else total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }
