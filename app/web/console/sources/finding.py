"""Finding a source of the admin's tenant."""

from __future__ import annotations

from flask import abort
from sqlalchemy import Connection, select

from app.sources import catalog
from app.sources.catalog import Source
from app.sources.tables import source
from app.web.console.sessions import current_admin


def source_here(connection: Connection, source_id: int, *, to_change: bool = False) -> Source:
    """Return a source of the admin's tenant; ends the request with 404 when there is none of this number.

    ``to_change``: nobody else changes it until the transaction ends, so that two changes at once both count.
    """
    tenant_id = current_admin().tenant_id
    if to_change:
        where = (source.c.tenant_id == tenant_id, source.c.id == source_id)
        connection.execute(select(source.c.id).where(*where).with_for_update())
    known = catalog.with_id(connection, tenant_id, source_id)
    if known is None:
        abort(404)
    return known
