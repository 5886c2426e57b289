"""The discovery documents of a simulated service provider (RFC 7643 §5–§7)."""

from __future__ import annotations

from functools import cache
from typing import Any

from scim2_models import EnterpriseUser, Group, User

from app.simulation.scim_provider.paths import CORE, ENTERPRISE, GROUP

LIST_URN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


@cache
def schemas(groups: bool = False) -> dict[str, dict[str, Any]]:
    """Return the schema documents by URN."""
    models = (User, EnterpriseUser, Group) if groups else (User, EnterpriseUser)
    documents = [
        model.to_schema().model_dump(mode="json", exclude_none=True, by_alias=True) for model in models
    ]
    for document in documents:
        document["meta"] = {"resourceType": "Schema", "location": f"/Schemas/{document['id']}"}
    return {document["id"]: document for document in documents}


def resource_types(groups: bool = False) -> dict[str, dict[str, Any]]:
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
    if not groups:
        return {"User": user}
    group = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "Group",
        "name": "Group",
        "endpoint": "/Groups",
        "schema": GROUP,
        "meta": {"resourceType": "ResourceType", "location": "/ResourceTypes/Group"},
    }
    return {"User": user, "Group": group}


def service_provider_config(
    *, patch: bool, max_results: int, scheme: str, cursor: bool = False
) -> dict[str, Any]:
    """Return the ServiceProviderConfig; ``scheme`` names how requests are authenticated.

    ``cursor``: lists are paged by cursor, and it says so (RFC 9865 §4).
    """
    off = {"supported": False}
    paging = {"cursor": True, "index": False, "defaultPaginationMethod": "cursor"}
    return {
        **({"pagination": paging} if cursor else {}),
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
