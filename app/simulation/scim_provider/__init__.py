"""A SCIM 2.0 service provider for Users in memory, strict or careless as its personas say."""

from __future__ import annotations

from app.simulation.scim_provider.errors import ScimRefusal, Taken
from app.simulation.scim_provider.paths import CORE, ENTERPRISE
from app.simulation.scim_provider.provider import PERSONAS, SCIM_JSON, KeyHeader, ScimProvider, refusal
from app.simulation.scim_provider.store import DocumentStore, Users

__all__ = [
    "CORE",
    "ENTERPRISE",
    "PERSONAS",
    "SCIM_JSON",
    "DocumentStore",
    "KeyHeader",
    "ScimProvider",
    "ScimRefusal",
    "Taken",
    "Users",
    "refusal",
]
