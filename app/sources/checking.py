"""Looks at a source's connection; rooms above hear when its credentials have proven good."""

from __future__ import annotations

from sqlalchemy import Connection

from app.database import writing
from app.sources import catalog, linking
from app.sources.adapter import SourceContext
from app.sources.catalog import Source
from app.sources.records import Check


def checked(known: Source, context: SourceContext, by: str) -> list[Check]:
    """Return what a look at a source found; whoever waits for good credentials of it hears when they are."""
    found = known.adapter().check(context)
    if all(check.ok or not check.needed for check in found):
        with writing() as connection:
            proven(connection, known, by)
    return found


def proven(connection: Connection, known: Source, by: str) -> None:
    """Tell that a source was read with what ``known`` has, unless it was given something else meanwhile."""
    now = catalog.with_id(connection, known.tenant_id, known.id)
    if now is not None and (now.secrets, now.settings) == (known.secrets, known.settings):
        linking.tell_of_proof(connection, known.tenant_id, known.id, by)
