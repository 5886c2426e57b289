"""Rotation of the key ring: a new key, every sealed value sealed anew, and the old key retired once nothing needs it.

It runs beside the product. A batch is one short transaction; what is still sealed with an older key is found by its
first bytes, so a rotation that was killed goes on where it stopped, and what another process writes meanwhile is
sealed with the newest key already (``app.access.key_file``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, not_, select, text, tuple_, update

from app.access import audit, tenants
from app.access.encryption import KeyRing, UnsealError, key_file, key_ring
from app.database import is_sqlite, reading, writing
from app.errors import RollcallError, WrongUse
from app.keeping.sealed import SEALED, SealedColumn, Usage, usage

log = structlog.get_logger(__name__)

BATCH = 200
#: How long ``keys retire`` waits for transactions that began before it.
PATIENCE_SECONDS = 60.0
ACTOR = "system:keys"

Progress = Callable[[SealedColumn, int], None]


@dataclass
class Resealed:
    """What a rotation did: values sealed anew with ``key_id``, and places whose value does not open."""

    key_id: str
    values: int = 0
    unopened: list[str] = field(default_factory=list)


def is_unfinished() -> bool:
    """True when values are sealed with a key of the ring that is not its newest."""
    ring = key_ring()
    with reading() as connection:
        return any(use.key_id not in (ring.current, None) for use in usage(connection, ring))


def make_key() -> str:
    """Put a new key into the ring's file, which every process then seals with; return its id.

    :raises WrongUse: the ring is not kept in a file of ours.
    """
    file = key_file()
    if not file.is_ours:
        raise WrongUse("The key ring is given from outside; put the new one where it comes from.")
    with file.alone():
        file.write(KeyRing.parse(file.read()).with_new_key().text())
    made = key_ring().current
    _record("keys.made", {"key": made})
    return made


def reseal(progress: Progress = lambda _column, _number: None) -> Resealed:
    """Seal every value with the ring's newest key; what is sealed with it already stays as it is."""
    done = Resealed(key_ring().current)
    with reading() as connection:
        known = tenants.listed(connection)
    for column in SEALED:
        for tenant in known:
            for number in _batches(column, tenant.id, done):
                done.values += number
                progress(column, number)
    if done.values:
        _record("keys.resealed", {"key": done.key_id, "values": done.values, "unopened": len(done.unopened)})
    return done


def _batches(column: SealedColumn, tenant_id: int, done: Resealed) -> Iterator[int]:
    """Yield how many values each batch sealed anew, a transaction to a batch, in the order of the keys."""
    after: tuple[Any, ...] | None = None
    while True:
        with writing() as connection:
            rows = _next(connection, column, tenant_id, done.key_id, after)
            sealed = [_resealed(column, tenant_id, row, done) for row in rows]
            changed = [row for row in sealed if row is not None]
            if changed:
                connection.execute(_update(column), changed)
        if not rows:
            return
        after = tuple(rows[-1]._mapping[part.name] for part in column.key)
        yield len(changed)


def _next(
    connection: Connection, column: SealedColumn, tenant_id: int, key_id: str, after: tuple[Any, ...] | None
) -> list[Any]:
    query = (
        select(*column.key, column.column)
        .where(*column.of(tenant_id), not_(column.sealed_with(key_id)))
        .order_by(*column.key)
        .limit(BATCH)
        .with_for_update()
    )
    if after is not None:
        query = query.where(tuple_(*column.key) > tuple_(*(bindparam(None, part) for part in after)))
    return list(connection.execute(query))


def _resealed(column: SealedColumn, tenant_id: int, row: Any, done: Resealed) -> dict[str, Any] | None:
    """Return the parameters of the row's update, None when its value does not open."""
    ring, place = key_ring(), column.place(row)
    try:
        plain = ring.unseal(tenant_id, place, row._mapping[column.name])
    except UnsealError as error:
        log.warning("a sealed value does not open", tenant_id=tenant_id, place=place, error=str(error))
        done.unopened.append(f"tenant {tenant_id}: {place}")
        return None
    changed: dict[str, Any] = {"b_tenant": tenant_id, "b_sealed": ring.seal(tenant_id, place, plain)}
    if column.digest is not None:
        changed["b_digest"] = ring.digest(tenant_id, plain)
    return changed | {f"b_{part.name}": row._mapping[part.name] for part in column.key}


def _update(column: SealedColumn) -> Any:
    where = (part == bindparam(f"b_{part.name}") for part in column.key)
    values: dict[str, Any] = {column.name: bindparam("b_sealed")}
    if column.digest is not None:
        values[column.digest] = bindparam("b_digest")
    statement = update(column.table).where(column.table.c.tenant_id == bindparam("b_tenant"), *where)
    return statement.values(values)


# --- retiring ------------------------------------------------------------------------------------------------------


def retire(key_id: str) -> None:
    """Take a key out of the ring once it is proved that no value needs it.

    What proves its links of the audit chain stays in the ring. The proof holds all writers up for a moment, so that
    none of them can be between sealing a value and storing it.

    :raises WrongUse: it is not in the ring, is the one that seals, or the ring is not kept in a file of ours.
    :raises RollcallError: values are still sealed with it.
    """
    ring, file = key_ring(), key_file()
    _check(ring, key_id)
    if not file.is_ours:
        raise WrongUse(
            f"The key ring is given from outside; nothing needs {key_id!r} once `rollcall keys list` shows no value"
            f" under it. Replace it there by: {ring.without(key_id).text().split(',')[-1]}"
        )
    with file.alone(), writing() as connection:
        _hold_writers(connection)
        needed = [use for use in usage(connection) if use.key_id == key_id]
        if needed:
            raise RollcallError(_still_needed(key_id, needed))
        file.write(KeyRing.parse(file.read()).without(key_id).text())
    key_ring()
    _record("keys.retired", {"key": key_id})


def _check(ring: KeyRing, key_id: str) -> None:
    if key_id not in ring.keys:
        raise WrongUse(f"The ring holds no key {key_id!r} (it holds: {', '.join(ring.keys)}).")
    if key_id == ring.current:
        raise WrongUse(f"{key_id!r} is the key that seals; make a new one with `rollcall keys rotate` first.")


def _still_needed(key_id: str, needed: list[Usage]) -> str:
    places = ", ".join(f"{use.values} in {use.column.table.name}.{use.column.name}" for use in needed)
    return (
        f"Values are still sealed with {key_id!r} ({places}); run `rollcall keys rotate` to seal them anew."
    )


def _hold_writers(connection: Connection) -> None:
    """Return when no other transaction can store a value that it sealed before now.

    On SQLite this transaction is the only writer. On PostgreSQL the tables of sealed values take no writes from now
    on, and what began before must end.
    """
    if is_sqlite(connection):
        return
    began = connection.scalar(text("SELECT clock_timestamp()"))
    names = sorted({column.table.name for column in SEALED})
    connection.execute(text(f"LOCK TABLE {', '.join(names)} IN SHARE ROW EXCLUSIVE MODE"))
    give_up = time.monotonic() + PATIENCE_SECONDS
    while connection.scalar(_OLDER, {"began": began}):
        if time.monotonic() > give_up:
            raise RollcallError(
                "A transaction that began before this command does not end; try again when long work is over."
            )
        time.sleep(0.1)


_OLDER = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend' AND xact_start < :began"
)


def _record(action: str, values: dict[str, Any]) -> None:
    """Write what was done to the keys into every tenant's audit chain: each has values under them."""
    with writing() as connection:
        for tenant in tenants.listed(connection):
            audit.record(connection, tenant.id, ACTOR, action, "keys", values)
