"""A backup of a running installation: every row of one moment, in a form that either database can be restored from.

The rows are read by the product itself in one snapshot, not by the databases' own tools: it needs no program of the
right version beside the product, costs writers nothing, and carries an installation from SQLite to PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection

from app import clock
from app.access import tenants
from app.access.encryption import key_ring
from app.errors import RollcallError
from app.keeping import rows
from app.keeping.archive import KEY_RING, Draft, Manifest, drafting
from app.keeping.schema import newest_revision, present_revision
from app.keeping.sealed import SEALED, usage

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Made:
    """A backup that was written, and what cannot be opened without the key ring: (what it is, how many)."""

    path: Path
    manifest: Manifest
    needs_keys: list[tuple[str, int]]


def make(path: Path, *, with_keys: bool, progress: Progress = lambda _table, _rows: None) -> Made:
    """Write a backup of everything but queue, sessions and leases to a new file; imports and pushes go on meanwhile.

    :raises WrongUse: the name is taken, or cannot be written. :raises RollcallError: the schema is not the newest.
    """
    with drafting(path) as draft, rows.snapshot() as connection:
        revision = _revision(connection)
        made_at, ring = clock.now(), key_ring()
        counted = {table.name: 0 for table in rows.tables(connection)}
        _write_tables(connection, draft, counted, progress)
        if with_keys:
            draft.add(KEY_RING, ring.text().encode())
        used = usage(connection, ring)
        sealed = {
            f"{column.table.name}.{column.name}": sum(use.values for use in used if use.column is column)
            for column in SEALED
        }
        manifest = Manifest(
            made_at=made_at,
            version=version("rollcall"),
            revision=revision,
            database=connection.dialect.name,
            tenants=[tenant.slug for tenant in tenants.listed(connection)],
            rows=counted,
            keys=list(ring.keys),
            prints=ring.prints(),
            sealed={name: number for name, number in sealed.items() if number},
            members=draft.digests,
        )
        draft.close(manifest, path)
    return Made(path, manifest, [(c.holds, sealed[f"{c.table.name}.{c.name}"]) for c in SEALED])


def _write_tables(connection: Connection, draft: Draft, counted: dict[str, int], progress: Progress) -> None:
    known = rows.tenant_ids(connection)
    for table in rows.tables(connection):
        with draft.table(table.name) as handle:
            handle.write(json.dumps([column.name for column in table.c]) + "\n")
            for tenant_id in known:
                for line in rows.lines(connection, table, tenant_id):
                    handle.write(line + "\n")
                    counted[table.name] += 1
                    if counted[table.name] % rows.PAGE == 0:
                        progress(table.name, counted[table.name])
        progress(table.name, counted[table.name])


def _revision(connection: Connection) -> str:
    found = present_revision(connection)
    newest = newest_revision()
    if found != newest:
        raise RollcallError(
            f"The database is at revision {found or 'none'}, this version needs {newest}; run rollcall db upgrade"
            " first, or back it up with the version that it belongs to."
        )
    return newest
