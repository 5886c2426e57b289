"""The audit chain: each deed is a row in the deed's own transaction; one sealer links the rows within a second.

A row carries a salted digest of its values beside the values, and the chain covers the digest: erasing a person's
values (and salt) leaves the chain whole. The key of the chain is outside the database.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic_core import to_json
from sqlalchemy import Connection, bindparam, func, insert, select, text, update

from app import clock
from app.access.encryption import KeyRing, key_ring
from app.access.tables import AuditRow
from app.database import is_sqlite
from app.identifiers import new_id

log = structlog.get_logger(__name__)

SEAL_BATCH = 1000
_GENESIS = "genesis"
_audit = AuditRow.__table__
_INSERT = insert(_audit)


@dataclass(frozen=True)
class ChainReport:
    """What a check of one tenant's chain found: ``findings`` is empty when every sealed row is as it was."""

    sealed: int
    unsealed: int
    findings: tuple[str, ...]


def record(
    connection: Connection, tenant_id: int, actor: str, action: str, subject: str, values: dict[str, Any]
) -> None:
    """Write one audit row in the caller's transaction; ``values`` must not hold secrets."""
    connection.execute(_INSERT, row(tenant_id, actor, action, subject, values))


def row(
    tenant_id: int, actor: str, action: str, subject: str, values: dict[str, Any], moment: str | None = None
) -> dict[str, Any]:
    """Return the columns of an unsealed audit row of a deed at ``moment`` (default: now)."""
    content = to_json(values).decode()
    salt = os.urandom(16).hex()
    return {
        "tenant_id": tenant_id,
        "id": new_id(),
        "at": moment or clock.now(),
        "actor": actor,
        "action": action,
        "subject": subject,
        "values": content,
        "salt": salt,
        "digest": _digest(salt, content),
        "seal_number": None,
        "mac": None,
    }


def _digest(salt: str, content: str) -> str:
    return hashlib.sha256(f"{salt}/{content}".encode()).hexdigest()


def forget(connection: Connection, tenant_id: int, subject: str) -> int:
    """Erase the values, with their salts, of every row about ``subject``; return how many rows there were.

    The digests stay and mean nothing without the salts: the chain goes on verifying.
    """
    where = (_audit.c.tenant_id == tenant_id, _audit.c.subject == subject)
    return connection.execute(update(_audit).where(*where).values(values=None, salt=None)).rowcount


def tenants_to_seal(connection: Connection) -> list[int]:
    """Return the tenants that have unsealed rows."""
    return list(
        connection.scalars(select(_audit.c.tenant_id).where(_audit.c.seal_number.is_(None)).distinct())
    )


_SEAL = (
    update(_audit)
    .where(_audit.c.tenant_id == bindparam("b_tenant"), _audit.c.id == bindparam("b_id"))
    .values(seal_number=bindparam("b_number"), mac=bindparam("b_mac"))
)


def seal(connection: Connection, tenant_id: int) -> int:
    """Link up to :data:`SEAL_BATCH` unsealed rows of a tenant into its chain; return how many."""
    if not is_sqlite(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:tenant, 7)"), {"tenant": tenant_id})
    number, mac = _head(connection, tenant_id)
    unsealed = connection.execute(
        select(_audit)
        .where(_audit.c.tenant_id == tenant_id, _audit.c.seal_number.is_(None))
        .order_by(_audit.c.at, _audit.c.id)
        .limit(SEAL_BATCH)
    ).all()
    ring, links = key_ring(), []
    for entry in unsealed:
        number += 1
        mac = ring.audit_mac(_message(mac, number, entry))
        links.append({"b_tenant": tenant_id, "b_id": entry.id, "b_number": number, "b_mac": mac})
    if links:
        connection.execute(_SEAL, links)
        log.info("audit chain sealed", tenant_id=tenant_id, head=number, mac=mac)
    return len(links)


@dataclass(frozen=True)
class Head:
    """Where a tenant's chain ends: number and MAC of its last link, and since when a deed waits for its own."""

    number: int
    mac: str
    waits_since: str | None


def head(connection: Connection, tenant_id: int) -> Head:
    """Return the end of a tenant's chain; of a chain without links number 0."""
    waiting = select(func.min(_audit.c.at)).where(
        _audit.c.tenant_id == tenant_id, _audit.c.seal_number.is_(None)
    )
    return Head(*_head(connection, tenant_id), connection.scalar(waiting))


def _head(connection: Connection, tenant_id: int) -> tuple[int, str]:
    found = connection.execute(
        select(_audit.c.seal_number, _audit.c.mac)
        .where(_audit.c.tenant_id == tenant_id, _audit.c.seal_number.is_not(None))
        .order_by(_audit.c.seal_number.desc())
        .limit(1)
    ).first()
    return (found.seal_number, found.mac) if found else (0, _GENESIS)


def _message(previous: str, number: int, entry: Any) -> bytes:
    parts = (
        previous,
        str(number),
        str(entry.tenant_id),
        entry.id,
        entry.at,
        entry.actor,
        entry.action,
        entry.subject,
    )
    return json.dumps([*parts, entry.digest]).encode()


def verify(connection: Connection, tenant_id: int) -> ChainReport:
    """Return what is wrong with a tenant's chain: a flipped, missing, moved or re-written row is named."""
    ring, findings, mac, number = key_ring(), [], _GENESIS, 0
    query = (
        select(_audit)
        .where(_audit.c.tenant_id == tenant_id, _audit.c.seal_number.is_not(None))
        .order_by(_audit.c.seal_number)
    )
    for entry in connection.execute(query):
        number += 1
        if entry.seal_number != number:
            findings.append(f"rows {number} to {entry.seal_number - 1} of the audit chain are missing")
            number = entry.seal_number
        elif not _mac_holds(ring, mac, number, entry):
            findings.append(f"row {number} of the audit chain ({entry.id}) or the row before it was changed")
        if entry.values is not None and _digest(entry.salt or "", entry.values) != entry.digest:
            findings.append(f"the values of row {number} of the audit chain ({entry.id}) were changed")
        mac = entry.mac
    unsealed = connection.scalar(
        select(func.count()).where(_audit.c.tenant_id == tenant_id, _audit.c.seal_number.is_(None))
    )
    return ChainReport(number, unsealed or 0, tuple(findings))


def _mac_holds(ring: KeyRing, previous: str, number: int, entry: Any) -> bool:
    key_id = entry.mac.partition(":")[0]
    if not ring.proves(key_id):
        ring = key_ring()  # a rotation may have come since the check began
    if not ring.proves(key_id):
        return False
    return hmac.compare_digest(ring.audit_mac(_message(previous, number, entry), key_id), entry.mac)
