"""Documents that a tenant may load: a Device with attributes of every kind, and extensions of User and Group."""

from __future__ import annotations

from typing import Any

from scim.resources import GROUP, USER

Document = dict[str, Any]

DEVICE = "urn:example:params:scim:schemas:core:2.0:Device"
PLACE = "urn:example:params:scim:schemas:extension:place:2.0:Device"
BADGE = "urn:example:params:scim:schemas:extension:badge:2.0:User"
BUDGET = "urn:example:params:scim:schemas:extension:budget:2.0:Group"


def device_schema() -> Document:
    """Return the core schema of Device."""
    interfaces = [
        {"name": "value", "type": "string", "required": True, "caseExact": True},
        {"name": "type", "type": "string", "canonicalValues": ["ethernet", "wifi"]},
        {"name": "speed", "type": "integer"},
        {"name": "primary", "type": "boolean"},
        {"name": "password", "type": "string", "returned": "request"},
    ]
    support = [
        {"name": "plan", "type": "string"},
        {"name": "until", "type": "dateTime"},
        {"name": "phone", "type": "string", "returned": "always"},
        {"name": "contract", "type": "string", "returned": "request"},
        {"name": "vendor", "type": "string", "mutability": "immutable"},
    ]
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": DEVICE,
        "name": "Device",
        "description": "A thing with a plug",
        "attributes": [
            {
                "name": "serialNumber",
                "type": "string",
                "description": "What is printed on its back.",
                "required": True,
                "caseExact": True,
                "returned": "always",
                "uniqueness": "server",
            },
            {"name": "displayName", "type": "string"},
            {"name": "assetTag", "type": "string", "uniqueness": "server"},
            {"name": "model", "type": "string", "canonicalValues": ["laptop", "phone"]},
            {"name": "isManaged", "type": "boolean"},
            {"name": "weight", "type": "decimal"},
            {"name": "ports", "type": "integer"},
            {"name": "purchasedAt", "type": "dateTime"},
            {"name": "certificate", "type": "binary"},
            {"name": "owner", "type": "reference", "referenceTypes": ["User"]},
            {"name": "manufacturer", "type": "string", "mutability": "immutable"},
            {"name": "firmware", "type": "string", "mutability": "readOnly"},
            {"name": "unlockCode", "type": "string", "mutability": "writeOnly", "returned": "never"},
            {"name": "notes", "type": "string", "returned": "request"},
            {"name": "tags", "type": "string", "multiValued": True, "caseExact": True},
            {"name": "support", "type": "complex", "subAttributes": support},
            {"name": "interfaces", "type": "complex", "multiValued": True, "subAttributes": interfaces},
        ],
    }


def place_schema() -> Document:
    """Return an extension of Device, with what a request must name to see."""
    return {
        "id": PLACE,
        "name": "Place",
        "attributes": [
            {"name": "building", "type": "string", "required": True},
            {"name": "floor", "type": "integer"},
            {"name": "key", "type": "string", "returned": "request", "caseExact": True},
        ],
    }


def badge_schema() -> Document:
    """Return an extension of User."""
    return {
        "id": BADGE,
        "name": "Badge",
        "attributes": [
            {"name": "number", "type": "string", "uniqueness": "server"},
            {"name": "doors", "type": "string", "multiValued": True},
            {"name": "pin", "type": "string", "mutability": "writeOnly", "returned": "never"},
        ],
    }


def budget_schema() -> Document:
    """Return an extension of Group."""
    return {
        "id": BUDGET,
        "name": "Budget",
        "attributes": [
            {"name": "costCenter", "type": "string"},
            {"name": "amount", "type": "decimal"},
        ],
    }


def device_type() -> Document:
    """Return the resource type Device with its extension."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "Device",
        "name": "Device",
        "description": "Things with plugs",
        "endpoint": "/Devices",
        "schema": DEVICE,
        "schemaExtensions": [{"schema": PLACE, "required": False}],
    }


def user_type(*, required: bool = False) -> Document:
    """Return the resource type User with the badge extension, and no word of its standard ones."""
    extensions = [{"schema": BADGE, "required": required}]
    return {"name": "User", "endpoint": "/Users", "schema": USER, "schemaExtensions": extensions}


def group_type() -> Document:
    """Return the resource type Group with the budget extension."""
    extensions = [{"schema": BUDGET, "required": False}]
    return {"name": "Group", "endpoint": "/Groups", "schema": GROUP, "schemaExtensions": extensions}


def everything() -> dict[str, Any]:
    """Return all documents as files: single ones, a list, and a ListResponse as a server answers it."""
    listed = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 2,
        "Resources": [device_schema(), {**place_schema(), "meta": {"location": "https://other.example/x"}}],
    }
    return {
        "device.json": listed,
        "device-type.json": device_type(),
        "people.json": [badge_schema(), budget_schema(), user_type(), group_type()],
    }
