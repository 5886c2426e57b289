"""A SCIM 2.0 service provider in memory, strict or careless as its personas say."""

from __future__ import annotations

from app.simulation.scim_provider.errors import ScimRefusal, Taken
from app.simulation.scim_provider.groups import Groups
from app.simulation.scim_provider.paths import CORE, ENTERPRISE, GROUP
from app.simulation.scim_provider.personas import PERSONAS, Persona
from app.simulation.scim_provider.provider import SCIM_JSON, KeyHeader, ScimProvider, refusal
from app.simulation.scim_provider.store import DocumentStore, Users

__all__ = [
    "CORE",
    "ENTERPRISE",
    "GROUP",
    "PERSONAS",
    "SCIM_JSON",
    "DocumentStore",
    "Groups",
    "KeyHeader",
    "Persona",
    "ScimProvider",
    "ScimRefusal",
    "Taken",
    "Users",
    "refusal",
]
