"""Two rows of a file, and what clients of the directory do beside an import."""

from __future__ import annotations

from typing import Any

from app import directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.directory import Actor
from scim.resources import USER

ADA = "1,Ada,Lovelace,ada@example.com,Analyst,Active"
ALAN = "2,Alan,Turing,alan@example.com,Fellow,Active"
CLIENT = Actor("client", "idp")


def change(tenant: Tenant, user_name: str, fragment: dict[str, Any]) -> None:
    """Change a person as a SCIM client would."""
    with writing() as connection:
        [employee_id] = directory.ids_by_user_name(connection, tenant.id, user_name)
        directory.merge(connection, tenant.id, employee_id, CLIENT, fragment)


def create(tenant: Tenant, **document: Any) -> str:
    """Create a person as a SCIM client would, and return the id."""
    with writing() as connection:
        return directory.create(
            connection, tenant.id, CLIENT, {"schemas": [USER], "active": True, **document}
        ).id


def total(tenant: Tenant) -> int:
    """Return how many people there are."""
    with reading() as connection:
        return directory.total(connection, tenant.id)
