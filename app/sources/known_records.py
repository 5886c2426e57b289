"""Source records: which employee a record is, and keyed digests of what its source said last."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from app.database import upsert
from app.sources.tables import source_record

_PRINT_DIGITS, _ROW_DIGITS = 16, 32
_BY_IDS = select(source_record).where(
    source_record.c.tenant_id == bindparam("tenant_id"),
    source_record.c.source_id == bindparam("source_id"),
    source_record.c.record_id.in_(bindparam("ids", expanding=True)),
)
_OF_EMPLOYEE = select(source_record.c.record_id).where(
    source_record.c.tenant_id == bindparam("tenant_id"),
    source_record.c.source_id == bindparam("source_id"),
    source_record.c.employee_id == bindparam("employee_id"),
    source_record.c.gone_at.is_(None),
)


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """What is known of a record from earlier imports."""

    record_id: str
    employee_id: str | None
    fingerprint: str | None = None
    prints: Mapping[str, str] = field(default_factory=dict)
    gone_at: str | None = None


@dataclass(frozen=True, slots=True)
class Printer:
    """Makes the digests of one source. They tell "changed" without telling the value (salaries are among them)."""

    key: bytes = field(repr=False)

    def of(self, value: Any, digits: int = _PRINT_DIGITS) -> str:
        """Return the digest of a mapped value."""
        plain = json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
        return hmac.digest(self.key, plain, hashlib.sha256).hex()[:digits]

    def of_row(self, values: Mapping[str, Any], work_email: str) -> str:
        """Return the digest of all that a row says, under the source's choice of work e-mail."""
        return self.of([work_email, dict(values)], _ROW_DIGITS)


def known_records(
    connection: Connection, tenant_id: int, source_id: int, ids: Sequence[str]
) -> dict[str, KnownRecord]:
    """Return record id → what is known of it, for those that are known."""
    rows = connection.execute(_BY_IDS, {"tenant_id": tenant_id, "source_id": source_id, "ids": list(ids)})
    return {
        r.record_id: KnownRecord(r.record_id, r.employee_id, r.fingerprint, r.prints, r.gone_at) for r in rows
    }


def record_of_employee(
    connection: Connection, tenant_id: int, source_id: int, employee_id: str
) -> str | None:
    """Return the record that an employee is at a source, unless it is gone there."""
    place = {"tenant_id": tenant_id, "source_id": source_id, "employee_id": employee_id}
    found: str | None = connection.scalar(_OF_EMPLOYEE, place)
    return found


def remember(
    connection: Connection, tenant_id: int, source_id: int, record: KnownRecord, run_id: int
) -> None:
    """Store what a row said about a record, and whose it is; a gone record of the same employee lets go."""
    columns = source_record.c
    others = (
        columns.tenant_id == tenant_id,
        columns.source_id == source_id,
        columns.employee_id == record.employee_id,
        columns.record_id != record.record_id,
    )
    connection.execute(update(source_record).where(*others).values(employee_id=None))
    said = {
        "employee_id": record.employee_id,
        "fingerprint": record.fingerprint,
        "prints": dict(record.prints),
        "last_seen_run": run_id,
        "gone_at": record.gone_at,
    }
    row = {"tenant_id": tenant_id, "source_id": source_id, "record_id": record.record_id, **said}
    statement = upsert(connection, source_record).values(row)
    key = ["tenant_id", "source_id", "record_id"]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=said))


def mark_seen(
    connection: Connection, tenant_id: int, source_id: int, ids: Sequence[str], run_id: int
) -> None:
    """Note that records were in a run unchanged; a record that was gone is back."""
    columns = source_record.c
    where = (columns.tenant_id == tenant_id, columns.source_id == source_id, columns.record_id.in_(list(ids)))
    connection.execute(update(source_record).where(*where).values(last_seen_run=run_id, gone_at=None))
