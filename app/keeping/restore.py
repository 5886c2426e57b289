"""Restoring a backup into an empty database: all of it or nothing, and at rest until an admin resumes it.

The world has gone on since the backup. So every target and every source is paused, and an import that was under way is
ended; links keep the marks of unfinished attempts, which are looked up at the target before anything is sent again.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from sqlalchemy import Connection, Table, delete, func, inspect, select, update

from app import clock
from app.access import audit, tenants
from app.access.encryption import KeyRing, key_file, key_ring
from app.database import db, reading, writing
from app.errors import RollcallError, WrongUse
from app.keeping import rows
from app.keeping.archive import Archive, BackupUnreadable, Manifest, opened
from app.keeping.backup import Progress
from app.keeping.schema import bring_to, known_revisions, present_revision
from app.migrations.upgrading import upgrade_database
from app.notices import letters

ACTOR = "system:restore"


@dataclass(frozen=True)
class Restored:
    """What a restore did: the backup's manifest, how much is paused and ended now, whether it brought its keys."""

    manifest: Manifest
    targets: int
    sources: int
    runs: int
    took_keys: bool


def restore(
    path: Path, *, replace: bool = False, progress: Progress = lambda _table, _rows: None
) -> Restored:
    """Restore a backup into the application's database, which must be empty unless ``replace`` is said.

    :raises WrongUse: no such file; the database holds an installation. :raises BackupUnreadable: the file is damaged.
    :raises RollcallError: the ring at hand does not open what is in the backup.
    """
    with opened(path) as archive:
        manifest = archive.manifest
        if manifest.revision not in known_revisions():
            raise BackupUnreadable(
                f"{path} has the schema {manifest.revision!r} of Rollcall {manifest.version}, which this version does"
                " not know; restore it with that version or a newer one."
            )
        is_held = _prepare(manifest, replace=replace)
        takes_keys = _misses_keys(manifest, path)
        if not is_held:
            with db.engine.connect() as connection:
                present = present_revision(connection)
            bring_to(manifest.revision, present)
        with writing() as connection:
            known = {table.name: table for table in rows.tables(connection)}
            rows.clear(connection, list(known.values()))
            _load(connection, archive, known, path, progress)
            paused = _bring_to_rest(connection, known, manifest)
            if takes_keys:
                _take_keys(archive.key_ring())
    upgrade_database()
    return Restored(manifest, *paused, took_keys=takes_keys)


def _prepare(manifest: Manifest, *, replace: bool) -> bool:
    """Return whether the database holds rows that are to be replaced; raises when they are not."""
    with reading() as connection:
        names = inspect(connection).get_table_names()
        slugs = [tenant.slug for tenant in tenants.listed(connection)] if "tenant" in names else []
        present = present_revision(connection)
    if not slugs:
        return False
    if not replace:
        raise WrongUse(
            f"The database holds the tenants {', '.join(slugs[:5])} already; nothing was restored. Name an empty one"
            " in ROLLCALL_DATABASE_URL, or let this one be replaced with --replace."
        )
    if present != manifest.revision:
        raise WrongUse(
            f"The database has the schema {present!r}, the backup {manifest.revision!r}: only an empty database can"
            " take it. Name one in ROLLCALL_DATABASE_URL."
        )
    return True


# --- keys -----------------------------------------------------------------------------------------------------------


def _misses_keys(manifest: Manifest, path: Path) -> bool:
    """Return whether the backup's keys must be taken out of it; raises when they are needed and cannot be had."""
    ring = key_ring()
    known = ring.prints()
    missing = [key_id for key_id, mark in manifest.prints.items() if known.get(key_id) != mark]
    missing += [key_id for key_id in manifest.keys if key_id in ring.chain_keys and key_id not in missing]
    if not missing:
        return False
    names = ", ".join(missing)
    if not manifest.has_keys:
        raise RollcallError(
            f"The backup was made under keys that this installation does not have ({names}), and does not carry them."
            " Give the key ring of that installation (keys/key_ring of its instance folder, or its ROLLCALL_KEY_RING)."
        )
    if not key_file().is_ours:
        raise RollcallError(
            f"The backup was made under other keys ({names}) than those of ROLLCALL_KEY_RING; set it to the backup's"
            f" (tar -xOf {path} key_ring), and restore again."
        )
    return True


def _take_keys(text: str) -> None:
    """Put the backup's ring in the place of this installation's, which stays beside it.

    It is the last deed before the commit: whoever fails before keeps their rows and their keys.
    """
    file = key_file()
    assert file.path is not None
    kept = file.path.with_name(f"key_ring.before-restore-{time.time_ns()}")
    with file.alone():
        os.link(file.path, kept)
        file.write(text)
    current_app.extensions["rollcall.key_ring"] = KeyRing.parse(text)


# --- rows -----------------------------------------------------------------------------------------------------------


def _load(
    connection: Connection, archive: Archive, known: dict[str, Table], path: Path, progress: Progress
) -> None:
    manifest = archive.manifest
    unknown = sorted(manifest.rows.keys() - known.keys())
    if unknown:
        raise BackupUnreadable(f"{path} has tables that its schema does not have: {', '.join(unknown)}.")
    for name, table in known.items():
        if name not in manifest.rows:
            continue
        with archive.table(name) as lines:
            names = json.loads(next(lines))
            number = rows.load(connection, table, names, lines)
        if number != manifest.rows[name]:
            raise BackupUnreadable(f"{path} is damaged: {name} has {number} rows, not {manifest.rows[name]}.")
        progress(name, number)


def _bring_to_rest(
    connection: Connection, known: dict[str, Table], manifest: Manifest
) -> tuple[int, int, int]:
    """Pause all targets and sources and end imports that were under way; return how many of each."""
    reason = (
        f"restored from a backup of {manifest.made_at}; look at `rollcall target sync NAME --dry-run`, then resume it"
        " with `rollcall target resume`"
    )
    ended = f"It was under way when the backup of {manifest.made_at} was made; import again once the source is resumed."
    targets = sources = runs = 0
    for tenant_id in rows.tenant_ids(connection):
        targets += _pause(connection, known["target"], tenant_id, pause_reason=reason)
        sources += _pause(connection, known["source"], tenant_id, is_source=True)
        runs += _end_runs(connection, known, tenant_id, ended)
        if "letter" in known:  # not in a backup of before there were any
            reason_lost = f"It may have been sent since the backup of {manifest.made_at} was made."
            letters.give_up(connection, tenant_id, reason_lost)
        if tenant_id != rows.NOBODY:
            values = {"made_at": manifest.made_at, "version": manifest.version}
            audit.record(connection, tenant_id, ACTOR, "installation.restored", "backup", values)
    return targets, sources, runs


def _pause(
    connection: Connection, table: Table, tenant_id: int, *, is_source: bool = False, **values: str
) -> int:
    """Pause a tenant's targets or sources, those that were paused already too: it is news why.

    Sources that are no connection yet, or none any more, stay what they are.
    """
    where = [table.c.tenant_id == tenant_id]
    if is_source:
        where.append(table.c.state.in_(("active", "paused")))
    connection.execute(update(table).where(*where).values(state="paused", **values))
    return int(connection.scalar(select(func.count()).select_from(table).where(*where)) or 0)


def _end_runs(connection: Connection, known: dict[str, Table], tenant_id: int, message: str) -> int:
    run, staged = known["import_run"], known["staged_record"]
    where = (run.c.tenant_id == tenant_id, run.c.state.in_(("running", "held")))
    ids = list(connection.scalars(select(run.c.id).where(*where)))
    if ids:
        connection.execute(delete(staged).where(staged.c.tenant_id == tenant_id, staged.c.run_id.in_(ids)))
        ended = {"state": "cancelled", "phase": "done", "finished_at": clock.now(), "lease_until": None}
        connection.execute(update(run).where(*where).values(**ended, message=message))
    return len(ids)
