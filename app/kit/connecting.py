"""Sources connected, imported and looked at, the short way: what an admin does with many commands."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from app import directory
from app.access.tenants import Tenant
from app.database import reading, writing
from app.registry import source_adapter
from app.sources import catalog, drafts, life, runner, vendors
from app.sources.catalog import Source
from app.sources.runs import Run

BY = "admin:kit"


class Hurried:
    """A clock in the place of the runner's ``time``: whoever sleeps with it is at once so much later."""

    def __init__(self) -> None:
        self._slept = 0.0

    def monotonic(self) -> float:
        """Return the seconds of a clock that counts what was slept."""
        return time.monotonic() + self._slept

    def sleep(self, seconds: float) -> None:
        """Be so much later."""
        self._slept += seconds


def connect(
    tenant: Tenant, kind: str, settings: Mapping[str, str], secrets: Mapping[str, str], name: str
) -> Source:
    """Return a new source that is enabled, consented to and published; its vendor is not called.

    :raises WrongSource: settings, secrets or mapping cannot be used.
    """
    draft = drafts.drafted(kind, name, settings, secrets)
    with writing() as connection:
        if source_adapter(kind).needs_consent:
            vendors.enable(connection, tenant.id, kind, BY)
        known = catalog.add(connection, tenant.id, draft, BY)
        if known.state == "draft":
            life.give_consent(connection, known, BY)
        return life.publish(connection, known, (), BY)


def as_it_is(known: Source) -> Source:
    """Return a source as it is kept now."""
    with reading() as connection:
        return catalog.named(connection, known.tenant_id, known.name)


def pull(known: Source, *, dry_run: bool = False, is_full: bool = False) -> Run:
    """Import a source and return the run that has ended, or is held."""
    return runner.import_now(as_it_is(known), dry_run=dry_run, requested_by=BY, is_full=is_full)


def employee(tenant: Tenant, user_name: str) -> dict[str, Any] | None:
    """Return the document of the employee with a userName, or None."""
    with reading() as connection:
        ids = directory.ids_by_user_name(connection, tenant.id, user_name)
        found = directory.get(connection, tenant.id, ids[0]) if ids else None
    return found.document if found else None


def employees(tenant: Tenant) -> list[dict[str, Any]]:
    """Return the documents of all employees."""
    with reading() as connection:
        ids = directory.iterate_ids(connection, tenant.id, None, 1000)
        return [found.document for found in directory.get_many(connection, tenant.id, ids).values()]
