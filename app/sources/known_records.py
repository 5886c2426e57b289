"""Source records: which employee a record is, and keyed digests of what its source said last."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.database import one_of
from app.prepared import Prepared
from app.sources.tables import source_record

_PRINT_DIGITS, _ROW_DIGITS = 16, 32
#: One encoder for all: ``json.dumps`` makes a new one for each of the many small values.
_as_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
_BY_IDS = select(source_record).where(
    source_record.c.tenant_id == bindparam("tenant_id"),
    source_record.c.source_id == bindparam("source_id"),
    one_of(source_record.c.record_id, "ids"),
)
_OF_EMPLOYEE = select(source_record.c.record_id).where(
    source_record.c.tenant_id == bindparam("tenant_id"),
    source_record.c.source_id == bindparam("source_id"),
    source_record.c.employee_id == bindparam("employee_id"),
    source_record.c.gone_at.is_(None),
)
#: A gone record of the same employee lets go. It is worked on again when it comes back, as it was or not.
_LET_GO = Prepared(
    update(source_record)
    .where(
        source_record.c.tenant_id == bindparam("b_tenant"),
        source_record.c.source_id == bindparam("b_source"),
        source_record.c.employee_id == bindparam("b_employee"),
        source_record.c.record_id != bindparam("b_record"),
    )
    .values(employee_id=None, fingerprint=None, prints={})
)
_KEY = ("tenant_id", "source_id", "record_id")
_DIALECTS: Mapping[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}


def _remembering(dialect: str) -> Any:
    names = [column.name for column in source_record.c]
    statement = _DIALECTS[dialect].insert(source_record).values({name: bindparam(name) for name in names})
    said = {name: statement.excluded[name] for name in names if name not in _KEY}
    return statement.on_conflict_do_update(index_elements=list(_KEY), set_=said)


#: Once for every record that is new or has changed.
_REMEMBER = Prepared(_remembering)


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """What is known of a record from earlier imports."""

    record_id: str
    employee_id: str | None
    fingerprint: str | None = None
    prints: Mapping[str, str] = field(default_factory=dict)
    gone_at: str | None = None
    #: The run that said something of it last; 0 as long as none did.
    last_seen_run: int = 0

    def is_newer_than(self, run_id: int) -> bool:
        """Whether a later run has read the record, and taken it whole: what this one has of it is old."""
        return self.last_seen_run > run_id and self.fingerprint is not None


@dataclass(frozen=True, slots=True)
class Printer:
    """Makes the digests of one source. They tell "changed" without telling the value (salaries are among them)."""

    key: bytes = field(repr=False)

    def of(self, value: Any, digits: int = _PRINT_DIGITS) -> str:
        """Return the digest of a mapped value."""
        return hmac.digest(self.key, _as_json(value).encode(), hashlib.sha256).hex()[:digits]

    def of_row(self, values: Mapping[str, Any], work_email: str) -> str:
        """Return the digest of all that a row says, under the source's choice of work e-mail."""
        return self.of([work_email, dict(values)], _ROW_DIGITS)


def is_newer_than(run_id: int) -> ColumnElement[bool]:
    """Return the condition of :meth:`KnownRecord.is_newer_than`."""
    columns = source_record.c
    return and_(columns.last_seen_run > run_id, columns.fingerprint.is_not(None))


def known_records(
    connection: Connection, tenant_id: int, source_id: int, ids: Sequence[str]
) -> dict[str, KnownRecord]:
    """Return record id → what is known of it, for those that are known."""
    rows = connection.execute(_BY_IDS, {"tenant_id": tenant_id, "source_id": source_id, "ids": list(ids)})
    return {
        r.record_id: KnownRecord(
            r.record_id, r.employee_id, r.fingerprint, r.prints, r.gone_at, r.last_seen_run
        )
        for r in rows
    }


def record_of_employee(
    connection: Connection, tenant_id: int, source_id: int, employee_id: str
) -> str | None:
    """Return the record that an employee is at a source, unless it is gone there."""
    place = {"tenant_id": tenant_id, "source_id": source_id, "employee_id": employee_id}
    found: str | None = connection.scalar(_OF_EMPLOYEE, place)
    return found


def remember(
    connection: Connection,
    tenant_id: int,
    source_id: int,
    record: KnownRecord,
    run_id: int,
    *,
    is_new: bool = False,
) -> None:
    """Store what a row said about a record, and whose it is; a gone record of the same employee lets go.

    With ``is_new`` the employee was added just now, and is no other record.
    """
    row = {
        "tenant_id": tenant_id,
        "source_id": source_id,
        "record_id": record.record_id,
        "employee_id": record.employee_id,
        "fingerprint": record.fingerprint,
        "prints": dict(record.prints),
        "last_seen_run": run_id,
        "gone_at": record.gone_at,
    }
    if record.employee_id is not None and not is_new:
        place = {"b_tenant": tenant_id, "b_source": source_id, "b_record": record.record_id}
        _LET_GO.run(connection, place | {"b_employee": record.employee_id})
    _REMEMBER.run(connection, row)


def mark_seen(
    connection: Connection, tenant_id: int, source_id: int, ids: Sequence[str], run_id: int
) -> None:
    """Note that records were in a run unchanged; a record that was gone is back."""
    columns = source_record.c
    where = (columns.tenant_id == tenant_id, columns.source_id == source_id, one_of(columns.record_id, ids))
    connection.execute(update(source_record).where(*where).values(last_seen_run=run_id, gone_at=None))
