"""The schema set of each tenant: the standard one, and on top of it what the tenant loaded."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import NamedTuple

from flask import current_app
from sqlalchemy import Connection, bindparam, select

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

    def of(self, tenant_id: int, connection: Connection | None = None) -> SchemaSet:
        """Return the tenant's schema set, the same object as long as nothing new was loaded.

        :param connection: that of the present transaction. Who holds one must not wait for a second one: with every
            connection of the pool in such hands nobody would go on.
        """
        known, now = self._known.get(tenant_id), time.monotonic()
        if known is not None and now < known.believed_until:
            return known.schema_set
        with reading_once() if connection is None else nullcontext(connection) as reader:
            found = _read(reader, tenant_id, known)
        self._known[tenant_id] = _Known(now + BELIEF_SECONDS, *found)
        return found[1]

    def forget(self, tenant_id: int) -> None:
        """Look again at the next question: this process has just loaded something."""
        self._known.pop(tenant_id, None)


def _read(connection: Connection, tenant_id: int, known: _Known | None) -> tuple[int, SchemaSet]:
    """Return the version and schema set of a tenant; what is ``known`` is not compiled again."""
    row = _VERSION.first(connection, {"tenant_id": tenant_id})
    version = row[0] if row else 0
    if known is not None and known.version == version:
        return version, known.schema_set
    if version == 0:
        return 0, standard_schema_set()
    schemas, resource_types = _DOCUMENTS.first(connection, {"tenant_id": tenant_id}) or ([], [])
    return version, SchemaSet.from_documents(schemas, resource_types, base=standard_schema_set())


def tenant_schemas() -> TenantSchemas:
    """Return the running application's schema sets."""
    schemas: TenantSchemas = current_app.extensions[EXTENSION_KEY]
    return schemas


def schema_set(tenant_id: int, connection: Connection | None = None) -> SchemaSet:
    """Return the schema set of a tenant; see :meth:`TenantSchemas.of`."""
    return tenant_schemas().of(tenant_id, connection)


def user_type(tenant_id: int, connection: Connection | None = None) -> ResourceType:
    """Return the tenant's User resource type: the standard one, or the one with the tenant's extensions."""
    return schema_set(tenant_id, connection).resource_types["user"]


def resource_type_at(tenant_id: int, endpoint: str, connection: Connection | None = None) -> ResourceType:
    """Return the resource type that the tenant has at an endpoint such as ``/Users``; raises ``NotFound``."""
    found = schema_set(tenant_id, connection).at(endpoint)
    if found is None:
        raise NotFound(f"There is no endpoint {echo('/' + endpoint.strip('/'), 60)} here.")
    return found
