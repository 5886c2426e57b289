"""The schema set of each tenant: the standard one, and on top of it what the tenant loaded."""

from __future__ import annotations

import time
from typing import NamedTuple

from flask import current_app
from sqlalchemy import bindparam, select

from app.database import reading_once
from app.directory.tables import LoadedSchemas
from app.prepared import Prepared
from scim.errors import NotFound, echo
from scim.resources import standard_schema_set
from scim.schema import ResourceType, SchemaSet

#: How long a process believes that a tenant loaded nothing new; ``rollcall schema load`` waits as long.
BELIEF_SECONDS = 1.0
EXTENSION_KEY = "rollcall.schemas"

_loaded = LoadedSchemas.__table__
_VERSION = Prepared(select(_loaded.c.version).where(_loaded.c.tenant_id == bindparam("tenant_id")))
_DOCUMENTS = Prepared(
    select(_loaded.c.schemas, _loaded.c.resource_types).where(_loaded.c.tenant_id == bindparam("tenant_id"))
)


class _Known(NamedTuple):
    believed_until: float
    version: int
    schema_set: SchemaSet


class TenantSchemas:
    """The schema sets that this process has compiled, by tenant; tenants without own schemas share one."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def of(self, tenant_id: int) -> SchemaSet:
        """Return the tenant's schema set, the same object as long as nothing new was loaded."""
        known, now = self._known.get(tenant_id), time.monotonic()
        if known is not None and now < known.believed_until:
            return known.schema_set
        with reading_once() as connection:
            row = _VERSION.first(connection, {"tenant_id": tenant_id})
            version = row[0] if row else 0
            if known is not None and known.version == version:
                schema_set = known.schema_set
            elif version == 0:
                schema_set = standard_schema_set()
            else:
                documents = _DOCUMENTS.first(connection, {"tenant_id": tenant_id})
                schemas, resource_types = documents or ([], [])
                schema_set = SchemaSet.from_documents(schemas, resource_types, base=standard_schema_set())
        self._known[tenant_id] = _Known(now + BELIEF_SECONDS, version, schema_set)
        return schema_set

    def forget(self, tenant_id: int) -> None:
        """Look again at the next question: this process has just loaded something."""
        self._known.pop(tenant_id, None)


def tenant_schemas() -> TenantSchemas:
    """Return the running application's schema sets."""
    schemas: TenantSchemas = current_app.extensions[EXTENSION_KEY]
    return schemas


def schema_set(tenant_id: int) -> SchemaSet:
    """Return the schema set of a tenant."""
    return tenant_schemas().of(tenant_id)


def user_type(tenant_id: int) -> ResourceType:
    """Return the tenant's User resource type: the standard one, or the one with the tenant's extensions."""
    return schema_set(tenant_id).resource_types["user"]


def resource_type_at(tenant_id: int, endpoint: str) -> ResourceType:
    """Return the resource type that the tenant has at an endpoint such as ``/Users``; raises ``NotFound``."""
    found = schema_set(tenant_id).at(endpoint)
    if found is None:
        raise NotFound(f"There is no endpoint {echo('/' + endpoint.strip('/'), 60)} here.")
    return found
